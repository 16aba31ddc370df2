import type { AdapterProfile } from '../../device/profile.js';
import { sizeOf } from '../../shape.js';
import { DIRECT_TILE } from './direct.wgsl.js';
import type { MatmulSpec } from './spec.js';
import type { TileShape } from './tiled.wgsl.js';

/** Adapter facts that the choice of a variant uses. */
export type MatmulProfile = Pick<AdapterProfile, 'kind' | 'subgroups' | 'tuning'> & {
  /** Smallest subgroup of the adapter; 4 is assumed where it is not known. */
  readonly subgroupMinSize?: number;
};

/** The kernel family and tile for a product; `splits` parts of K are summed separately and then combined. */
export interface MatmulVariant {
  readonly family: 'direct' | 'tiled' | 'thin' | 'slide';
  readonly tile: TileShape;
  readonly splits: number;
}

const SQUARE: TileShape = { rows: 64, cols: 64, depth: 16 };
const WIDE: TileShape = { rows: 16, cols: 256, depth: 8 };
const TALL: TileShape = { rows: 256, cols: 16, depth: 8 };
const FEW_COLUMNS: TileShape = { rows: 1, cols: 4, depth: 1 };
const MANY_COLUMNS: TileShape = { rows: 1, cols: 8, depth: 1 };
/** Single rows of so many batch entries are better computed row by row than in tiles that are nearly empty. */
const MANY_ROWS = 16;
const SHORTEST_SPLIT = 512;
/** Shortest part of K that autotune tries. */
const SHORTEST_TRIED = 128;

function tiledShape({ M, N }: MatmulSpec): TileShape {
  if (M <= 16 && N > 16) return WIDE;
  return N <= 16 && M > 16 ? TALL : SQUARE;
}

/**
 * Picks the variant.
 *
 * Software adapters take the register-blocked kernel. lavapipe on 2 cores shared with other work, ms min / median and
 * GFLOP/s from the minimum; raw is the best of the hand-written kernels that it was compared with in the same hour:
 *
 * | M x K x N | ms | GFLOP/s | raw ms |
 * | --- | --- | --- | --- |
 * | 512 x 512 x 512 | 4.7 / 9.4 | 57 | 38 / 48 |
 * | 1024 x 1024 x 1024; b transposed; a transposed | 64 / 86; 71 / 95; 74 / 88 | 33; 30; 29 | 305 / 340 |
 * | 16 x (128 x 128 x 128) | 1.5 / 2.8 | 45 | 10 / 14 |
 * | 128 x 256 x 512; 128 x 512 x 512 | 1.2 / 1.3; 2.2 / 2.3 | 28; 30 | |
 * | 128 x 512 x 10 (scalar loads, 22 of 32 columns idle) | 0.22 / 0.23 | 6 | |
 * | weight gradients 256 x 128 x 512; 512 x 128 x 512 | 1.6 / 1.6; 1.6 / 2.2 | 22; 41 | |
 * | input gradients 128 x 512 x 256; 128 x 512 x 512 | 1.2 / 1.3; 1.5 / 2.6 | 27; 44 | |
 * | 8 x 9216 x 2048 | 16 / 25 | 19 | |
 * | windows: 64 channels, 56 x 56, 3 x 3; 4 x 32 x 32; 1 x 1 from 256 | 6.8; 17; 4.0 | 34; 17; 26 | |
 * | windows that slide: depthwise 96 x 112 x 112, 3 x 3, zeros around them | 3.9 / 8.4 | 5.6 | |
 *
 * Sharing within quads instead of 8 lanes costs 10 to 25 %; the shared-memory kernel takes 71 / 89 ms for 512^3. The
 * first dispatch costs 240 to 400 ms (compilation) per combination of accesses, batch rank and store.
 *
 * Hardware takes the shared-memory kernel, with a flat tile where M or N is small (matrix-vector products); so does a
 * software adapter without subgroups. K is split where the tiles alone would leave the machine idle: 16 workgroups
 * keep two cores busy, a GPU wants some hundreds.
 */
export function chooseMatmul(spec: MatmulSpec, profile: MatmulProfile): MatmulVariant {
  const usual = usualMatmul(spec, profile);
  if (!profile.tuning) return usual;
  const variants = new Map(variantsOf(spec, profile, usual).map((v) => [nameOf(v), v]));
  return variants.get(profile.tuning.choose(subjectOf(spec), [...variants.keys()], nameOf(usual))) ?? usual;
}

