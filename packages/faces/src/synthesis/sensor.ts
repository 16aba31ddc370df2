import { ShapeError } from '../engine.js';
import { Draws } from './draws.js';
import type { FaceScene } from './faceScene.js';

/**
 * A camera's response: what share of the full scale a share x of the light that saturates it becomes.
 * - srgb: that of IEC 61966-2-1;
 * - gamma: x^(1 / gamma);
 * - filmic: h(x)^(1 / gamma) with h(x) = (1 + s) x^n / (x^n + s), a toe for n > 1 and a shoulder, the harder the
 * smaller s
 *   (the response of Naka and Rushton 1966, scaled to end at 1).
 */
export type CameraResponse =
  | { readonly kind: 'srgb' }
  | { readonly kind: 'gamma'; readonly gamma: number }
  | { readonly kind: 'filmic'; readonly gamma: number; readonly contrast: number; readonly shoulder: number };

/** How light becomes bytes. */
export interface Sensor {
  readonly response: CameraResponse;
  /** Light is multiplied by it first; then 1 saturates the sensor. */
  readonly exposure: number;
  /**
   * Noise by Poisson and Gauss: electrons of a saturated pixel, and the standard deviation of reading one, in
   * electrons. None without.
   */
  readonly noise?: { readonly electrons: number; readonly read: number; readonly seed: number };
}

const plain: Sensor = { response: { kind: 'srgb' }, exposure: 1 };

/** Share of the full scale for a share of the saturating light; light beyond 0 and 1 is clipped. */
export function respond(response: CameraResponse, light: number): number {
  const x = Math.min(1, Math.max(0, light));
  switch (response.kind) {
    case 'srgb':
      return x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
    case 'gamma':
      return x ** (1 / response.gamma);
    case 'filmic': {
      const { gamma, contrast, shoulder } = response;
      const power = x ** contrast;
      return (((1 + shoulder) * power) / (power + shoulder)) ** (1 / gamma);
    }
  }
}

/** The inverse of `respond`: the light of a share of the full scale, exactly. */
export function respondInverse(response: CameraResponse, value: number): number {
  const v = Math.min(1, Math.max(0, value));
  switch (response.kind) {
    case 'srgb':
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    case 'gamma':
      return v ** response.gamma;
    case 'filmic': {
      const { gamma, contrast, shoulder } = response;
      const h = v ** gamma;
      return ((shoulder * h) / (1 + shoulder - h)) ** (1 / contrast);
    }
  }
}

/** The share of light that the lens lets through to a pixel's middle. */
function lensShare({ size, lens }: FaceScene, pixel: number): number {
  if (!lens) return 1;
  const [x, y] = [(pixel % size) + 0.5 - size / 2, Math.floor(pixel / size) + 0.5 - size / 2];
  return 1 / (1 + (lens.vignetting * 2 * (x * x + y * y)) / (size * size)) ** 2;
}

/** The photograph of a scene: bytes by the scene's lens and sensor. */
export interface Photograph {
  /** [S * S * 3] */
  readonly bytes: Uint8Array;
  /** [S * S * 3] the linear light that arrived in the scene, background and all: what `lightOfPhotograph` looks for. */
  readonly light: Float32Array;
}

/**
 * Takes a photograph: lays an image over its background, then vignetting, exposure, noise, saturation, response, 8
 * bits.
 * @param image [S * S * 3] linear, black where nothing is. @param coverage [S * S]. @param background [S * S * 3].
 * @throws ShapeError where lengths differ.
 */
export function photograph(
  scene: FaceScene,
  image: Float32Array,
  coverage: Float32Array,
  background: Float32Array,
): Photograph {
  const pixels = scene.size ** 2;
  if (image.length !== 3 * pixels || coverage.length !== pixels || background.length !== 3 * pixels) {
    throw new ShapeError(
      `photograph: a scene of ${pixels} pixels got ${image.length}, ${coverage.length} and ${background.length} numbers`,
    );
  }
  const { response, exposure, noise } = scene.sensor ?? plain;
  const draws = noise && new Draws(noise.seed, 0x6e6f);
  const light = image.map((x, k) => x + (1 - coverage[Math.floor(k / 3)]) * background[k]);
  const bytes = light.map((x, k) => {
    let arrived = Math.max(0, x) * lensShare(scene, Math.floor(k / 3)) * exposure;
    if (noise && draws)
      arrived = (draws.poisson(arrived * noise.electrons) + noise.read * draws.normal()) / noise.electrons;
    return Math.round(255 * respond(response, arrived));
  });
  return { bytes: Uint8Array.from(bytes), light };
}

/**
 * The light of a photograph by the exact inverse of its scene's response, exposure and vignetting: right to noise, 8
 * bits, and saturation. [S * S * 3] linear RGB.
 */
export function lightOfPhotograph(scene: FaceScene, bytes: Uint8Array): Float32Array {
  const { response, exposure } = scene.sensor ?? plain;
  const table = Float64Array.from({ length: 256 }, (_, v) => respondInverse(response, v / 255));
  return Float32Array.from(bytes, (v, k) => table[v] / (exposure * lensShare(scene, Math.floor(k / 3))));
}

/** A camera as cameras differ: one of the responses, some noise, exposure about 1. */
export function drawSensor(draws: Draws): Sensor {
  const gamma = draws.between(1.9, 2.5);
  const response = draws.pick<CameraResponse>([
    { kind: 'srgb' },
    { kind: 'gamma', gamma },
    { kind: 'filmic', gamma, contrast: draws.between(1, 1.35), shoulder: Math.exp(draws.between(-0.7, 1.5)) },
  ]);
  const electrons = Math.exp(draws.between(Math.log(300), Math.log(20_000)));
  return {
    response,
    exposure: Math.exp(draws.between(-0.35, 0.35)),
    noise: { electrons, read: draws.between(1, 5), seed: draws.bits() },
  };
}
