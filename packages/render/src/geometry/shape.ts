import type { Tensor } from '../engine.js';
import type { Bsdf } from '../bsdf/index.js';
import { mesh } from './mesh.js';
import type { Mesh } from './mesh.js';
import { boxShape, icosphereShape, planeShape, sphereShape } from './shapes.js';
import type { ShapeData } from './shapes.js';

/** A mesh with a surface: what scenes are made of. In path traced images both of its sides reflect. */
export interface Shape {
  readonly mesh: Mesh;
  /**
   * A lobe with values. Each value is a constant (a number, [] or [C]), a texture [H, W, C] or one per vertex [V, C], C
   * being the number of its components. Textures are bilinear between the centres of their texels; (u, v) = (0, 0) is
   * their bottom left corner.
   */
  readonly bsdf: Bsdf;
  /** [H, W, 3] in [0, 1], tangent space; see `normalMap`. Needs texture coordinates. */
  readonly normalMap?: Tensor;
  /**
   * Normals for shading: `smooth` (default) interpolates the mesh's normals, or those that `vertexNormals` computes if
   * it has none; `flat` takes the triangles' own.
   */
  readonly shading?: 'smooth' | 'flat';
  /** What textures do outside of [0, 1]; `clamp` by default. */
  readonly wrap?: 'clamp' | 'repeat';
}

/** What a shape is besides its mesh. */
export type Surface = Omit<Shape, 'mesh'>;

type Measures<F extends (measures: never) => ShapeData> = NonNullable<Parameters<F>[0]>;

const shape = <M extends object>(
  make: (measures?: M) => ShapeData,
  { bsdf, normalMap, shading, wrap, ...measures }: Surface & M,
): Shape => ({
  mesh: mesh(make(measures as unknown as M)),
  bsdf,
  ...(normalMap && { normalMap }),
  ...(shading && { shading }),
  ...(wrap && { wrap }),
});

/**
 * A sphere with its surface, from pole to pole; see `sphereShape`.
 * @example
 * const scene = { shapes: [sphere({ radius: 2, bsdf: lambert({ albedo: 0.8 }) })], emitters: [sky] };
 */
export const sphere = (options: Surface & Measures<typeof sphereShape>): Shape => shape(sphereShape, options);

/** A sphere of even triangles with its surface, without texture coordinates; see `icosphereShape`. */
export const icosphere = (options: Surface & Measures<typeof icosphereShape>): Shape => shape(icosphereShape, options);

/** A rectangle with its surface; see `planeShape`. */
export const plane = (options: Surface & Measures<typeof planeShape>): Shape => shape(planeShape, options);

/** A box with its surface; see `boxShape`. */
export const box = (options: Surface & Measures<typeof boxShape>): Shape => shape(boxShape, options);
