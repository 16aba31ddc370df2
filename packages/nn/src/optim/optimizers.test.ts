import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, Generator, memory, Parameter, randn, tensor, type Tensor } from '../engine.js';
import {
  Adadelta,
  Adam,
  AdamUniform,
  AdamW,
  cosineDecay,
  exponentialDecay,
  MovingAverage,
  ReduceOnPlateau,
  RMSprop,
  Schedule,
  SGD,
  stepDecay,
  warmUp,
  type Optimizer,
  type OptimizerInput,
  type RateFactor,
} from './index.js';

/** PyTorch's values: made by packages/nn/reference/optimizers.py. */
type TorchOptions = Readonly<Record<string, number | boolean | readonly number[]>>;
interface Reference {
  readonly name: string;
  readonly groups: readonly ({ readonly params: readonly number[] } & TorchOptions)[];
  readonly options: TorchOptions;
  readonly without: readonly (readonly number[])[];
  readonly steps: readonly (readonly (readonly number[])[])[];
}
const file = new URL('../../reference/optimizers.json', import.meta.url);
const { start, cases, rates, measures } = JSON.parse(readFileSync(file, 'utf8')) as {
  start: (number[] | number[][])[];
  cases: Reference[];
  rates: Readonly<Record<string, readonly number[]>>;
  measures: readonly number[];
};

/** PyTorch's options by our names. */
const optionsOf = ({ weight_decay: weightDecay, ...rest }: TorchOptions): object =>
  weightDecay === undefined ? rest : { ...rest, weightDecay };

const makers: Readonly<Record<string, (params: OptimizerInput<never>, options: object) => Optimizer>> = {
  Adam: (params, options) => new Adam(params, options),
  uniform: (params, options) => new AdamUniform(params, options),
  AdamW: (params, options) => new AdamW(params, options),
  SGD: (params, options) => new SGD(params, options),
  RMSprop: (params, options) => new RMSprop(params, options),
  Adadelta: (params, options) => new Adadelta(params, options),
};

/** The gradient that the reference gives to a parameter at a step. */
const gradientAt = (p: Parameter, t: Tensor | number): Tensor => {
  const places = tensor(
    Float32Array.from({ length: p.size }, (_, i) => i),
    p.shape,
  );
  return places
    .add(typeof t === 'number' ? 1.7 * t : t.mul(1.7))
    .cos()
    .add(p.detach().mul(0.1));
};

const furthest = (found: ArrayLike<number>, expected: readonly number[]): number =>
  expected.reduce((worst, x, i) => Math.max(worst, Math.abs(found[i]! - x)), 0);

function start2(): Parameter[] {
  return start.map((values) => new Parameter(tensor(values as number[])));
}

describe('against PyTorch, ten steps', () => {
  const named = cases.map((c) => [`${c.name} ${JSON.stringify(c.options)}`, c] as const);

  test.each(named)('%s', async (_, { name, groups, options, without, steps }) => {
    const parameters = start2();
    const optimizer = makers[name]!(
      groups.map(({ params, ...own }) => ({ ...optionsOf(own), params: params.map((i) => parameters[i]!) })),
      optionsOf(options),
    );
    for (const [t, expected] of steps.entries()) {
      parameters.forEach((p, k) => (p.grad = without[k]!.includes(t) ? null : gradientAt(p, t)));
      optimizer.step();
      for (const [k, p] of parameters.entries()) {
        expect(furthest(await p.data(), expected[k]!), `step ${t}, parameter ${k}`).toBeLessThan(2e-6);
      }
    }
  });

  test('compiled: one recording, also when a rate changes and comes back from a checkpoint', async () => {
    const { steps } = cases.find((c) => c.groups.length === 2)!;
    const parameters = start2();
    const make = (): Adam =>
      new Adam(
        [
          { params: parameters[0]!, lr: 1 },
          { params: { nested: [parameters[1]!] }, weightDecay: 0.2 },
        ],
        { lr: 0.2 },
      );
    const adam = make();
    adam.groups[0]!.lr = 0.03;
    const step = compile((t: number) => {
      const time = t as unknown as Tensor;
      parameters.forEach((p) => (p.grad = gradientAt(p, time)));
      adam.step();
      adam.zeroGrad();
    });
    for (let t = 0; t < 5; t++) step(t);
    const saved = await adam.save();
    const values = await Promise.all(parameters.map(async (p) => tensor(await p.data(), p.shape)));
    adam.groups[0]!.lr = 7;
    for (let t = 5; t < 7; t++) step(t); // astray
    parameters.forEach((p, k) => p.assign(values[k]!));
    adam.load(saved);
    expect(adam.groups.map((g) => Number(g.lr.toFixed(6)))).toEqual([0.03, 0.2]);
    for (let t = 5; t < 10; t++) step(t);
    for (const [k, p] of parameters.entries()) expect(furthest(await p.data(), steps[9]![k]!)).toBeLessThan(5e-6);
    expect(step.kernels.length).toBe(1);
    const narrower = new Adam(new Parameter([1, 2]));
    expect(() => narrower.load(saved)).toThrow(/entries/);
  });
});

