import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { Draws } from './draws.js';
import { unit } from './frames.js';
import type { Triple } from './frames.js';

/**
 * A way to draw a face: its diffuse albedo a becomes matrix a^gamma, and paint is laid over it in patches. What
 * AlignNet's texture styles are for (IlluRes-SfSNet): albedos that are no skins, on the same shapes.
 */
export interface TextureStyle {
  /** [9] row-major, of linear RGB. */
  readonly matrix: readonly number[];
  readonly gamma: number;
  /** Paint: patches of some size in mm, how much it covers at most (0 to 1), its albedo. */
  readonly paint: {
    readonly seed: number;
    readonly patch: number;
    readonly strength: number;
    readonly diffuse: Triple;
  };
}

/** Styles from near to nature to posters: colours turned and greyed, contrasts changed, patches or stripes of paint. */
export function drawTextureStyle(draws: Draws): TextureStyle {
  const saturation = draws.between(0, 1.6);
  const turn = draws.between(-0.5, 0.5);
  const gain = Array.from({ length: 3 }, () => draws.between(0.75, 1.3));
  const luminance = [0.2126, 0.7152, 0.0722];
  // a turn about grey (Rodrigues), between grey and the colour itself
  const [c, s] = [Math.cos(turn), Math.sin(turn) / Math.sqrt(3)];
  const hue = [c, -s, s, s, c, -s, -s, s, c].map((x) => x + (1 - c) / 3);
  const matrix = hue.map((x, k) => gain[Math.floor(k / 3)] * (saturation * x + (1 - saturation) * luminance[k % 3]));
  return {
    matrix,
    gamma: Math.exp(draws.between(-0.6, 0.5)),
    paint: {
      seed: draws.bits(),
      patch: draws.between(12, 60),
      strength: draws.between() < 0.4 ? 0 : draws.between(0.2, 0.8),
      diffuse: [draws.between(0.02, 0.7), draws.between(0.02, 0.7), draws.between(0.02, 0.7)],
    },
  };
}

/** A style as inputs of the renderer: the matrix for rows of colours, the exponent, paint [V, 1] and its colour. */
export function styleInputs(
  { data, vertexCount }: MorphableModel,
  style: TextureStyle,
): Readonly<Record<string, Tensor>> {
  const { matrix, gamma, paint } = style;
  const draws = new Draws(paint.seed, 0x7061);
  const waves = Array.from({ length: 4 }, () => ({
    direction: unit([draws.normal(), draws.normal(), draws.normal()]),
    rate: (2 * Math.PI) / (paint.patch * draws.between(0.7, 1.5)),
    phase: draws.between(0, 7),
  }));
  const cover = Float32Array.from({ length: vertexCount }, (_, v) => {
    const p = data.positions.subarray(3 * v, 3 * v + 3);
    const sum = waves.reduce((total, { direction: d, rate, phase }) => {
      return total + Math.sin(rate * (d[0] * p[0] + d[1] * p[1] + d[2] * p[2]) + phase);
    }, 0);
    const t = Math.min(1, Math.max(0, 2 * sum));
    return paint.strength * t * t * (3 - 2 * t);
  });
  return {
    styleMatrix: tensor(Float32Array.from(matrix), [3, 3]).transpose(),
    styleGamma: tensor([gamma]),
    paint: tensor(cover, [vertexCount, 1]),
    paintDiffuse: tensor([...paint.diffuse]),
  };
}

/** The albedo [V, 3] in the style of these inputs, from 0.002 to 0.98 as all albedos. */
export function styled(diffuse: Tensor, given: Readonly<Record<string, Tensor>>): Tensor {
  const { styleMatrix, styleGamma, paint, paintDiffuse } = given;
  const colours = diffuse.pow(styleGamma).matmul(styleMatrix);
  return colours.add(paintDiffuse.sub(colours).mul(paint)).clamp(0.002, 0.98);
}
