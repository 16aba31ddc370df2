import { afterAll, describe, expect, test } from 'vitest';
import { evaluateNodes, toHostArray } from '../device/reference.js';
import { realize } from '../index.js';
import type { HostArray } from '../kernel/dispatch.js';
import { deviceInfo } from '../runtime/profile.js';
import { randomProgram, type RandomProgram } from './randomProgram.testing.js';

/** `CHIARO_FUZZ=200000` for the long run; `CHIARO_SEED` repeats one. */
const programs = Number(process.env['CHIARO_FUZZ'] ?? 20_000);
const gpuPrograms = 1000;
/** Programs in a row that share a structure: a new one takes some 200 ms of compilation on a software GPU. */
const sameStructure = 10;
const seed = Number(process.env['CHIARO_SEED'] ?? Math.floor(Math.random() * 2 ** 30));

const evaluate = ({ roots }: RandomProgram, fusion: boolean): HostArray[] =>
  evaluateNodes(
    roots.map((t) => t.node),
    (n) => toHostArray(n.data!, n.dtype),
    { fusion },
  );

/** The first element that differs by more than `tolerance` of the largest one. */
function difference(actual: ArrayLike<number>, expected: HostArray, tolerance: number): string | undefined {
  let scale = 1;
  for (const v of expected) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  for (const [i, v] of expected.entries()) {
    const close = Math.abs(actual[i]! - v) <= tolerance * scale || Object.is(actual[i], v);
    if (!close) return `element ${i} is ${actual[i]} instead of ${v}`;
  }
  return undefined;
}

function fail(at: number, program: RandomProgram, root: number, what: string): never {
  throw new Error(`CHIARO_SEED=${seed}, program ${at}, result ${root}: ${what}\n${program.text}`);
}

describe(`random programs, seed ${seed}`, () => {
  afterAll(() => {
    process.stdout.write(
      `fuzz: CHIARO_SEED=${seed}, ${programs} programs on the reference, ${gpuPrograms} on the GPU\n`,
    );
  });

  test(
    `${programs} programs: fused equals unfused on the reference device`,
    () => {
      for (let at = 0; at < programs; at++) {
        const program = randomProgram(seed + at);
        const fused = evaluate(program, true);
        evaluate(program, false).forEach((expected, root) => {
          const what = difference(fused[root]!, expected, 1e-12);
          if (what) fail(at, program, root, what);
        });
        program.roots.forEach((t) => t.dispose());
      }
    },
    20 * 60_000,
  );

  test(`${gpuPrograms} programs: the GPU equals the reference`, { timeout: 10 * 60_000 }, async () => {
    const before = (await deviceInfo()).kernels;
    for (let at = 0; at < gpuPrograms; at++) {
      const program = randomProgram(seed + Math.floor(at / sameStructure), seed + at);
      const expected = evaluate(program, false);
      await realize(...program.roots);
      for (const [root, t] of program.roots.entries()) {
        const what = difference(await t.data(), expected[root]!, 1e-5);
        if (what) fail(at, program, root, what);
      }
    }
    const { kernels } = await deviceInfo();
    process.stdout.write(`fuzz: ${kernels - before} distinct kernels\n`);
    expect(kernels).toBeGreaterThan(before);
  });
});
