import { ShapeError, elementwise, expr, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import { vertexNormals } from '../../geometry/index.js';
import type { Shape } from '../../geometry/index.js';
import { reflectSH } from './reflectSH.js';
import { valuesAtVertices } from './values.js';

/** What the vertex renderer sees. */
export interface VertexImage {
  /**
   * [V, 3] radiance, linear RGB, that leaves each vertex towards the camera; also where the camera cannot see it. Of a
   * camera of several views this is [B, V, 3], and everything else has a leading B too.
   */
  readonly colors: Tensor;
  /** [V] 1 where the vertex faces the camera inside of the image (times `visibility`), else 0. Carries no gradient. */
  readonly weights: Tensor;
  /** [V, 2] pixel coordinates, centres at +0.5. */
  readonly pixels: Tensor;
  /** [V] distance along the view axis; negative behind the camera. */
  readonly depths: Tensor;
}

/** Options of `renderVertices`. */
export interface VertexOptions {
  /** [V, 3] unit normals; by default the mesh's own, else `vertexNormals` of its positions. */
  readonly normals?: Tensor;
  /**
   * [V] ([B, V] for several views) in [0, 1]: what other geometry leaves of each vertex, e.g. from rays. Default: nothing
   * hides anything.
   */
  readonly visibility?: Tensor;
}

const cosineToViewer = expr`
  fn cosineToViewer(p: vec3f, n: vec3f, eye: vec3f) -> f32 { return dot(n, normalize(eye - p)); }`;

const mirrorDirection = expr`
  fn mirrorDirection(p: vec3f, n: vec3f, eye: vec3f) -> vec3f { return reflect(normalize(p - eye), n); }`;

const insideImage = expr`
  fn insideImage(pixel: vec3f, size: vec2f, cosine: f32) -> f32 {
    let inside = all(pixel.xy >= vec2f(0.0)) && all(pixel.xy <= size) && pixel.z > 0.0;
    return select(0.0, 1.0, inside && cosine > 0.0);
  }`;

/**
 * The vertex-based renderer: one colour per vertex under light of spherical harmonics at infinity, without shadows and
 * without a single ray. A face of ten thousand vertices is a handful of kernels, which is what first stages of fits and
 * losses inside of networks want.
 *
 * The Lambert base of the surface reflects albedo / pi times the irradiance about the normal; the rest of the lobe is
 * reduced to S_l about the mirror direction, taken at the viewer's angle by quadrature of its text (`mirrorMoments`):
 *
 *   color = base / pi * sum A_l L_lm Y_lm(n) + sum S_l L_lm Y_lm(r)
 *
 * Same BSDFs, same factors of pi as the path tracer: a convex Lambert surface has the same image to rounding, a round
 * lobe too; elongated highlights at grazing angles are rounded off. Vertices have no tangent space, so normal maps are
 * not looked at. Differentiable in positions, normals, all values of the surface, light and camera.
 *
 * Ramamoorthi and Hanrahan 2001, A Signal-Processing Framework for Inverse Rendering; Dib et al. 2021, section 3.
 *
 * @param light radiance from infinity, [K, 3] coefficients, K = 1, 4, 9, ..., 81.
 * @example
 * const { colors, weights, pixels } = renderVertices(face, light, camera);
 * const loss = colors.sub(sampleImage(photo, pixels)).abs().mul(weights.unsqueeze(1)).mean();
 */
export function renderVertices(shape: Shape, light: Tensor, camera: Camera, options: VertexOptions = {}): VertexImage {
  const { mesh } = shape;
  const { positions, topology } = mesh;
  const count = topology.vertexCount;
  if (light.rank !== 2 || light.shape[1] !== 3) {
    throw new ShapeError(`renderVertices: the light must be coefficients [K, 3], got [${light.shape.join(', ')}]`);
  }
  const normals = options.normals ?? mesh.normals ?? vertexNormals(positions, topology);
  const batch = camera.views === undefined ? [] : [camera.views];
  expectShape('normals', normals, [count, 3]);
  if (options.visibility) expectShape('visibility', options.visibility, [...batch, count]);

  const eye = camera.eyes(positions);
  const cosine = elementwise(cosineToViewer, positions, normals, eye);
  const seen = camera.toPixels(positions);
  const size = tensor([camera.size.width, camera.size.height]);
  const facing = elementwise(insideImage, seen, size, cosine).detach();
  const mirrored = elementwise(mirrorDirection, positions, normals, eye);
  // the vertices of all views as one list
  const joined = (t: Tensor): Tensor => t.reshape([-1, ...t.shape.slice(batch.length + 1)]);
  const repeated = (t: Tensor): Tensor => joined(t.expand([...batch, ...t.shape]));
  const { kind } = shape.bsdf;
  const values = Object.entries(valuesAtVertices(shape)).map(([name, value]) => {
    const isConstant = typeof value === 'number' || value.rank < (kind.params[name] === 'f32' ? 1 : 2);
    return [name, isConstant ? value : repeated(value)] as const;
  });
  const view = { normals: repeated(normals), cosine: joined(cosine), mirrored: joined(mirrored) };
  const colors = reflectSH(kind, Object.fromEntries(values), light, view);
  const rows = colors.expand(view.normals.shape);
  return {
    colors: batch.length === 0 ? rows : rows.reshape([...batch, count, 3]),
    weights: options.visibility ? facing.mul(options.visibility.detach()) : facing,
    pixels: seen.narrow(-1, 0, 2),
    depths: seen.select(-1, 2),
  };
}

function expectShape(name: string, x: Tensor, shape: readonly number[]): void {
  if (x.rank !== shape.length || x.shape.some((n, d) => n !== shape[d])) {
    throw new ShapeError(`renderVertices: ${name} must be [${shape.join(', ')}], got [${x.shape.join(', ')}]`);
  }
}
