import { concat, elementwise, noGrad, parse, stack, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { buildBvhOnGpu } from './gpu/build.js';
import { recordRows, rowWords } from './layout.js';
import { rowsOfBits } from './rowsOfBits.js';

/** A tree that is planted several times. */
export interface ForestPart {
  /** [B, 4] uint32 from `bvhOf`: the tree of `positions`. */
  readonly tree: Tensor;
  /** [V, 3] */
  readonly positions: Tensor;
  /** [N, 3, 4] where it is: rows of linear part and translation. */
  readonly transforms: Tensor;
  /** Number of its first triangle in the joined list, and how many it has. */
  readonly firstTriangle: number;
  readonly triangleCount: number;
}

const { functions } = parse(`
  // what is not finite is not in the box: such triangles are never hit
  fn finiteOr(p: f32, other: f32) -> f32 { return select(other, p, abs(p) < 1e12); }

  // Lower (side -1) or upper (+1) side of a box that a row of a transform takes to the world, with room for rounding.
  fn boxSide(row: vec4f, low: vec3f, high: vec3f, side: f32) -> f32 {
    let c = 0.5 * (low + high);
    let extent = dot(abs(row.xyz), 0.5 * (high - low));
    let slack = 4e-6 * (extent + dot(abs(row.xyz), abs(c)) + abs(row.w));
    return dot(row.xyz, c) + row.w + side * (extent + slack);
  }

  // The row of the inverse of a transform's linear part that belongs to an axis, and the translation along that axis.
  fn inverseRow(a: vec4f, b: vec4f, c: vec4f, axis: vec3f) -> vec4f {
    let p = cross(b.xyz, c.xyz);
    let row = vec3f(dot(p, axis), dot(cross(c.xyz, a.xyz), axis), dot(cross(a.xyz, b.xyz), axis)) / dot(a.xyz, p);
    return vec4f(row, dot(vec3f(a.w, b.w, c.w), axis));
  }
`);
const get = (name: string) => functions.get(name)!;

/**
 * Trees of meshes and, above them, a tree over the boxes of all their instances: what `closestHitOfForest` walks. The tree
 * above is built anew on the GPU each time; a mesh that stands in a thousand places is there once. Detached.
 *
 * @param parts instances are counted through them in order.
 * @returns `bvh` [B, 4] uint32, see layout.ts, and `forestAt`, the first row of its records.
 */
export function forestOf(parts: readonly ForestPart[]): { bvh: Tensor; forestAt: number } {
  return noGrad(() => {
    const boxes = parts.map(({ positions, transforms }) => {
      const low = elementwise(get('finiteOr'), positions, 1e30).min(0);
      const high = elementwise(get('finiteOr'), positions, -1e30).max(0);
      return stack(
        [-1, 1].map((side) => elementwise(get('boxSide'), transforms, low, high, side)),
        1,
      ).reshape([-1, 3]);
    });
    const inverses = parts.map(({ transforms }) => {
      const rows = [0, 1, 2].map((k) => transforms.narrow(1, k, 1));
      return elementwise(get('inverseRow'), ...rows, tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]));
    });
    const counts = parts.map(({ transforms }) => transforms.shape[0]);
    const count = counts.reduce((a, b) => a + b, 0);
    const corners = Uint32Array.from({ length: 3 * count }, (_, i) => 2 * Math.floor(i / 3) + (i % 3 === 1 ? 1 : 0));
    const above = buildBvhOnGpu(concat(boxes), tensor(corners, [count, 3]));

    const forestAt = above.shape[0];
    let root = forestAt + recordRows * count;
    const places = parts.flatMap(({ tree, firstTriangle, triangleCount }, k) => {
      const place = [root, firstTriangle, triangleCount, 0];
      root += tree.shape[0];
      return Array.from({ length: counts[k] }, () => place);
    });
    const records = concat(
      [
        rowsOfBits([concat(inverses)]).reshape([count, recordRows - 1, rowWords]),
        tensor(Uint32Array.from(places.flat()), [count, 1, rowWords]),
      ],
      1,
    ).reshape([-1, rowWords]);
    return { bvh: concat([above, records, ...parts.map((p) => p.tree)]), forestAt };
  });
}
