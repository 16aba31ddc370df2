import { afterAll, describe, expect, test } from 'vitest';
import { deviceLike } from '../device/gpu/variant.testing.js';
import type { GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import type { AdapterProfile } from '../device/profile.js';
import { evaluateNodes, toHostArray } from '../device/reference.js';
import { ShapeError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { sourceOf } from '../graph/source.js';
import type { HostArray } from '../kernel/dispatch.js';
import { realizeNodes } from '../runtime/realize.js';
import { minimise, programText, randomProgram, rebuild, type RandomProgram } from './randomProgram.testing.js';

/** `CHIARO_FUZZ=200000` for the long run; `CHIARO_SEED` repeats one. */
const programs = Number(process.env['CHIARO_FUZZ'] ?? 8000);
const gpuPrograms = Number(process.env['CHIARO_FUZZ_GPU'] ?? 1000);
/** Programs in a row that share a structure: a new one takes some 100 ms of compilation on a software GPU. */
const sameStructure = 20;
const seed = Number(process.env['CHIARO_SEED'] ?? Date.now() % 1e9);

const leafData = (n: Node): HostArray => toHostArray(n.data!, n.dtype);

const evaluate = ({ tensors }: RandomProgram, fusion: boolean, leaf = leafData): HostArray[] =>
  evaluateNodes(
    tensors.map((t) => t.node),
    leaf,
    { fusion },
  );

/** The first element that differs by more than `tolerance`. */
function difference(actual: ArrayLike<number>, expected: HostArray, tolerance: number): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  for (const [i, v] of expected.entries()) {
    if (Math.abs(actual[i]! - v) <= tolerance || Object.is(actual[i], v)) continue;
    return `element ${i} is ${actual[i]} instead of ${v}`;
  }
  return undefined;
}

/** What differs between two ways to compute a program, within a tolerance relative to each result's peak. */
function mismatch(
  p: RandomProgram,
  actual: readonly ArrayLike<number>[],
  expected: readonly HostArray[],
  relative: number,
): string | undefined {
  for (const [k, e] of expected.entries()) {
    const what = difference(actual[k]!, e, p.tensors[k]!.dtype === 'float32' ? relative * p.peaks[k]! : 0);
    if (what) return `result ${k}: ${what}`;
  }
  return undefined;
}

/** Does the reference itself change when inputs move by a rounding error? Then a step or a comparison is to blame. */
function isUnstable(p: RandomProgram, expected: readonly HostArray[], relative: number): boolean {
  return [1, 2, 3, 4, 5, 6].some((k) => {
    const moved = (n: Node): HostArray =>
      n.dtype === 'float32'
        ? leafData(n).map((x, i) => x * (1 + 4e-7 * Math.sin(12.9898 * (i + 31 * k))))
        : leafData(n);
    return mismatch(p, evaluate(rebuild(p), false, moved), expected, relative / 4) !== undefined;
  });
}

/** Prints a failing program after making it as small as possible. */
function report(at: number, program: RandomProgram, check: (p: RandomProgram) => string | undefined): never {
  const what = check(rebuild(program));
  const small = minimise(program, (p) => check(p) !== undefined);
  throw new Error(
    `CHIARO_SEED=${seed}, program ${at}: ${what}\n${programText(program)}\n\nmade smaller: ${check(rebuild(small))}\n${programText(small)}`,
  );
}

const fusedAgainstUnfused = (p: RandomProgram): string | undefined => {
  try {
    return mismatch(p, evaluate(p, true), evaluate(p, false), 1e-12);
  } catch (error) {
    return `${error instanceof Error ? error.stack : JSON.stringify(error)}`;
  }
};

describe(`random programs, seed ${seed}`, () => {
  const start = performance.now();
  afterAll(() => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `fuzz: CHIARO_SEED=${seed}, ${programs} programs on the reference, ${gpuPrograms} on the GPU, ${seconds} s`,
    );
  });

  test(`${programs} programs: fused equals unfused on the reference device`, { timeout: 30 * 60_000 }, () => {
    for (let at = 0; at < programs; at++) {
      const program = randomProgram(seed + at);
      if (fusedAgainstUnfused(program) !== undefined) report(at, program, fusedAgainstUnfused);
      program.tensors.forEach((t) => t.dispose());
    }
  });

  /** Kernels as for other adapters: rows shared by 64 invocations, packed float16, and bindings so small that all is cut. */
  const variants: readonly (readonly [string, number, Partial<AdapterProfile>])[] = [
    ['as it is', 0.5, {}],
    ['as a hardware adapter', 0.25, { kind: 'hardware', shaderF16: false }],
    ['with bindings of 512 bytes', 0.25, { maxBindingBytes: 512 }],
  ];

  test.each(variants)('programs on the GPU %s', { timeout: 20 * 60_000 }, async (name, share, profile) => {
    const device = await deviceLike(profile);
    const count = Math.round(gpuPrograms * share);
    let [unstable, refused] = [0, 0];
    for (let at = 0; at < count; at++) {
      const structure = seed + Math.floor(at / sameStructure) + 7919 * name.length;
      const program = randomProgram(structure, seed + at);
      const expected = evaluate(program, false);
      const actual = await compute(program, device);
      if (actual === undefined) {
        refused++;
        continue;
      }
      const what = mismatch(program, actual, expected, 3e-6);
      if (what === undefined) continue;
      if (isUnstable(program, expected, 3e-6)) unstable++;
      else throw new Error(`CHIARO_SEED=${seed}, ${name}, program ${at}: ${what}\n${programText(program)}`);
    }
    console.log(
      `fuzz ${name}: ${count} programs, ${device.pipelines.size} kernels; ${unstable} unstable, ${refused} refused`,
    );
    expect(unstable).toBeLessThan(0.02 * count + 3);
    expect(refused).toBeLessThan(profile.maxBindingBytes === undefined ? 1 : 0.7 * count);
  });
});

/** Results of a program on a device; undefined where an operation cannot be cut to the binding limit, and says so. */
async function compute(
  { tensors, roots }: RandomProgram,
  device: GPUTensorDevice,
): Promise<ArrayLike<number>[] | undefined> {
  const nodes = tensors.map((t) => t.node);
  try {
    realizeNodes(nodes, device);
  } catch (error) {
    if (error instanceof ShapeError && /bind/.test(error.message)) return undefined;
    throw error;
  }
  return Promise.all(
    roots.map((_, k) => {
      const { source, index } = sourceOf(nodes[k]!);
      if (source.data) return Promise.resolve(source.data);
      return device.read(source.storages![index]!, tensors[k]!.dtype, tensors[k]!.size);
    }),
  );
}
