import { ShapeError, elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Reinhard et al. 2002, eq. 4, on luminance: L (1 + L / white^2) / (1 + L); the hue stays. */
const reinhard = expr`
  fn reinhard(color: vec3f, white: f32) -> vec3f {
    let c = max(color, vec3f(0.0));
    let l = dot(c, vec3f(0.2126, 0.7152, 0.0722));
    return c * ((1.0 + l / (white * white)) / (1.0 + l));
  }`;

/** Stephen Hill's fit of ACES' reference and sRGB output transforms: to their primaries, a rational curve, and back. */
const aces = expr`
  fn aces(color: vec3f) -> vec3f {
    let c = max(color, vec3f(0.0));
    let v = vec3f(
      dot(c, vec3f(0.59719, 0.35458, 0.04823)),
      dot(c, vec3f(0.07600, 0.90834, 0.01566)),
      dot(c, vec3f(0.02840, 0.13383, 0.83777)));
    let shown = (v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.4329510) + 0.238081);
    return vec3f(
      dot(shown, vec3f(1.60475, -0.53108, -0.07367)),
      dot(shown, vec3f(-0.10208, 1.10813, -0.00605)),
      dot(shown, vec3f(-0.00327, -0.07276, 1.07602)));
  }`;

/** Hable's curve of 2010 for each channel, divided by its value at `white`. */
const filmic = expr`
  fn filmicCurve(x: vec3f) -> vec3f {
    return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3;
  }
  fn filmic(color: vec3f, white: f32) -> vec3f {
    return filmicCurve(max(color, vec3f(0.0))) / filmicCurve(vec3f(white));
  }`;

/** How `toneMap` brings light into what a display can show. */
export interface ToneMapOptions {
  /**
   * - reinhard: luminance by Reinhard et al. 2002, eq. 4; the hue stays.
   * - aces: Stephen Hill's fit of the ACES transforms; bright colours lose their saturation, contrast grows. Includes
   *   ACES' own exposure: white paper in light 1 comes out at 0.8.
   * - filmic: Hable's curve, per channel; dark tones stay dark.
   * - none: exposure only.
   */
  readonly curve?: 'reinhard' | 'aces' | 'filmic' | 'none';
  /** In stops: light is multiplied by 2^exposure first (default 0). */
  readonly exposure?: number;
  /** The light that becomes 1, after exposure; for reinhard (default 4) and filmic (default 11.2). */
  readonly white?: number;
}

/**
 * Linear light [..., 3] -> linear light to be shown, 0 to 1 (aces: to 1.02; reinhard and filmic beyond 1 above `white`);
 * `linearToSRGB` or the image writers do the rest. Negative light counts as 0. Differentiable.
 * @throws ShapeError for other than three channels, a white that is not above 0, or an exposure that is no number.
 * @example
 * await saveImage('sky.png', toneMap(await loadImage('sky.exr'), { curve: 'filmic', exposure: -1 }));
 */
export function toneMap(image: Tensor, { curve = 'reinhard', exposure = 0, white }: ToneMapOptions = {}): Tensor {
  if (image.shape.at(-1) !== 3) throw new ShapeError(`toneMap: needs [..., 3], got [${image.shape.join(', ')}]`);
  if (!Number.isFinite(exposure) || (white !== undefined && !(white > 0 && white < Infinity))) {
    throw new ShapeError(`toneMap: needs a finite exposure and a white above 0, got ${exposure} and ${String(white)}`);
  }
  const light = exposure === 0 ? image : image.mul(2 ** exposure);
  switch (curve) {
    case 'none':
      return light;
    case 'aces':
      return elementwise(aces, light);
    case 'filmic':
      return elementwise(filmic, light, tensor(white ?? 11.2));
    case 'reinhard':
      return elementwise(reinhard, light, tensor(white ?? 4));
  }
}
