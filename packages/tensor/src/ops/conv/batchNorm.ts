import { ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { tidy } from '../../runtime/tidy.js';
import { live, type Tensor } from '../../tensor.js';
import { add, mul, rsqrt, sub } from '../math.js';
import { reshape } from '../movement.js';

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias, per channel (dimension 1) of x [B, C, ...], with given statistics
 * [C]; weight and bias [C] may be null. PyTorch's `batch_norm` with `training=False`.
 */
export function batchNorm(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  { eps = 1e-5 }: { readonly eps?: number } = {},
): Tensor {
  live(x, 'batchNorm');
  const C = x.shape[1];
  for (const [name, t] of Object.entries({ mean, variance, weight, bias })) {
    if (t && (t.rank !== 1 || t.shape[0] !== C)) {
      throw new ShapeError(
        `batchNorm: ${name} must have one number per channel, dimension 1 of ${showShape(x.shape)}; got ${showShape(t.shape)}`,
      );
    }
  }
  return tidy(() => {
    const perChannel = (t: Tensor): Tensor => reshape(t.to('float32'), [C!, ...x.shape.slice(2).map(() => 1)]);
    const inverse = rsqrt(add(perChannel(variance), eps));
    const scale = weight ? mul(inverse, perChannel(weight)) : inverse;
    const normal = mul(sub(x.to('float32'), perChannel(mean)), scale);
    return (bias ? add(normal, perChannel(bias)) : normal).to(x.dtype);
  });
}
