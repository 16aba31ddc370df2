import type { AdapterProfile } from '../../device/profile.js';
import { sizeOf } from '../../shape.js';
import { DIRECT_TILE } from './direct.wgsl.js';
import type { MatmulSpec } from './spec.js';
import type { TileShape } from './tiled.wgsl.js';

/** Adapter facts that the choice of a variant uses. */
export type MatmulProfile = Pick<AdapterProfile, 'kind' | 'subgroups'> & {
  /** Smallest subgroup of the adapter; 4 is assumed where it is not known. */
  readonly subgroupMinSize?: number;
};

/** The kernel family and tile for a product; `splits` parts of K are summed separately and then combined. */
export interface MatmulVariant {
  readonly family: 'direct' | 'tiled';
  readonly tile: TileShape;
  readonly splits: number;
}

const SQUARE: TileShape = { rows: 64, cols: 64, depth: 16 };
const WIDE: TileShape = { rows: 16, cols: 256, depth: 8 };
const TALL: TileShape = { rows: 256, cols: 16, depth: 8 };
const SHORTEST_SPLIT = 512;

function tiledShape({ M, N }: MatmulSpec): TileShape {
  if (M <= 16 && N > 16) return WIDE;
  return N <= 16 && M > 16 ? TALL : SQUARE;
}

/**
 * Picks the variant.
 *
 * Software adapters take the register-blocked kernel. MEASURED
 *
 * Hardware takes the shared-memory kernel, with a flat tile where M or N is small (matrix-vector products); so does a
 * software adapter without subgroups. K is split where the tiles alone would leave the machine idle: 16 workgroups
 * keep two cores busy, a GPU wants some hundreds.
 */
export function chooseMatmul(spec: MatmulSpec, profile: MatmulProfile): MatmulVariant {
  const direct = profile.kind === 'software' && profile.subgroups;
  const tile = direct ? DIRECT_TILE : tiledShape(spec);
  const tiles = sizeOf(spec.batch) * Math.ceil(spec.M / tile.rows) * Math.ceil(spec.N / tile.cols);
  const wanted = Math.ceil((profile.kind === 'software' ? 16 : 384) / Math.max(1, tiles));
  const splits = Math.max(1, Math.min(wanted, Math.floor(spec.K / SHORTEST_SPLIT)));
  return { family: direct ? 'direct' : 'tiled', tile, splits };
}
