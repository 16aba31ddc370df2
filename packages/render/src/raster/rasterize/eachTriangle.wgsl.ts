import { wgsl } from '../../engine.js';

/** Triangles whose box holds more tiles than this are shared among invocations. */
export const mostTilesAlone = 64;

/** Invocations that share the large triangles, and how many of them take one together. */
export const sharers = 2 ** 14;
export const sharedBy = 64;

/**
 * Calls `bin(k, lane)` for all triangles of all images: with shared_by = 1 for each, by one invocation; else for those on the
 * list of large ones, by as many invocations. Images have `largestPart` triangles at most.
 */
export const eachTriangle = wgsl`
fn item(i: u32) {
  let count = select(frames * largestPart, atomicLoad(&largeCount[0]), shared_by > 1u);
  let step = select(count, sharers / shared_by, shared_by > 1u);
  for (var k = i / shared_by; k < count; k += step) {
    var triangle = k;
    if (shared_by > 1u) { triangle = large[k]; }
    bin(triangle, i % shared_by);
  }
}`;
