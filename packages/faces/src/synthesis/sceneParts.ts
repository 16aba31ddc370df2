import type { Triple } from './frames.js';

/** What a pixel shows: the numbers in `LocalFace.parts`. */
export const scenePart = { nothing: 0, head: 1, occluder: 2, hair: 3 } as const;

/** Numbers of vertices and triangles that do not depend on the scene. */
export interface PartTopology {
  readonly triangles: Uint32Array;
  /**
   * [V * 3] where the vertices are when the tree over triangles is built; near each other what will be near each
   * other.
   */
  readonly rest: Float32Array;
  readonly part: number;
}

/** What a scene makes of a topology, in the head's frame, mm. */
export interface PartSurface {
  /** [V * 3] */
  readonly positions: Float32Array;
  /** [V * 3] unit, outwards. */
  readonly normals: Float32Array;
  /** [V * 3] linear RGB. */
  readonly diffuse: Float32Array;
  /** Specular albedo and roughness, as `ggx` takes them. */
  readonly specular: number;
  readonly roughness: number;
}

/** A bar with round ends. */
export interface Capsule {
  /** Middles of its ends in the head's frame, mm. */
  readonly from: Triple;
  readonly to: Triple;
  /** mm */
  readonly radius: number;
  /** Diffuse albedo, linear RGB. */
  readonly diffuse: Triple;
}
