import { ChiaroError, elementwise, expr, ShapeError, type Tensor } from '../engine.js';

/** How the elements of a loss become what is returned: their mean, their sum, or themselves. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What all losses let one choose. */
export interface LossOptions {
  /** `mean` unless given. */
  readonly reduction?: Reduction;
}

/** Mean, sum, or the elements as they are. */
export const reduced = (x: Tensor, { reduction = 'mean' }: LossOptions): Tensor =>
  reduction === 'mean' ? x.mean() : reduction === 'sum' ? x.sum() : x;

/** Losses do not broadcast: a difference of [B, 1] and [B] is nearly always a mistake. */
export function sameShape(loss: string, x: Tensor, target: Tensor): void {
  if (x.rank !== target.rank || x.shape.some((n, d) => n !== target.shape[d])) {
    throw new ShapeError(
      `${loss}: prediction [${x.shape.join(', ')}] and target [${target.shape.join(', ')}] must have one shape; reshape or expand one`,
    );
  }
}

const huber = expr`
  // quadratic up to delta, linear beyond, over delta
  fn smooth_l1(d: f32, delta: f32) -> f32 {
    let a = abs(d);
    return select(a - 0.5 * delta, 0.5 * d * d / delta, a < delta);
  }`;
const charbonnier = expr`fn charbonnier(d: f32, eps: f32) -> f32 { return sqrt(d * d + eps * eps); }`;

/** |x - target| */
export function l1Loss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  sameShape('l1Loss', x, target);
  return reduced(x.sub(target).abs(), options);
}

/** (x - target)^2 */
export function mseLoss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  sameShape('mseLoss', x, target);
  return reduced(x.sub(target).square(), options);
}

/**
 * (x - target)^2 / (2 beta) where |x - target| < beta, |x - target| - beta / 2 elsewhere: PyTorch's `SmoothL1Loss`
 * (Girshick 2015, eq. 3, for beta 1). Times beta it is Huber's loss. `beta`, above
 * 0, is 1 unless given.
 */
export function smoothL1Loss(
  x: Tensor,
  target: Tensor,
  { beta = 1, ...options }: LossOptions & { readonly beta?: number } = {},
): Tensor {
  sameShape('smoothL1Loss', x, target);
  if (!(beta > 0)) throw new ChiaroError(`smoothL1Loss: beta must be above 0, got ${beta}; l1Loss is its limit at 0`);
  return reduced(elementwise(huber, x.sub(target), beta), options);
}

/**
 * sqrt((x - target)^2 + eps^2): |x - target| without its kink (Charbonnier et al. 1994). `eps` is 1e-3 unless given.
 */
export function charbonnierLoss(
  x: Tensor,
  target: Tensor,
  { eps = 1e-3, ...options }: LossOptions & { readonly eps?: number } = {},
): Tensor {
  sameShape('charbonnierLoss', x, target);
  return reduced(elementwise(charbonnier, x.sub(target), eps), options);
}
