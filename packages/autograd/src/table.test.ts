import { describe, expect, test } from 'vitest';
import { operations } from '../../tensor/src/ops/table/index.js';
import { seedFor, testSeed } from '../../tensor/src/ops/table/run.js';
import { grad, jvp, type Tensor } from './index.js';
import { caseOf, dot, evaluate, inner, moveBy, noise, randomLike, type Case } from './table.testing.js';

const seed = testSeed(process.env);
const samples = Number(process.env['CHIARO_GRADIENTS'] ?? 12);
console.log(`gradients of the operation table: CHIARO_SEED=${seed}, ${samples} samples each`);

/** Functions of order are linear in pieces: a small step stays inside of one. */
const step = (name: string): number => (/^(sort|topK|cumM|max|min)/.test(name) ? 1e-7 : 1e-6);
const claimed = operations.filter((o) => o.gradient !== false);

const check = (c: Case, what: string, found: number, expected: number, scale: number): void => {
  const error = Math.abs(found - expected);
  if (!(error <= 1e-6 * scale + 1e-8)) {
    expect.fail(`${c.name} (sample seed ${c.seed}): ${what}: ${found}, expected ${expected} (scale ${scale})`);
  }
};

/** The derivative of a scalar function along a direction, by central differences, against its gradient. */
function againstDifferences(c: Case, what: string, s: Tensor, gradients: readonly Tensor[]): void {
  const random = noise(c.seed + 1);
  const found = evaluate(gradients, c.values);
  for (let k = 0; k < 2; k++) {
    const v = c.variables.map((t) => Float64Array.from({ length: t.size }, random));
    const h = step(c.name);
    const at = (sign: number): number => evaluate([s], c.values, moveBy(sign * h, c.variables, v, c.values))[0]![0]!;
    const [up, down] = [at(1), at(-1)];
    const scale =
      dot(
        found.map((f) => f.map(Math.abs)),
        v.map((d) => d.map(Math.abs)),
      ) +
      Math.abs(up) +
      1e-3;
    check(c, what, dot(found, v), (up - down) / (2 * h), scale);
  }
}

describe.each(claimed.map((o) => [o.name, o] as const))('%s', (name, operation) => {
  const claim = operation.gradient as Exclude<typeof operation.gradient, false>;

  test(`reverse against differences and forward${claim.second ? ', twice' : ''}`, () => {
    for (let i = 0; i < samples; i++) {
      const c = caseOf(operation, seedFor(seed, name, i));
      if (c.variables.length === 0) continue;
      const random = noise(c.seed);
      const outputs = c.call(c.variables);
      if (evaluate(outputs, c.values).some((a) => a.some((x) => !Number.isFinite(x)))) continue;
      const u = outputs.map((o) => randomLike(o, random, c.values));
      const scalar = (given: readonly Tensor[]): Tensor => inner(c.call(given), u);
      const gradients = grad(scalar)(c.variables) as Tensor[];
      againstDifferences(c, 'reverse', scalar(c.variables), gradients);

      const v = c.variables.map((t) => randomLike(t, random, c.values));
      const [, tangents] = jvp(c.call, c.variables, v as never) as [unknown, Tensor[]];
      const [ju, gv] = evaluate([inner(tangents, u), inner(gradients, v)], c.values).map((a) => a[0]!);
      const g = evaluate(gradients, c.values);
      check(
        c,
        'forward against reverse',
        ju!,
        gv!,
        1e-3 *
          (dot(
            g.map((a) => a.map(Math.abs)),
            v.map((t) => c.values.get(t.node)!.map(Math.abs)),
          ) +
            1e-3),
      );

      if (!claim.second || i >= samples / 2) continue;
      const w = c.variables.map((t) => randomLike(t, random, c.values));
      const once = (given: readonly Tensor[]): Tensor => inner(grad(scalar)(given) as Tensor[], w);
      againstDifferences(c, 'second order', once(c.variables), grad(once)(c.variables) as Tensor[]);
    }
  });
});
