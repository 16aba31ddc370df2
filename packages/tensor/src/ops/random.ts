import type { DType } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { build, inline, normal2, philox, uniform01, type ExprFunction } from '../expr/index.js';

import { defaultGenerator, type Generator } from '../generator.js';
import { Node } from '../graph/node.js';
import { tidy } from '../runtime/tidy.js';
import { expectShape, sizeOf, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { expandNode, make } from './apply.js';
import { iotaNode, reshapeNode } from './nodes.js';

/** Where random numbers come from. */
export interface RandomOptions {
  /** The default generator (`manualSeed`) if left out. */
  readonly generator?: Generator;
}

type Draw = 'bits' | 'uniform' | 'normal';
const functions = new Map<Draw, ExprFunction>();

/** Element number and draw number to a random number: Philox, and what is made of its words. */
function drawFunction(kind: Draw): ExprFunction {
  let fn = functions.get(kind);
  if (!fn) {
    const params = [
      { name: 'i', type: 'i32' },
      ...(['low', 'high', 'key0', 'key1'] as const).map((name) => ({ name, type: 'u32' }) as const),
    ] as const;
    fn = build(kind, params, kind === 'bits' ? 'u32' : 'f32', (g, i, low, high, key0, key1) => {
      const words = inline(g, philox, [g.convert(i!, 'u32'), low!, high!, g.literal('u32', 0), key0!, key1!]);
      if (kind === 'bits') return words[0]!;
      if (kind === 'uniform') return inline(g, uniform01, [words[0]!])[0]!;
      return inline(g, normal2, [words[0]!, words[1]!])[0]!;
    });
    functions.set(kind, fn);
  }
  return fn;
}

function draw(kind: Draw, shape: Shape, { generator = defaultGenerator }: RandomOptions): Tensor {
  expectShape('random', shape);
  const size = sizeOf(shape);
  const { counter, key } = generator.draw();
  const inputs = [iotaNode(size), ...[...counter, ...key].map((n) => expandNode(n, [size]))];
  const dtype: DType = kind === 'bits' ? 'uint32' : 'float32';
  const node = new Node('elementwise', inputs, { fn: drawFunction(kind), output: 0 }, [size], dtype);
  return make(reshapeNode(node, shape));
}

/** 32 random bits per element, uint32; identical on every adapter. */
export const randBits = (shape: Shape, options: RandomOptions = {}): Tensor => draw('bits', shape, options);

/** Uniform in [0, 1): multiples of 2^-24, identical on every adapter. */
export const rand = (shape: Shape, options: RandomOptions = {}): Tensor => draw('uniform', shape, options);

/** Normally distributed, mean 0 and variance 1 (Box and Muller 1958); equal to 1e-6 on every adapter. */
export const randn = (shape: Shape, options: RandomOptions = {}): Tensor => draw('normal', shape, options);

/** Whole numbers from `low` up to but without `high`, int32, identical on every adapter (bias below range / 2^32). */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  const range = high - low;
  if (!Number.isInteger(low) || !Number.isInteger(high) || range < 1 || range > 2 ** 31) {
    throw new ShapeError(`randint: from ${low} up to ${high} is not a range of 1 to 2^31 whole numbers`);
  }
  return tidy(() => randBits(shape, options).remainder(range).to('int32').add(low));
}

/** true with probability p, identical on every adapter. */
export function bernoulli(p: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ShapeError(`bernoulli: p must lie in [0, 1], got ${p}`);
  return tidy(() => rand(shape, options).lt(p));
}

/** The numbers 0 to n - 1 in random order, int32, identical on every adapter. */
export function randPerm(n: number, options: RandomOptions = {}): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new ShapeError(`randPerm: n must be a whole number, got ${n}`);
  return tidy(() => randBits([n], options).argSort(0));
}

/** Uniform in [0, 1) in another tensor's shape. */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor => rand(x.shape, options);
/** Normally distributed in another tensor's shape. */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor => randn(x.shape, options);