const nameOf = ({ family, tile, splits }: MatmulVariant): string =>
  `${family} ${tile.rows} x ${tile.cols} x ${tile.depth}, ${splits} parts`;

/** What a product is measured by: its sizes, and how its operands lie in memory. */
function subjectOf({ batch, M, K, N, a, b, epilogue }: MatmulSpec): string {
  const nest = b.nest ? [...b.nest.rows, ...b.nest.cols].map((loop) => `${loop.size}:${loop.stride}`).join() : '';
  const windows = b.windows ? JSON.stringify(b.windows) : '';
  const operands = [a, b].map((o) => `${o.dtype}${o.strides[1] === 1 ? ' down' : ''}`).join(', ');
  return `matmul ${[...batch, ''].join(' ')}${M} x ${K} x ${N} ${operands} ${nest}${windows}${epilogue ? ' +' : ''}`;
}

/** All variants that compute a product, the usual one among them. */
function variantsOf(spec: MatmulSpec, profile: MatmulProfile, usual: MatmulVariant): MatmulVariant[] {
  if (usual.family === 'slide') return [FEW_COLUMNS, MANY_COLUMNS].map((tile) => ({ ...usual, tile }));
  const shapes: Pick<MatmulVariant, 'family' | 'tile'>[] = [];
  if (profile.subgroups) shapes.push({ family: 'direct', tile: DIRECT_TILE });
  for (const tile of [SQUARE, WIDE, TALL]) shapes.push({ family: 'tiled', tile });
  if (spec.M === 1) for (const tile of [FEW_COLUMNS, MANY_COLUMNS]) shapes.push({ family: 'thin', tile });
  const most = Math.max(usual.splits, Math.floor(spec.K / SHORTEST_TRIED));
  const splits = [...new Set([1, usual.splits, 2 * usual.splits, 4 * usual.splits])].filter((n) => n <= most);
  return shapes.flatMap((shape) => splits.map((n) => ({ ...shape, splits: n })));
}

function usualMatmul(spec: MatmulSpec, profile: MatmulProfile): MatmulVariant {
  const { family, tile } = familyOf(spec, profile);
  if (family === 'slide') return { family, tile, splits: 1 };
  const invocations = family === 'thin' ? 64 : 1; // of a tile, in one workgroup
  const tiles = (sizeOf(spec.batch) * Math.ceil(spec.M / tile.rows) * Math.ceil(spec.N / tile.cols)) / invocations;
  const wanted = Math.ceil((profile.kind === 'software' ? 16 : 384) / Math.max(1, tiles));
  const splits = Math.max(1, Math.min(wanted, Math.floor(spec.K / SHORTEST_SPLIT)));
  return { family, tile, splits };
}

/**
 * Windows that slide have a kernel of their own: 17 ms of CPU time for 96 channels of 112 x 112 under 3 x 3 kernels with
 * zeros around them, where storing those and computing row by row takes 30. Other windows of a single row per batch
 * entry are computed row by row: depthwise convolutions with large kernels. An invocation of a software
 * adapter computes 8 columns: 22 ms of CPU time for the same channels without zeros, 27 with 4, and 16 are no
 * faster but take 450 instead of 290 ms to compile. Real GPUs want neighbours close by.
 */
function familyOf(spec: MatmulSpec, profile: MatmulProfile): Pick<MatmulVariant, 'family' | 'tile'> {
  if (spec.b.windows) {
    return { family: 'slide', tile: profile.kind === 'software' ? MANY_COLUMNS : FEW_COLUMNS };
  }
  if (spec.M === 1 && (spec.b.nest || sizeOf(spec.batch) >= MANY_ROWS)) {
    return { family: 'thin', tile: profile.kind === 'software' && spec.N >= 64 ? MANY_COLUMNS : FEW_COLUMNS };
  }
  const direct = profile.kind === 'software' && profile.subgroups;
  return direct ? { family: 'direct', tile: DIRECT_TILE } : { family: 'tiled', tile: tiledShape(spec) };
}

/** Columns of the tiles that a product would be computed in. */
export const tileColumns = (spec: MatmulSpec, profile: MatmulProfile): number => familyOf(spec, profile).tile.cols;
