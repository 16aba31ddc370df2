import { ShapeError, parse, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Shape } from '../geometry/index.js';
import { bvhOf, forestOf } from './bvh/index.js';
import { fittedTree, joinTopology } from './geometry.js';
import type { JoinedTopology, Part } from './geometry.js';
import { unitOr } from './primary.js';

/**
 * A shape that stands in several places. Its mesh is stored and has a tree once; every place costs a hundred bytes or so.
 * Light, shadows and gradients are those of as many shapes whose vertices were moved, to rounding.
 */
export interface Instances {
  readonly shape: Shape;
  /**
   * [N, 3, 4] or [N, 4, 4] float32: affine transforms that take the mesh to the world, rows of the linear part and of the
   * translation. Of 4 x 4 matrices the last row counts as (0, 0, 0, 1). Scales and mirrors are welcome; where the linear part
   * has no inverse nothing is seen. Differentiable.
   */
  readonly transforms: Tensor;
}

/** [N, 3, 4] */
export function transformRows({ transforms }: Instances): Tensor {
  const { shape } = transforms;
  if (transforms.rank !== 3 || shape[2] !== 4 || (shape[1] !== 3 && shape[1] !== 4) || transforms.dtype !== 'float32') {
    throw new ShapeError(
      `pathTrace: transforms of instances must be float32 [N, 3, 4] or [N, 4, 4], got ${transforms.dtype} [${shape.join(', ')}]`,
    );
  }
  return transforms.narrow(1, 0, 3);
}

/** Where shapes stand that are no instances: [1, 3, 4]. */
export const inPlace = (): Tensor => tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], [1, 3, 4]);

/** Which numbers of triangles belong to which instance; see `SceneLayout`. */
interface Planting {
  readonly tree: Tensor;
  readonly forestAt: number;
  readonly instanceShift: number;
  readonly instanceCount: number;
}

/**
 * The tree over a scene's triangles; where there are instances, the forest of the single parts, as instance 0, and of
 * all instances.
 * @param joined all parts, single ones first; positions: all theirs.
 */
export function plantedTrees(
  single: readonly Part[],
  copied: readonly Instances[],
  joined: JoinedTopology,
  positions: Tensor,
): Planting {
  if (copied.length === 0) {
    return { tree: fittedTree(joined, positions), forestAt: 0, instanceShift: 0, instanceCount: 0 };
  }
  const alone = joinTopology(single);
  const theirs = positions.narrow(0, 0, joined.firstVertex[single.length]);
  const { bvh, forestAt } = forestOf([
    {
      ...{ tree: fittedTree(alone, theirs), positions: theirs, transforms: inPlace() },
      ...{ firstTriangle: 0, triangleCount: alone.triangleCount },
    },
    ...copied.map((instances, k) => ({
      ...{ tree: bvhOf(instances.shape.mesh), positions: instances.shape.mesh.positions },
      transforms: transformRows(instances),
      firstTriangle: joined.firstTriangle[single.length + k],
      triangleCount: instances.shape.mesh.topology.triangleCount,
    })),
  ]);
  const instanceCount = copied.reduce((sum, { transforms }) => sum + transforms.shape[0], 1);
  const instanceShift = Math.ceil(Math.log2(joined.triangleCount));
  if (instanceCount * 2 ** instanceShift >= 2 ** 32) {
    throw new ShapeError(
      `pathTrace: ${instanceCount} instances are too many for meshes of ${joined.triangleCount} triangles; ` +
        `their product, the triangles rounded up to a power of two, must be below 2^32`,
    );
  }
  return { tree: bvh, forestAt, instanceShift, instanceCount };
}

const { functions } = parse(
  `
  // A triangle's number is that in the joined list, and above bit number shift that of the instance.
  fn numberOf(triangle: u32, shift: u32) -> u32 { return triangle & ((u32(1) << shift) - 1); }
  fn rowsOfInstance(triangle: u32, shift: u32, transformsAt: u32) -> vec4u {
    return transformsAt + 12 * (triangle >> shift) + vec4u(0, 4, 8, 0);
  }
  // Places, normals and tangents of a mesh in the world, by the rows of its transform.
  fn placedPoint(a: vec4f, b: vec4f, c: vec4f, p: vec3f) -> vec3f {
    return vec3f(dot(a.xyz, p) + a.w, dot(b.xyz, p) + b.w, dot(c.xyz, p) + c.w);
  }
  // by the cofactors: of the side that the area vector of the moved triangle is on
  fn placedNormal(a: vec4f, b: vec4f, c: vec4f, n: vec3f) -> vec3f {
    let v = vec3f(dot(cross(b.xyz, c.xyz), n), dot(cross(c.xyz, a.xyz), n), dot(cross(a.xyz, b.xyz), n));
    return unitOr(v, n);
  }
  fn placedTangent(a: vec4f, b: vec4f, c: vec4f, t: vec4f) -> vec4f {
    return vec4f(dot(a.xyz, t.xyz), dot(b.xyz, t.xyz), dot(c.xyz, t.xyz), t.w);
  }
`,
  { uses: [unitOr] },
);
const get = (name: string) => functions.get(name)!;
export const numberOf = get('numberOf');
export const rowsOfInstance = get('rowsOfInstance');
export const placedPoint = get('placedPoint');
export const placedNormal = get('placedNormal');
export const placedTangent = get('placedTangent');
