import { Node } from '../../graph/node.js';
import type { PrimitiveAttrs } from '../../graph/primitive.js';
import { make } from '../apply.js';
import { flip, narrow, pad, permute, reshape, slice } from '../movement.js';
import { zeros } from '../create.js';
import type { Tensor } from '../../tensor.js';

/** How kernels lie on images; see the primitive `conv`. */
export type CorrelateOptions = PrimitiveAttrs['conv'];

type Quad = [number, number, number, number];

/** Pixels from the first to the last element of a kernel along one dimension. */
const spanOf = (taps: number, dilation: number): number => dilation * (taps - 1) + 1;

/** A convolution without zeros around the images, of float32 images and kernels that fit: the primitive itself. */
export function correlate(images: Tensor, kernels: Tensor, options: CorrelateOptions): Tensor {
  const [B, , ...size] = images.shape as Quad;
  const [O, , ...kernel] = kernels.shape as Quad;
  const windows = size.map(
    (n, d) => Math.floor((n - spanOf(kernel[d]!, options.dilation[d]!)) / options.stride[d]!) + 1,
  );
  return make(new Node('conv', [images.node, kernels.node], options, [B, O, ...windows], 'float32'));
}

/**
 * Gradient of the kernels: a convolution as well. What the images have in channels becomes batch and their batch
 * channels, the gradient of the result is the kernel, and stride and dilation change places.
 */
export function kernelGradient(
  images: Tensor,
  grad: Tensor,
  [kh, kw]: readonly [number, number],
  { stride, dilation, groups }: CorrelateOptions,
): Tensor {
  const [B, C, ...size] = images.shape as Quad;
  const [, O, ...out] = grad.shape as Quad;
  const I = C / groups;
  if (images.size === 0 || grad.size === 0) return zeros([O, I, kh, kw]);
  // rows and columns behind the last window give nothing
  const used = [kh, kw].map((k, d) => stride[d as 0 | 1] * (out[d]! - 1) + spanOf(k, dilation[d as 0 | 1]));
  const seen = size.reduce((x, _, d) => narrow(x, 2 + d, 0, used[d]!), images);
  const byChannel = reshape(seen, [B, groups, I, used[0]!, used[1]!]);
  const asImages = reshape(permute(byChannel, [2, 1, 0, 3, 4]), [I, groups * B, used[0]!, used[1]!]);
  const products = correlate(asImages, permute(grad, [1, 0, 2, 3]), { stride: dilation, dilation: stride, groups });
  return permute(products, [1, 0, 2, 3]);
}

/**
 * Gradient of the images, which is a transposed convolution: a convolution of the gradient, with zeros around it, with
 * the kernels turned round and their two kinds of channels exchanged. With a stride, the pixels of the images fall into
 * stride x stride kinds, each of which meets other elements of the kernels: these are laid apart as output channels of
 * one convolution, whose results are then put between each other.
 */
export function imageGradient(
  grad: Tensor,
  kernels: Tensor,
  size: readonly [number, number],
  { stride, dilation, groups }: CorrelateOptions,
): Tensor {
  const [B, O] = grad.shape as Quad;
  const [, I, ...taps] = kernels.shape as Quad;
  if (grad.size === 0 || kernels.size === 0) return zeros([B, groups * I, ...size]);
  let dense = kernels;
  // dimension by dimension: [O, I, k] -> [O, I, taps, kinds], element tap * stride + kind
  const steps = [0, 1].map((d) => {
    const [s, k, apart] = [stride[d]!, taps[d]!, dilation[d]!];
    if (s === 1) return { kinds: 1, taps: k, dilation: apart };
    // elements of a dilated kernel stand apart by zeros, so that kinds can be counted off
    const span = spanOf(k, apart);
    if (apart > 1) dense = spread(dense, 2 + d, apart);
    const kinds = Math.min(s, span);
    const rows = Math.ceil(span / s);
    dense = padTo(dense, 2 + d, rows * s);
    return { kinds, taps: rows, dilation: 1 };
  }) as [Step, Step];
  const [y, x] = steps;
  const shape = [groups, O / groups, I, y.taps, stride[0], x.taps, stride[1]];
  let apart = permute(reshape(dense, shape), [0, 2, 4, 6, 1, 3, 5]); // [groups, I, kind y, kind x, O, tap y, tap x]
  apart = narrow(narrow(apart, 2, 0, y.kinds), 3, 0, x.kinds);
  const turned = flip(reshape(apart, [groups * I * y.kinds * x.kinds, O / groups, y.taps, x.taps]), [2, 3]);
  const around = steps.map(({ taps: n, dilation: apart }): [number, number] => [apart * (n - 1), apart * (n - 1)]);
  const wide = pad(grad, around);
  const mixed = correlate(wide, turned, { stride: [1, 1], dilation: [y.dilation, x.dilation], groups });
  const [h, w] = [mixed.shape[2]!, mixed.shape[3]!];
  let pixels = permute(reshape(mixed, [B, groups * I, y.kinds, x.kinds, h, w]), [0, 1, 4, 2, 5, 3]);
  pixels = padTo(padTo(pixels, 3, stride[0]), 5, stride[1]);
  const full = reshape(pixels, [B, groups * I, h * stride[0], w * stride[1]]);
  return crop(full, size);
}

interface Step {
  /** Kinds of pixels along a dimension that meet any element of a kernel. */
  readonly kinds: number;
  /** Elements of a kernel that a pixel meets. */
  readonly taps: number;
  readonly dilation: number;
}

/** Zeros behind a dimension, up to `n` elements. */
function padTo(x: Tensor, dim: number, n: number): Tensor {
  if (x.shape[dim] === n) return x;
  return pad(
    x,
    x.shape.map((size, d): [number, number] => [0, d === dim ? n - size : 0]),
  );
}

/** `step` - 1 zeros between neighbours along a dimension. */
function spread(x: Tensor, dim: number, step: number): Tensor {
  const n = x.shape[dim]!;
  const apart = padTo(reshape(x, [...x.shape.slice(0, dim + 1), 1, ...x.shape.slice(dim + 1)]), dim + 1, step);
  return narrow(
    reshape(apart, [...x.shape.slice(0, dim), n * step, ...x.shape.slice(dim + 1)]),
    dim,
    0,
    (n - 1) * step + 1,
  );
}

/** The first rows and columns of images, or zeros behind the last: pixels that no window reached. */
function crop(x: Tensor, [H, W]: readonly [number, number]): Tensor {
  const [h, w] = [Math.min(H, x.shape[2]!), Math.min(W, x.shape[3]!)];
  return padTo(padTo(slice(x, null, null, [0, h], [0, w]), 2, H), 3, W);
}
