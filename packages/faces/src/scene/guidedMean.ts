import { defineProgram, noGrad, wgsl } from '../engine.js';
import type { Tensor } from '../engine.js';

/** How fast the weight falls with the angle between normals: exp(-turnSharpness (1 - cos)). */
const turnSharpness = 60;

const program = defineProgram({
  name: 'guidedMean',
  inputs: { image: 'f32[H, W, 3]', normals: 'f32[H, W, 3]', coverage: 'f32[H, W]' },
  options: { radius: 'u32' },
  outputs: ({ image }) => ({ mean: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ H, W }) => [
    {
      label: 'guidedMean',
      items: H * W,
      code: wgsl`fn item(i: u32) {
  let at = vec2i(i32(i % W), i32(i / W));
  let n = vec3f(normals[3u * i], normals[3u * i + 1u], normals[3u * i + 2u]);
  let r = i32(radius);
  var sum = vec3f();
  var total = 0.0;
  for (var dy = -r; dy <= r; dy++) {
    for (var dx = -r; dx <= r; dx++) {
      let q = at + vec2i(dx, dy);
      if (any(q < vec2i()) || q.x >= i32(W) || q.y >= i32(H)) { continue; }
      let k = u32(q.y) * W + u32(q.x);
      let m = vec3f(normals[3u * k], normals[3u * k + 1u], normals[3u * k + 2u]);
      let distance = 2.0 * f32(dx * dx + dy * dy) / f32(r * r);
      let weight = coverage[k] * exp(-distance - ${turnSharpness}.0 * max(1.0 - dot(n, m), 0.0));
      sum += weight * vec3f(image[3u * k], image[3u * k + 1u], image[3u * k + 2u]);
      total += weight;
    }
  }
  sum /= max(total, 1e-6);
  for (var c = 0u; c < 3u; c++) { mean[3u * i + c] = select(select(sum.x, sum.y, c == 1u), sum.z, c == 2u); }
}`,
    },
  ],
  reference: ({ image, normals, coverage }, { radius }) => {
    const [height, width] = coverage.shape;
    const mean = new Float64Array(image.data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        let total = 0;
        for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
          for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
            const k = v * width + u;
            let cosine = 0;
            for (let c = 0; c < 3; c++) cosine += normals.data[3 * i + c] * normals.data[3 * k + c];
            const distance = (2 * ((u - x) ** 2 + (v - y) ** 2)) / radius ** 2;
            const weight = coverage.data[k] * Math.exp(-distance - turnSharpness * Math.max(1 - cosine, 0));
            for (let c = 0; c < 3; c++) mean[3 * i + c] += weight * image.data[3 * k + c];
            total += weight;
          }
        }
        for (let c = 0; c < 3; c++) mean[3 * i + c] /= Math.max(total, 1e-6);
      }
    }
    return { mean };
  },
});

/**
 * Mean of an image over neighbours that face the same way: a cross-bilateral filter guided by normals, for shading that
 * is noisy but follows the surface. Edges of shadows blur by about a pixel, edges of the surface do not.
 * Petschnigg et al. 2004, Digital Photography with Flash and No-Flash Image Pairs, eq. 6, with normals as the guide.
 * Carries no gradient.
 *
 * @param image [H, W, 3]. @param normals [H, W, 3] unit, 0 off the surface. @param coverage [H, W] in [0, 1].
 * @param radius of the window in pixels, at least 1; the Gaussian's deviation is half of it.
 */
export const guidedMean = (image: Tensor, normals: Tensor, coverage: Tensor, radius: number): Tensor =>
  noGrad(() => program({ image, normals, coverage }, { radius }).mean);
