import { FormatError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * A synthetic mode of the diffuse albedo: for a weight of 1 it adds map * (skin * factor + colour) to the skin's colour, with
 * the same map on both halves of the face. A tone of the brows, say, goes to the colour of hair: factor -0.3, colour 0.3 times that.
 */
export interface FaceTone {
  readonly name: string;
  /** Rows of the map, and columns of the whole; a power of two below the texture's, or its own. */
  readonly rows: number;
  /** [rows * rows / 2] the half with u < 1/2; row 0 at v = 1. */
  readonly map: Float32Array;
  /** Linear RGB. */
  readonly factor: readonly [number, number, number];
  readonly colour: readonly [number, number, number];
}

/** @throws FormatError for a tone that does not fit a texture of this size. */
export function checkTone({ name, rows, map, factor, colour }: FaceTone, height: number, width: number): void {
  const numbers = [...map, ...factor, ...colour];
  if (height !== width || height % rows !== 0 || map.length !== (rows * rows) / 2 || !numbers.every(Number.isFinite)) {
    throw new FormatError(
      `tone ${JSON.stringify(name)}: ${map.length} numbers in ${rows} rows for ${height} x ${width} texels; ` +
        'a map must be half a square whose side divides that of the texture, of finite numbers',
    );
  }
}

/** [size * size] the whole map of a tone, bilinear. */
export function wholeMap({ rows, map }: FaceTone, size: number): Float32Array {
  const half = rows / 2;
  const ratio = rows / size;
  const at = (row: number, column: number): number => {
    const r = Math.min(Math.max(row, 0), rows - 1);
    const c = Math.min(Math.max(column < half ? column : rows - 1 - column, 0), half - 1);
    return map[r * half + c];
  };
  const result = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const v = (y + 0.5) * ratio - 0.5;
    const [row, down] = [Math.floor(v), v - Math.floor(v)];
    for (let x = 0; x < size; x++) {
      const u = (x + 0.5) * ratio - 0.5;
      const [column, right] = [Math.floor(u), u - Math.floor(u)];
      const upper = at(row, column) * (1 - right) + at(row, column + 1) * right;
      const lower = at(row + 1, column) * (1 - right) + at(row + 1, column + 1) * right;
      result[y * size + x] = upper * (1 - down) + lower * down;
    }
  }
  return result;
}

/** Tones on tensors. */
export interface Tones {
  readonly count: number;
  /** [T, H * W] */
  readonly maps: Tensor;
  /** [T, 6] factor and colour. */
  readonly rules: Tensor;
}

/** @param size of the texture's side. */
export function tonesOf(tones: readonly FaceTone[], size: number): Tones {
  const maps = new Float32Array(tones.length * size * size);
  tones.forEach((tone, k) => maps.set(wholeMap(tone, size), k * size * size));
  return {
    count: tones.length,
    maps: tensor(maps, [tones.length, size * size]),
    rules: tensor(Float32Array.from(tones.flatMap(({ factor, colour }) => [...factor, ...colour])), [tones.length, 6]),
  };
}

/** What weights [T' <= T] of the first tones add to a skin [H, W, 3]. */
export function toneSum(tones: Tones, weights: Tensor, skin: Tensor): Tensor {
  const sums = toneChange(tones, weights, skin.shape);
  return skin.mul(sums.narrow(2, 0, 3)).add(sums.narrow(2, 3, 3));
}

/** The sums of map * factor and of map * colour [H, W, 6] for weights [T' <= T]. @param shape of the texture. */
export function toneChange({ maps, rules }: Tones, weights: Tensor, [height, width]: readonly number[]): Tensor {
  const used = weights.shape[0];
  return rules
    .narrow(0, 0, used)
    .mul(weights.unsqueeze(1))
    .transpose()
    .matmul(maps.narrow(0, 0, used))
    .transpose()
    .reshape([height, width, 6]);
}
