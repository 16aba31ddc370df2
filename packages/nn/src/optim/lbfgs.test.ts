import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, concat, Parameter, tensor, type Tensor } from '../engine.js';
import { LBFGS, type LBFGSOptions } from './index.js';
import { strongWolfe, type LinePoint } from './strongWolfe.js';

/** PyTorch's values: made by packages/nn/reference/optimizers.py. */
const { start, lbfgs: cases } = JSON.parse(
  readFileSync(new URL('../../reference/optimizers.json', import.meta.url), 'utf8'),
) as {
  start: (number[] | number[][])[];
  lbfgs: {
    options: { max_iter: number; max_eval?: number; history_size?: number; lr?: number; line_search_fn?: string };
    steps: { loss: number; parameters: number[][]; evaluations: number }[];
  }[];
};

/** The reference's loss, with its gradient in the parameters. */
function valley(parameters: readonly Parameter[]): Tensor {
  const x = concat(parameters.map((p) => p.reshape([-1])));
  const [head, tail] = [x.narrow(0, 0, x.size - 1), x.narrow(0, 1, x.size - 1)];
  const loss = tail.sub(head.square()).square().mul(10).add(head.sub(1).square()).sum();
  loss.backward();
  return loss;
}

const made = (): Parameter[] => start.map((values) => new Parameter(tensor(values as number[])));

describe('L-BFGS', () => {
  test.each(cases.map((c) => [JSON.stringify(c.options), c] as const))(
    "ten steps are PyTorch's, with %s",
    async (_, { options, steps }) => {
      const given: Partial<LBFGSOptions> = {
        lr: options.lr ?? 1,
        maxIterations: options.max_iter,
        ...(options.max_eval === undefined ? {} : { maxEvaluations: options.max_eval }),
        ...(options.history_size === undefined ? {} : { history: options.history_size }),
        lineSearch: options.line_search_fn ? 'strongWolfe' : 'none',
      };
      const parameters = made();
      const lbfgs = new LBFGS(parameters, given);
      const evaluate = compile(() => valley(parameters));
      for (const [i, expected] of steps.entries()) {
        const loss = await lbfgs.step(evaluate);
        expect(Math.abs(loss - expected.loss) / Math.max(1, expected.loss), `loss ${i}`).toBeLessThan(1e-4);
        expect(lbfgs.evaluations, `evaluations ${i}`).toBe(expected.evaluations);
        const found = (await Promise.all(parameters.map((p) => p.data()))).flatMap((p) => [...p]);
        const far = Math.max(...expected.parameters.flat().map((v, k) => Math.abs(v - found[k]!)));
        expect(far, `parameters ${i}`).toBeLessThan(1e-4);
      }
    },
  );

  test('reaches the bottom of the valley, not compiled, and stays there', async () => {
    const parameters = made();
    const lbfgs = new LBFGS(parameters);
    for (let i = 0; i < 4; i++) await lbfgs.step(() => valley(parameters));
    for (const p of parameters) for (const v of await p.data()) expect(Math.abs(v - 1)).toBeLessThan(1e-3);
    const before = lbfgs.evaluations;
    expect(await lbfgs.step(() => valley(parameters))).toBeLessThan(1e-6);
    expect(lbfgs.evaluations - before).toBeLessThan(30);
    expect(parameters.every((p) => p.grad === null)).toBe(true);
  });

  test('what does not fit is said at once, and a loss that is NaN before anything moves', async () => {
    const p = new Parameter([2]);
    expect(() => new LBFGS(p, { lr: 0 })).toThrow(/LBFGS: lr must be above 0, got 0/);
    expect(() => new LBFGS(p, { history: 0.5 })).toThrow(/history.*0\.5/);
    expect(() => new LBFGS([])).toThrow(/LBFGS: there are no parameters/);
    const lbfgs = new LBFGS(p);
    const broken = (): Tensor => {
      const loss = p.neg().log().sum();
      loss.backward();
      return loss;
    };
    await expect(lbfgs.step(broken)).rejects.toThrow(/loss is NaN/);
    expect(await p.item()).toBe(2);
  });
});

test('the line search comes back from where a loss is not finite', async () => {
  // -log(1 - t) + ... has no value from t = 1 on; the first step is far beyond
  const at = (t: number): Promise<LinePoint> =>
    Promise.resolve({
      t,
      value: t < 1 ? -2 * t - Math.log(1 - t) : NaN,
      slope: t < 1 ? -2 + 1 / (1 - t) : NaN,
      gradient: new Float64Array(1),
    });
  const { point } = await strongWolfe(at, await at(0), 40, 1, 1e-9);
  expect(Math.abs(point.slope)).toBeLessThanOrEqual(0.9);
  expect(point.value).toBeLessThan(0);
});
