import type { HostArray } from '../../kernel/dispatch.js';
import { sizeOf } from '../../shape.js';
import { nestOf, offsetsOf } from './nest.js';
import { accumulatorType, type MatmulSpec, type Windows } from './spec.js';

/** The product as a contiguous [batch..., M, N] array: float64 sums, or exact 32-bit wrapping sums of integers. */
export function matmulReference(spec: MatmulSpec, x: HostArray, y: HostArray): Float64Array {
  const { batch, M, N, K, a, b } = spec;
  const nest = nestOf(spec);
  const [rows, cols] = [offsetsOf(nest.rows), offsetsOf(nest.cols)];
  const pixelAt = b.windows && pixelOf(b.windows);
  const kind = accumulatorType(spec);
  const batches = sizeOf(batch);
  const out = new Float64Array(batches * M * N);
  const sums = new Float64Array(N);
  for (let z = 0; z < batches; z++) {
    let ax = a.offset;
    let bx = b.offset;
    let rest = z;
    for (let d = batch.length - 1; d >= 0; d--) {
      const i = rest % batch[d]!;
      rest = (rest - i) / batch[d]!;
      ax += i * a.strides[0][d]!;
      bx += i * b.strides[0][d]!;
    }
    for (let m = 0; m < M; m++) {
      sums.fill(0);
      for (let k = 0; k < K; k++) {
        const s = x[ax + m * a.strides[1] + k * a.strides[2]]!;
        const at = bx + rows[k]!;
        if (pixelAt) for (let n = 0; n < N; n++) sums[n]! += s * (pixelAt(k, n, y, bx) ?? 0);
        else if (kind === 'f32') for (let n = 0; n < N; n++) sums[n]! += s * y[at + cols[n]!]!;
        else for (let n = 0; n < N; n++) sums[n] = (sums[n]! + Math.imul(s, y[at + cols[n]!]!)) | 0;
      }
      for (let n = 0; n < N; n++) out[(z * M + m) * N + n] = kind === 'u32' ? sums[n]! >>> 0 : sums[n]!;
    }
  }
  return out;
}

/** The pixel in row k and column n of windows; undefined outside of the image, which starts at `start`. */
const pixelOf =
  ({ channels, pixels, taps, count, before, stride, dilation }: Windows) =>
  (k: number, n: number, images: HostArray, start: number): number | undefined => {
    const tap = [Math.floor(k / taps[1]) % taps[0], k % taps[1]];
    const window = [Math.floor(n / count[1]), n % count[1]];
    const at = pixels.map((_, d) => window[d]! * stride[d]! + tap[d]! * dilation[d]! - before[d]!);
    if (at.some((p, d) => p < 0 || p >= pixels[d]!.size)) return undefined;
    const channel = Math.floor(k / (taps[0] * taps[1]));
    return images[start + channel * channels.stride + at[0]! * pixels[0].stride + at[1]! * pixels[1].stride];
  };
