import { defineProgram, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { binning, placing, resolving } from './binning.wgsl.js';
import { tileSize } from './coverage.wgsl.js';
import { sharedBy, sharers } from './eachTriangle.wgsl.js';
import type { Frame } from './frame.js';
import { visibleTriangles } from './visibilityReference.js';

/** Entries, of 32 bytes, that there is room for before it is known how many there are: 64 MiB at most. */
const mostEntriesAtFirst = 2 ** 21;

/**
 * The visible triangle of every pixel: count, place, fill and resolve. Triangles are binned to tiles of 8 x 8 pixels with the
 * mask of pixels that they cover; then each pixel looks through its tile's entries for the nearest.
 */
const visibilityProgram = defineProgram({
  name: 'visibility',
  inputs: { clip: 'vec4f[N]', triangles: 'i32[F, 3]', parts: 'u32[B, 2]', previous: 'i32[P]' },
  options: {
    ...({ frames: 'u32', width: 'u32', height: 'u32', vertices: 'u32', stride: 'u32' } as const),
    ...({ tileColumns: 'u32', tileRows: 'u32' } as const),
    // three is 3, unknown to the compiler, so that loops over corners stay loops
    ...({ fill: 'u32', shared_by: 'u32', sharers: 'u32', three: 'u32' } as const),
    // most triangles of an image; whether what lies behind `previous` is sought
    ...({ largestPart: 'u32', peel: 'u32' } as const),
  },
  capacity: {
    initial: (_, { frames, largestPart, tileColumns, tileRows }) =>
      Math.min(frames * (largestPart + 4 * tileColumns * tileRows), mostEntriesAtFirst),
    needed: 'needed',
  },
  outputs: (_, { frames, height, width }) => ({
    ids: { dtype: 'i32', shape: [frames, height, width] },
    needed: { dtype: 'u32', shape: [1], atomic: true },
  }),
  scratch: ({ capacity }, { frames, largestPart, tileColumns, tileRows }) => ({
    counts: { element: 'atomic<u32>', length: frames * tileColumns * tileRows, zero: true },
    ranges: { element: 'vec2u', length: frames * tileColumns * tileRows },
    entries: { element: 'vec4u', length: 2 * capacity },
    large: { element: 'u32', length: frames * largestPart },
    largeCount: { element: 'atomic<u32>', length: 1, zero: true },
  }),
  dispatches: (_, { frames, largestPart, tileColumns, tileRows }) => {
    const tiles = frames * tileColumns * tileRows;
    const bin = (fill: number) => [
      { label: 'visibility: bins', items: frames * largestPart, code: binning, options: { fill, shared_by: 1 } },
      { label: 'visibility: bins', items: sharers, code: binning, options: { fill, shared_by: sharedBy } },
    ];
    return [
      ...bin(0),
      { label: 'visibility: places', items: tiles, code: placing },
      ...bin(1),
      { label: 'visibility: pixels', items: tiles * tileSize ** 2, code: resolving },
    ];
  },
  reference: ({ clip, triangles, parts, previous }, options) => ({
    ids: visibleTriangles(
      { clip: clip.data, triangles: triangles.data, parts: parts.data },
      options,
      options.peel === 1 ? previous.data : undefined,
    ),
    needed: [0],
  }),
});

/** What is drawn where. */
export interface Drawing {
  /** [frames * vertices, 4], or [vertices, 4] that all images share (stride 0). */
  readonly clip: Tensor;
  /** [F, 3] int32 */
  readonly triangles: Tensor;
  /** The triangles of each image: first and count. */
  readonly parts: readonly (readonly [first: number, count: number])[];
  /** [frames, height, width] int32: only triangles that come behind these are sought, where there is one. */
  readonly previous?: Tensor;
}

/**
 * Numbers of the visible triangles, [frames, height, width] int32, -1 where there is none. Carries no gradient.
 */
export function visibility({ clip, triangles, parts, previous }: Drawing, frame: Frame): Tensor {
  const options = {
    ...frame,
    tileColumns: Math.ceil(frame.width / tileSize),
    tileRows: Math.ceil(frame.height / tileSize),
    ...{ fill: 0, shared_by: 1, sharers, three: 3 },
    largestPart: Math.max(...parts.map(([, count]) => count)),
    peel: previous ? 1 : 0,
  };
  const given = {
    ...{ clip: clip.detach(), triangles },
    parts: tensor(Uint32Array.from(parts.flat()), [parts.length, 2]),
    previous: previous ? previous.flatten() : tensor(Int32Array.of(-1)),
  };
  return visibilityProgram(given, options).ids;
}
