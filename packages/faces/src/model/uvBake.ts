/** Numbers per texel and which texels belong to a triangle. */
export interface Baked {
  /** [H * W * channels], row 0 at v = 1; 0 where nothing covers the texel. */
  readonly values: Float32Array;
  /** [H * W] triangle + 1 at the texel's centre, 0 where there is none. */
  readonly triangle: Uint32Array;
}

/** A mesh as a texture sees it. */
export interface UvLayout {
  /** [T * 2], v upwards. */
  readonly uvs: ArrayLike<number>;
  /** [F * 3] rows of `uvs`. */
  readonly uvTriangles: ArrayLike<number>;
}

/**
 * Interpolates numbers given at the corners of the triangles over the texels of a texture, on the host.
 * @param corner the numbers at a corner (3 * triangle + 0, 1, 2), written into `out`.
 */
export function bakeTexture(
  { uvs, uvTriangles }: UvLayout,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  corner: (corner: number, out: Float64Array) => void,
): Baked {
  const values = new Float32Array(height * width * channels);
  const triangle = new Uint32Array(height * width);
  const at = Array.from({ length: 3 }, () => new Float64Array(channels));
  const [x, y] = [new Float64Array(3), new Float64Array(3)];
  for (let f = 0; f < uvTriangles.length / 3; f++) {
    for (let k = 0; k < 3; k++) {
      const t = uvTriangles[3 * f + k];
      x[k] = uvs[2 * t] * width - 0.5;
      y[k] = (1 - uvs[2 * t + 1]) * height - 0.5;
      corner(3 * f + k, at[k]);
    }
    const area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
    if (area === 0) continue;
    const [left, right] = [Math.max(0, Math.ceil(Math.min(...x))), Math.min(width - 1, Math.floor(Math.max(...x)))];
    const [top, bottom] = [Math.max(0, Math.ceil(Math.min(...y))), Math.min(height - 1, Math.floor(Math.max(...y)))];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const b = ((column - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (row - y[0])) / area;
        const c = ((x[1] - x[0]) * (row - y[0]) - (column - x[0]) * (y[1] - y[0])) / area;
        const a = 1 - b - c;
        if (a < -1e-9 || b < -1e-9 || c < -1e-9) continue;
        const texel = row * width + column;
        triangle[texel] = f + 1;
        for (let k = 0; k < channels; k++) values[texel * channels + k] = a * at[0][k] + b * at[1][k] + c * at[2][k];
      }
    }
  }
  return { values, triangle };
}

/**
 * Fills the texels where `known` is 0 smoothly from the known ones, by pulling means up a pyramid and pushing them down
 * again (Gortler et al. 1996, section 3.4). What is known stays. Rows and columns halve until one texel is left.
 */
export function fillTexture(
  values: Float32Array,
  known: ArrayLike<number>,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
): Float32Array {
  const result = values.slice();
  const weight = Float32Array.from({ length: height * width }, (_, k) => (known[k] > 0 ? 1 : 0));
  pullPush(result, weight, height, width, channels);
  return result;
}

/** Fills in place; a texel counts as unknown as far as its weight lies below 1. */
function pullPush(values: Float32Array, weight: Float32Array, height: number, width: number, channels: number): void {
  if (height === 1 && width === 1) return;
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const coarse = new Float32Array(h * w * channels);
  const coarseWeight = new Float32Array(h * w);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [from, to] = [row * width + column, (row >> 1) * w + (column >> 1)];
      coarseWeight[to] += weight[from];
      for (let k = 0; k < channels; k++) coarse[to * channels + k] += weight[from] * values[from * channels + k];
    }
  }
  for (let t = 0; t < h * w; t++) {
    for (let k = 0; k < channels; k++) coarse[t * channels + k] /= coarseWeight[t] || 1;
    coarseWeight[t] = Math.min(1, coarseWeight[t]);
  }
  pullPush(coarse, coarseWeight, h, w, channels);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const texel = row * width + column;
      if (weight[texel] >= 1) continue;
      // bilinear in the coarse level, whose texel centres lie at 2 i + 0.5
      const [y, x] = [(row - 0.5) / 2, (column - 0.5) / 2];
      const [y0, x0] = [Math.max(0, Math.floor(y)), Math.max(0, Math.floor(x))];
      const [y1, x1] = [Math.min(h - 1, y0 + 1), Math.min(w - 1, x0 + 1)];
      const [ty, tx] = [Math.min(1, Math.max(0, y - y0)), Math.min(1, Math.max(0, x - x0))];
      for (let k = 0; k < channels; k++) {
        const read = (r: number, c: number): number => coarse[(r * w + c) * channels + k];
        const upper = read(y0, x0) * (1 - tx) + read(y0, x1) * tx;
        const lower = read(y1, x0) * (1 - tx) + read(y1, x1) * tx;
        const filled = upper * (1 - ty) + lower * ty;
        values[texel * channels + k] = weight[texel] * values[texel * channels + k] + (1 - weight[texel]) * filled;
      }
      weight[texel] = 1;
    }
  }
}