test('a small network learns the product of two numbers', async () => {
  const generator = new Generator(3);
  const x = randn([256, 2], { generator });
  const y = x.select(1, 0).mul(x.select(1, 1)).unsqueeze(1);
  const layer = (wide: number, high: number): { weight: Parameter; bias: Parameter } => ({
    weight: new Parameter(randn([wide, high], { generator }).mul(Math.sqrt(2 / wide))),
    bias: Parameter.zeros([high]),
  });
  const network = [layer(2, 32), layer(32, 32), layer(32, 1)];
  const adam = new Adam(network, { lr: 1e-2 });
  const step = compile(() => {
    const out = network.reduce((h, l, i) => (i === 0 ? h : h.relu()).matmul(l.weight).add(l.bias), x);
    const loss = out.sub(y).square().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  const first = await step().item();
  for (let i = 0; i < 300; i++) step();
  expect(first).toBeGreaterThan(0.5);
  expect(await step().item()).toBeLessThan(0.01);
});

test('one kernel for a parameter, one for all corrections; memory stays flat', async () => {
  const parameters = [Parameter.full([300], 1), Parameter.full([20, 20], 1), Parameter.full([7, 5, 3], 1)];
  const gradients = parameters.map((p) => tensor(new Float32Array(p.size).fill(0.5), p.shape));
  const adam = new Adam(parameters);
  const step = compile(() => {
    parameters.forEach((p, i) => (p.grad = gradients[i]!));
    adam.step();
    adam.zeroGrad();
  });
  for (let i = 0; i < 3; i++) step();
  await parameters[0]!.data();
  expect(step.kernels).toEqual([4]);
  const before = memory();
  for (let i = 0; i < 100; i++) step();
  await parameters[0]!.data();
  expect(memory().liveBytes).toBe(before.liveBytes);
  expect(memory().pooledBytes).toBeLessThanOrEqual(before.pooledBytes);
});

test('what does not fit is said at once', () => {
  const p = new Parameter([1]);
  const make =
    (input: unknown, options = {}) =>
    () =>
      new Adam(input as Parameter, options);
  expect(make(tensor([1]))).toThrow(/Adam: takes Parameters.*got a Tensor/);
  expect(make([p, { deep: [p] }])).toThrow(/stands twice/);
  expect(make([])).toThrow(/no parameters/);
  expect(make(p, { lr: -1 })).toThrow(/learning rate.*-1/);
  expect(make(p, { lr: NaN })).toThrow(/learning rate.*NaN/);
  expect(make(p, { betas: [0.9, 1] })).toThrow(/betas.*0\.9, 1/);
  expect(make([{ params: [p], eps: -1 }])).toThrow(/eps.*-1/);
  expect(make([{ params: [p], weightDecay: -1 }])).toThrow(/weightDecay/);
  expect(() => new SGD(p, { nesterov: true })).toThrow(/nesterov needs a momentum/);
  expect(() => new RMSprop(p, { alpha: 1 })).toThrow(/alpha.*1/);
  expect(() => new Adadelta(p, { rho: -0.1 })).toThrow(/rho.*-0\.1/);
});

describe('learning rates', () => {
  const factors: Readonly<Record<string, RateFactor>> = {
    stepDecay: stepDecay({ every: 3, gamma: 0.5 }),
    exponentialDecay: exponentialDecay(0.9),
    cosineDecay: cosineDecay({ over: 11, floor: 0.1 }),
    warmUp: warmUp({ over: 5, from: 0.25 }),
  };
  const made = (): SGD => new SGD(new Parameter([1]), { lr: 0.5 });

  test.each(Object.keys(factors))("%s is PyTorch's, from any step on", (name) => {
    const sgd = made();
    const schedule = new Schedule(sgd, factors[name]!);
    for (const [t, expected] of rates[name]!.entries()) {
      expect(sgd.groups[0]!.lr, `step ${t}`).toBeCloseTo(expected, 7);
      schedule.step();
    }
    schedule.steps = 4;
    expect(sgd.groups[0]!.lr).toBeCloseTo(rates[name]![4]!, 7);
    expect(() => (schedule.steps = -1)).toThrow(/whole number/);
  });

  test("on a plateau, as PyTorch's", () => {
    const sgd = made();
    let plateau = new ReduceOnPlateau(sgd, { factor: 0.2, patience: 2, cooldown: 1, floor: 0.03 });
    for (const [t, expected] of rates['plateau']!.entries()) {
      expect(sgd.groups[0]!.lr, `step ${t}`).toBeCloseTo(expected, 7);
      plateau.step(measures[t]!);
      const resumed = new ReduceOnPlateau(sgd, { factor: 0.2, patience: 2, cooldown: 1, floor: 0.03 });
      resumed.load(plateau.save());
      plateau = resumed;
    }
  });
});

test('the moving average follows the parameter and changes places with it', async () => {
  const p = new Parameter([1, 2]);
  const average = new MovingAverage([p], { decay: 0.9 });
  const step = compile(() => {
    p.assign(p.add(1));
    average.update();
  });
  for (let i = 0; i < 3; i++) step();
  average.swap();
  // 0.9 (0.9 (0.9 a + 0.1 (a + 1)) + 0.1 (a + 2)) + 0.1 (a + 3) = a + 0.561
  expect(furthest(await p.data(), [1.561, 2.561])).toBeLessThan(1e-6);
  average.swap();
  expect(Array.from(await p.data())).toEqual([4, 5]);
});
