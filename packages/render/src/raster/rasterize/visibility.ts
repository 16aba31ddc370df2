import { defineProgram } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { binning, placing, resolving } from './binning.wgsl.js';
import { tileSize } from './coverage.wgsl.js';
import type { Frame } from './frame.js';
import { visibleTriangles } from './visibilityReference.js';

/** Entries, of 32 bytes, that there is room for before it is known how many there are: 64 MiB at most. */
const mostEntriesAtFirst = 2 ** 21;

/** Invocations that share the large triangles, and how many of them take one together. */
const sharers = 2 ** 14;
const sharedBy = 64;

/**
 * The visible triangle of every pixel: count, place, fill and resolve. Triangles are binned to tiles of 8 x 8 pixels with the
 * mask of pixels that they cover; then each pixel looks through its tile's entries for the nearest.
 */
const visibilityProgram = defineProgram({
  name: 'visibility',
  inputs: { clip: 'vec4f[N]', triangles: 'i32[F, 3]' },
  options: {
    ...({ frames: 'u32', width: 'u32', height: 'u32', vertices: 'u32' } as const),
    ...({ tileColumns: 'u32', tileRows: 'u32' } as const),
    // three is 3, unknown to the compiler, so that loops over corners stay loops
    ...({ fill: 'u32', shared_by: 'u32', sharers: 'u32', three: 'u32' } as const),
  },
  capacity: {
    initial: ({ F }, { frames, tileColumns, tileRows }) =>
      Math.min(frames * (F + 4 * tileColumns * tileRows), mostEntriesAtFirst),
    needed: 'needed',
  },
  outputs: (_, { frames, height, width }) => ({
    ids: { dtype: 'i32', shape: [frames, height, width] },
    needed: { dtype: 'u32', shape: [1], atomic: true },
  }),
  scratch: ({ F, capacity }, { frames, tileColumns, tileRows }) => ({
    counts: { element: 'atomic<u32>', length: frames * tileColumns * tileRows, zero: true },
    ranges: { element: 'vec2u', length: frames * tileColumns * tileRows },
    entries: { element: 'vec4u', length: 2 * capacity },
    large: { element: 'u32', length: frames * F },
    largeCount: { element: 'atomic<u32>', length: 1, zero: true },
  }),
  dispatches: ({ F }, { frames, tileColumns, tileRows }) => {
    const tiles = frames * tileColumns * tileRows;
    const bin = (fill: number) => [
      { label: 'visibility: bins', items: frames * F, code: binning, options: { fill, shared_by: 1 } },
      { label: 'visibility: bins', items: sharers, code: binning, options: { fill, shared_by: sharedBy } },
    ];
    return [
      ...bin(0),
      { label: 'visibility: places', items: tiles, code: placing },
      ...bin(1),
      { label: 'visibility: pixels', items: tiles * tileSize ** 2, code: resolving },
    ];
  },
  reference: ({ clip, triangles }, options) => ({
    ids: visibleTriangles(clip.data, triangles.data, options),
    needed: [0],
  }),
});

/**
 * Numbers of the visible triangles, [frames, height, width] int32, -1 where there is none. Carries no gradient.
 * @param clip [frames * vertices, 4]
 * @param triangles [F, 3] int32
 */
export function visibility(clip: Tensor, triangles: Tensor, frame: Frame): Tensor {
  const options = {
    ...frame,
    tileColumns: Math.ceil(frame.width / tileSize),
    tileRows: Math.ceil(frame.height / tileSize),
    ...{ fill: 0, shared_by: 1, sharers, three: 3 },
  };
  return visibilityProgram({ clip: clip.detach(), triangles }, options).ids;
}
