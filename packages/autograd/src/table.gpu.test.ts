import { isFloat, type HostArray, type Node } from '@chiaro/tensor/engine';
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

/** How far the exact gradients move if every real number that goes in is off by up to `slack` units. */
function sensitivity(
  gradients: readonly Tensor[],
  values: Map<Node, HostArray>,
  exact: readonly HostArray[],
  random: () => number,
): Float64Array[] {
  const moved = exact.map((g) => new Float64Array(g.length));
  for (let i = 0; i < 3; i++) {
    const near = new Map(
      [...values].map(([node, v]) => [
        node,
        isFloat(node.dtype) ? v.map((x) => x * (1 + slack * 2 ** -24 * random())) : v,
      ]),
    );
    for (const [k, g] of evaluate(gradients, near).entries()) {
      g.forEach((x, at) => (moved[k]![at] = Math.max(moved[k]![at]!, Math.abs(x - exact[k]![at]!))));
    }
  }
  return moved;
}

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
        const moved = sensitivity(gradients, c.values, exact, random);
        await realize(...gradients);
        for (const [k, g] of gradients.entries()) {
          const size = Array.from(exact[k]!).reduce((m, x) => Math.max(m, Math.abs(x)), 0.05);
          const ownError =
            (slack + 4 * operation.tolerance.ulp) * 2 ** -24 * size + (operation.tolerance.absolute ?? 0);
          (await g.data()).forEach((x, at) => {
            // terms that a broadcast input sums up may cancel: what is left is off by units of the terms
            const allowed = ownError + moved[k]![at]!;
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
