import { ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import { sizeOf, type Shape } from '../../shape.js';
import type { Draw } from './draw.js';
import { generate, type HostTensor } from './host.js';
import { operation, type Operation } from './operation.js';

const low32 = (x: bigint): bigint => x & 0xffffffffn;

/** Philox 4x32-10 as Salmon et al. 2011 write it, in whole numbers of any size. */
function philox(counter: readonly number[], key: readonly number[]): bigint[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, low32(p1), (p0 >> 32n) ^ c3 ^ k1, low32(p0)];
    [k0, k1] = [low32(k0 + 0x9e3779b9n), low32(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3];
}

/** Options with a generator that stands at a given place, a fresh one at every use. */
class At {
  constructor(
    readonly seed: number,
    readonly counter: number,
  ) {}

  get generator(): t.Generator {
    const generator = new t.Generator(this.seed);
    generator.state = this;
    return generator;
  }
}

const place = (draw: Draw): At => new At(draw.int(0, 2 ** 40), draw.int(0, 1000));

function words(shape: Shape, { seed, counter }: At): bigint[][] {
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  return Array.from({ length: sizeOf(shape) }, (_, i) => philox([i, counter, 0, 0], key));
}

function bits(shape: Shape, at: At): HostTensor {
  const drawn = words(shape, at);
  return generate(shape, 'uint32', (_, i) => Number(drawn[i]![0]));
}

const uniform = (shape: Shape, at: At): HostTensor => {
  const drawn = bits(shape, at);
  return { ...drawn, dtype: 'float32', data: drawn.data.map((b) => Math.floor(b / 256) * 2 ** -24) };
};

function normal(shape: Shape, at: At): HostTensor {
  const drawn = words(shape, at);
  return generate(shape, 'float32', (_, i) => {
    const [a, b] = drawn[i]!.map(Number) as [number, number];
    const radius = Math.sqrt(-2 * Math.log((Math.floor(a / 256) + 1) * 2 ** -24));
    return radius * Math.cos((2 * Math.PI * b) / 2 ** 32);
  });
}

const badShape = (name: string, call: (shape: number[]) => unknown) => ({
  what: 'a negative size',
  call: () => call([-1]),
  error: ShapeError,
  message: new RegExp(`${name}|random.*\\[-1\\]`),
});

const likeness = (
  name: 'randLike' | 'randnLike',
  torch: string,
  fill: (shape: Shape, at: At) => HostTensor,
): Operation =>
  operation({
    name,
    torch,
    sample: (draw) => [draw.input(draw.shape()), place(draw)] as const,
    reference: (x, at) => fill(x.shape, at),
    tolerance: name === 'randnLike' ? { ulp: 0, absolute: 1e-6 } : { ulp: 0 },
  });

/** Random numbers: the reference computes the same ones. */
export const randomOperations = [
  operation({
    name: 'randBits',
    torch: '(none: 32 random bits)',
    sample: (draw) => [draw.shape(), place(draw)] as const,
    reference: bits,
    bad: [badShape('randBits', t.randBits)],
  }),
  operation({
    name: 'rand',
    torch: 'rand',
    sample: (draw) => [draw.shape(), place(draw)] as const,
    reference: uniform,
    bad: [badShape('rand', t.rand)],
  }),
  operation({
    name: 'randn',
    torch: 'randn',
    sample: (draw) => [draw.shape(), place(draw)] as const,
    reference: normal,
    tolerance: { ulp: 0, absolute: 1e-6 },
    bad: [badShape('randn', t.randn)],
  }),
  likeness('randLike', 'rand_like', uniform),
  likeness('randnLike', 'randn_like', normal),
  operation({
    name: 'randint',
    torch: 'randint',
    sample(draw) {
      const low = draw.int(-9, 9);
      return [low, low + draw.int(1, 100), draw.shape(), place(draw)] as const;
    },
    reference(low, high, shape, at) {
      const drawn = bits(shape, at);
      return { ...drawn, dtype: 'int32', data: drawn.data.map((b) => low + (b % (high - low))) };
    },
    bad: [
      { what: 'an empty range', call: () => t.randint(3, 3, [2]), error: ShapeError, message: /randint.*3 up to 3/ },
    ],
  }),
  operation({
    name: 'bernoulli',
    torch: 'bernoulli',
    sample: (draw) => [draw.pick([0, 0.25, 0.5, 1]), draw.shape(), place(draw)] as const,
    reference(p, shape, at) {
      const drawn = uniform(shape, at);
      return { ...drawn, dtype: 'bool', data: drawn.data.map((u) => Number(u < p)) };
    },
    bad: [
      {
        what: 'a probability above 1',
        call: () => t.bernoulli(1.5, [2]),
        error: ShapeError,
        message: /bernoulli.*1\.5/,
      },
    ],
  }),
  operation({
    name: 'randPerm',
    torch: 'randperm',
    sample: (draw) => [draw.int(draw.chance(draw.options.empty ?? 0) ? 0 : 1, 40), place(draw)] as const,
    reference(n, at) {
      const { data } = bits([n], at);
      const order = Array.from(data, (_, i) => i).sort((i, j) => data[i]! - data[j]! || i - j);
      return generate([n], 'int32', (_, i) => order[i]!);
    },
    bad: [{ what: 'a fraction', call: () => t.randPerm(2.5), error: ShapeError, message: /randPerm.*2\.5/ }],
  }),
];
