import { full } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import type { Camera } from '../camera/index.js';
import { environment } from './emitters.js';
import { pathTrace } from './pathTrace.js';
import type { PathTraceOptions } from './pathTrace.js';
import type { Scene } from './scene.js';

/** Choices of `ambientOcclusion`: those of `pathTrace` that say which samples are taken. */
export type AmbientOcclusionOptions = Pick<
  PathTraceOptions,
  'spp' | 'sampler' | 'batches' | 'crop' | 'filter' | 'generator' | 'seed'
>;

/** How open surfaces are. */
export interface AmbientOcclusion {
  /** [H, W] share of the sky, weighted by the cosine, that the surface under a pixel sees; 0 where there is none. */
  readonly openness: Tensor;
  /** [H, W] share of the samples that hit a shape; no gradient. */
  readonly mask: Tensor;
  /** [H, W] variance of `openness`, where there are several batches; no gradient. */
  readonly variance?: Tensor;
}

/**
 * Ambient occlusion: the share of the hemisphere over a surface, weighted by the cosine, from which nothing is in the way
 * (Zhukov, Iones and Kronin 1998, without a limit of distance). It is what `pathTrace` shows of white surfaces under an even
 * sky, sampled by the cosine, so that a sample is 0 or 1. Emitters are left out.
 *
 * Its gradients are those of `pathTrace` and no more: to vertices, normals, normal maps and the camera, with visibility
 * constant. What an occluder that moves adds or takes away is not in them.
 *
 * @throws ShapeError as `pathTrace`.
 */
export function ambientOcclusion(
  { shapes, instances = [] }: Scene,
  camera: Camera,
  options: AmbientOcclusionOptions = {},
): AmbientOcclusion {
  const bsdf = lambert({ albedo: full([3], 1) });
  const sky = environment(full([2, 4, 3], 1), { background: false });
  const white = {
    shapes: shapes.map((shape) => ({ ...shape, bsdf })),
    instances: instances.map(({ shape, transforms }) => ({ shape: { ...shape, bsdf }, transforms })),
    emitters: [sky],
  };
  const { image, mask, variance } = pathTrace(white, camera, { ...options, depth: 2, sampling: 'bsdf' });
  return { openness: image.select(2, 0), mask, ...(variance ? { variance: variance.select(2, 0) } : {}) };
}
