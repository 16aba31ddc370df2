import type { Tensor } from '../../engine.js';
import { tileSize } from '../rasterize/coverage.wgsl.js';
import { placing } from '../rasterize/binning.wgsl.js';
import { sharedBy, sharers } from '../rasterize/eachTriangle.wgsl.js';
import { binning } from './tiles.wgsl.js';

/** Logit from which on a triangle takes part in a pixel: a share of 6e-8, the rounding of a sum near 1. */
export const leastLogit = -24 * Math.LN2;

/** Entries, of 16 bytes, that there is room for before it is known how many there are: 32 MiB at most. */
const mostEntriesAtFirst = 2 ** 21;

/** What the programs are told; see `listOptions`. */
export const options = {
  ...({ frames: 'u32', width: 'u32', height: 'u32', vertices: 'u32', attributeRows: 'u32' } as const),
  ...({ tileColumns: 'u32', tileRows: 'u32', largestPart: 'u32' } as const),
  ...({ fill: 'u32', shared_by: 'u32', sharers: 'u32', three: 'u32' } as const),
  ...({ sigma: 'f32', gamma: 'f32', reach: 'f32' } as const),
};
export type SoftOptions = Readonly<Record<keyof typeof options, number>>;

/** What is drawn: `attributeRows` is the number of rows that each image has of its own, 0 where all share them. */
export type SoftSizes = Readonly<
  Record<'frames' | 'width' | 'height' | 'vertices' | 'attributeRows' | 'faces' | 'sigma' | 'gamma', number>
>;

/** Tensors of a drawing: clip [N, 4], triangles [F, 3] int32, attributes [A, C]. */
export type SoftInputs = Readonly<Record<'clip' | 'triangles' | 'attributes', Tensor>>;

export const inputs = { clip: 'vec4f[N]', triangles: 'i32[F, 3]', attributes: 'f32[A, C]' } as const;

export function listOptions({ faces, ...sizes }: SoftSizes): SoftOptions {
  return {
    ...sizes,
    tileColumns: Math.ceil(sizes.width / tileSize),
    tileRows: Math.ceil(sizes.height / tileSize),
    largestPart: faces,
    ...{ fill: 0, shared_by: 1, sharers, three: 3 },
    reach: sizes.sigma * Math.sqrt(-leastLogit),
  };
}

export const tilesOf = ({ frames, tileColumns, tileRows }: SoftOptions): number => frames * tileColumns * tileRows;

/** Room for the entries of all tiles. */
export const capacity = {
  initial: (_: unknown, opts: SoftOptions): number =>
    Math.min(4 * opts.frames * opts.largestPart + 8 * tilesOf(opts), mostEntriesAtFirst),
  needed: 'needed' as const,
};
export const needed = { dtype: 'u32', shape: [1], atomic: true } as const;

/** Memory of the lists of triangles near each tile: `entries` at `ranges`. */
export const scratch = ({ capacity: room }: Readonly<Record<string, number>>, opts: SoftOptions) => ({
  counts: { element: 'atomic<u32>', length: tilesOf(opts), zero: true },
  ranges: { element: 'vec2u', length: tilesOf(opts) },
  entries: { element: 'vec4u', length: room },
  large: { element: 'u32', length: opts.frames * opts.largestPart },
  largeCount: { element: 'atomic<u32>', length: 1, zero: true },
});

/** The kernels that fill the lists. */
export function listDispatches(opts: SoftOptions) {
  const bin = (fill: number) => [
    { items: opts.frames * opts.largestPart, code: binning, options: { fill, shared_by: 1 } },
    { items: sharers, code: binning, options: { fill, shared_by: sharedBy } },
  ];
  const labelled = [...bin(0), { items: tilesOf(opts), code: placing }, ...bin(1)];
  return labelled.map((dispatch) => ({ label: 'softRasterize: lists', ...dispatch }));
}
