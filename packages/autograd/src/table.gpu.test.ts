import { describe, expect, test } from 'vitest';
import { operations } from '../../tensor/src/ops/table/index.js';
import { seedFor, testSeed } from '../../tensor/src/ops/table/run.js';
import { grad, realize, type Tensor } from './index.js';
import { caseOf, evaluate, inner, noise, randomLike } from './table.testing.js';

const seed = testSeed(process.env);
const samples = Number(process.env['CHIARO_GRADIENTS_GPU'] ?? 3);
console.log(`gradients of the operation table on the GPU: CHIARO_SEED=${seed}, ${samples} samples each`);

/**
 * Derivatives of functions within a few ulp are within a few more: this many units of 2^-24 of the gradient's largest
 * element, besides the operation's own tolerance.
 */
const slack = 64;

describe('the GPU gradient is the reference gradient', () => {
  test.each(operations.filter((o) => o.gradient !== false).map((o) => [o.name, o] as const))(
    '%s',
    async (name, operation) => {
      for (let i = 0; i < samples; i++) {
        const c = caseOf(operation, seedFor(seed, name, i), 0.3);
        if (c.variables.length === 0) continue;
        const random = noise(c.seed);
        const outputs = c.call(c.variables);
        if (evaluate(outputs, c.values).some((a) => a.some((x) => !Number.isFinite(x)))) continue;
        const u = outputs.map((o) => randomLike(o, random, c.values));
        const gradients = grad((given: readonly Tensor[]) => inner(c.call(given), u))(c.variables) as Tensor[];
        const exact = evaluate(gradients, c.values);
        await realize(...gradients);
        for (const [k, g] of gradients.entries()) {
          const size = Array.from(exact[k]!).reduce((m, x) => Math.max(m, Math.abs(x)), 0.05);
          const allowed = (slack + 4 * operation.tolerance.ulp) * 2 ** -24 * size + (operation.tolerance.absolute ?? 0);
          (await g.data()).forEach((x, at) => {
            const error = Math.abs(x - exact[k]![at]!);
            if (!(error <= allowed)) {
              expect.fail(
                `${name} (sample seed ${c.seed}): gradient ${k}[${at}] is ${x}, reference ${exact[k]![at]} (allowed ${allowed})`,
              );
            }
          });
        }
      }
    },
  );
});
