import { noGrad, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Topology } from '../../geometry/index.js';
import { antialias } from '../../raster/antialias/antialias.js';
import { rasterize } from '../../raster/rasterize/rasterize.js';
import { pixelCentres } from '../aovs.js';
import type { TraceCall } from '../pathTrace.js';
import { radianceAlong } from '../radiance.js';
import type { Moving } from './boundary.js';

/**
 * The scene as a rasterizer with antialiasing sees it, in traced colours: one path through the centre of every pixel, blended
 * along outlines and borders. Only where these are carries a gradient: what ray tracing leaves out. So the composed
 * estimator of S2F2 (Dib et al. 2022, section 3: ray tracing for light and shadows, a rasterized mesh for its edges)
 * comes in one image, with the same radiance on both sides.
 *
 * @returns [H, W, 3]
 */
export function antialiased(call: TraceCall, topology: Topology, { positions, camera }: Moving): Tensor {
  const { height, width } = camera.size;
  const colors = noGrad(() => {
    const { origins, directions } = camera.rays(pixelCentres(height, width));
    return radianceAlong(call, origins, directions).reshape([height, width, 3]);
  });
  const triangles = tensor(Int32Array.from(topology.triangles), [topology.triangleCount, 3]);
  const clip = camera.project(positions);
  const hit = noGrad(() => rasterize(clip.detach(), triangles, camera.size));
  return antialias(colors, hit, clip, topology, { coverage: 'box' });
}
