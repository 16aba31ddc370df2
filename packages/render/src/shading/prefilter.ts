import { ShapeError, arange, concat, elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { resize } from '../image/index.js';
import { latLongCoordinates, projectEnvironment } from '../light/index.js';
import { fromFrame } from '../math/frame.js';
import { radicalInverse } from '../math/radicalInverse.js';
import { cubeTexelDirection } from '../texture/cube.js';
import { texture } from '../texture/index.js';

/**
 * Light from infinity, filtered by roughness: what `renderMesh` shades glossy surfaces with. Computed on the GPU when it
 * is first used; make it outside of loops and of compiled functions where the map does not change.
 */
export interface PrefilteredEnvironment {
  readonly type: 'prefiltered';
  /**
   * [6, n, n, 3], n halved from level to level: radiance as it comes, then seen in a mirror of GGX microfacets of roughness
   * 1/K, 2/K, ... 1 from the front. Faces as `texture` has them.
   */
  readonly levels: readonly Tensor[];
  /** [81, 3] spherical harmonics of the radiance. */
  readonly harmonics: Tensor;
}

/** Roughnesses between which is interpolated, besides 0. */
const roughLevels = 4;
const sampleCount = 64;

/** Lat-long coordinates as `texture` reads a map with a column more on either side. */
const placeOnWideMap = expr`
  fn placeOnWideMap(at: vec2f, columns: f32) -> vec2f {
    return vec2f((at.x * columns + 1.0) / (columns + 2.0), 1.0 - at.y);
  }`;

/** A lat-long map at directions [..., 3], bilinear all round. */
export function lookUpLatLong(map: Tensor, directions: Tensor): Tensor {
  const wide = concat([map.slice(null, [-1]), map, map.slice(null, [0, 1])], 1);
  const uv = elementwise(placeOnWideMap, elementwise(latLongCoordinates, directions), map.shape[1]);
  return texture(wide, uv);
}

/**
 * Directions about +Z that a mirror of GGX microfacets, seen from the front, reflects to the eye, sampled by the density D
 * cos_h of their half vectors; the share of each in the mean; and the solid angle that it stands for.
 */
function mirrorSamples(roughness: number): { direction: number[]; weight: number; solidAngle: number }[] {
  const a2 = roughness ** 4;
  const samples = Array.from({ length: sampleCount }, (_, k) => {
    const u = (k + 0.5) / sampleCount;
    const phi = 2 * Math.PI * radicalInverse(k);
    const c2 = (1 - u) / (1 + (a2 - 1) * u);
    const z = 2 * c2 - 1;
    const s = Math.sqrt(Math.max(0, 1 - z * z));
    const density = a2 / (Math.PI * (1 + (a2 - 1) * c2) ** 2) / 4; // D cos_h / (4 cos_h)
    return {
      direction: [s * Math.cos(phi), s * Math.sin(phi), z],
      weight: Math.max(0, z),
      solidAngle: 1 / (sampleCount * density),
    };
  });
  const total = samples.reduce((sum, { weight }) => sum + weight, 0);
  return samples.filter(({ weight }) => weight > 0).map((s) => ({ ...s, weight: s.weight / total }));
}

/** A level: the sharp cube [6, n, n, 3] averaged over each texel's lobe. */
function filtered(sharp: Tensor, side: number, roughness: number): Tensor {
  const samples = mirrorSamples(roughness);
  const [count, texels] = [samples.length, 6 * side * side];
  const normals = elementwise(normalOf, arange(texels), side);
  const lobe = tensor(samples.map((s) => s.direction));
  const directions = elementwise(fromFrame, lobe, normals.unsqueeze(1));
  // each sample is read at the level whose texels are as large as what it stands for (Krivanek and Colbert 2008)
  const texel = (4 * Math.PI) / (6 * sharp.shape[1] ** 2);
  const detail = samples.map((s) => Math.max(0, 0.5 * Math.log2(s.solidAngle / texel)));
  const level = tensor(detail).expand([texels, count]);
  const weights = tensor(samples.map((s) => s.weight)).unsqueeze(1);
  const light = texture(sharp, directions, { mode: 'cube', level });
  return light.mul(weights).sum(1).reshape([6, side, side, 3]);
}

const normalOf = expr`
  fn normalOf(i: i32, n: i32) -> vec3f { return normalize(${cubeTexelDirection}(i, n)); }`;

/**
 * Filters a lat-long map of radiance for glossy reflection: the first sum of the split-sum approximation (Karis 2013, Real
 * Shading in Unreal Engine 4). Each level is the mean, weighted by the cosine, of the light that microfacets of one
 * roughness reflect to a viewer in front of them, by importance sampling with 64 filtered samples per texel.
 *
 * Light of a few bands comes out within 2 % of its largest value up to roughness 0.75, 3.4 % at 1. What `renderMesh` makes
 * of it is an approximation: lobes are taken to be round and the same for all viewers (about a direction between mirror
 * direction and normal, Lagarde and de Rousiers 2014), so highlights are not drawn out at grazing angles. Beside the path
 * tracer, a ball under two lamps of 9 and 20 degrees and a dim sky differs by 4 % of its mean light (mean of the absolute
 * differences) as a metal of roughness 0.3, 11 % at 0.6, 10 % at 1; by 2 % as plastic.
 *
 * Differentiable in the map: the filter is linear.
 *
 * @param map [H, W, 3], see `LatLong`.
 * @param options `side`: texels along a side of the sharpest level, a power of two from 32; by default a quarter of a circle has
 * as many as the map, at least 64 and at most 256.
 * @example
 * const sky = prefilterEnvironment(map);
 * const { image } = renderMesh(scene, camera, { lights: [sky] });
 */
export function prefilterEnvironment(map: Tensor, { side }: { readonly side?: number } = {}): PrefilteredEnvironment {
  if (map.rank !== 3 || map.shape[2] !== 3 || map.size === 0) {
    throw new ShapeError(`prefilterEnvironment: the map must be [H, W, 3], got [${map.shape.join(', ')}]`);
  }
  const n = side ?? Math.min(256, Math.max(64, 2 ** Math.ceil(Math.log2(map.shape[0] / 2))));
  if (!(Number.isInteger(Math.log2(n)) && n >= 32)) {
    throw new ShapeError(`prefilterEnvironment: side must be a power of two from 32, got ${n}`);
  }
  // a map with more texels than the cube loses them before the cube is read from it
  const size = { height: Math.min(map.shape[0], 2 * n), width: Math.min(map.shape[1], 4 * n) };
  const fits = size.height === map.shape[0] && size.width === map.shape[1];
  const source = fits ? map : resize(map.unsqueeze(0), size, { filter: 'box' }).squeeze(0);
  const sharp = lookUpLatLong(source, elementwise(cubeTexelDirection, arange(6 * n * n), n)).reshape([6, n, n, 3]);
  const rough = Array.from({ length: roughLevels }, (_, k) => filtered(sharp, n >> (k + 1), (k + 1) / roughLevels));
  return { type: 'prefiltered', levels: [sharp, ...rough], harmonics: projectEnvironment(map) };
}

/** The light [..., 3] that mirrors of a roughness [...] in [0, 1] show along directions [..., 3]. */
export function mirroredLight(
  { levels: [sharp, ...mipmaps] }: PrefilteredEnvironment,
  directions: Tensor,
  roughness: Tensor,
): Tensor {
  const level = roughness.clamp(0, 1).mul(roughLevels).expand(directions.shape.slice(0, -1));
  return texture(sharp, directions, { mode: 'cube', level, mipmaps });
}
