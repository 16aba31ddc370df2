import type { DType } from '../dtype.js';
import { DTypeError } from '../errors.js';
import type { ElementName } from '../program/declaration.js';
import { defineProgram, type ScratchSpec } from '../program/define.js';
import { broadcastShapes, normalizeDim, sizeOf } from '../shape.js';
import { tidy } from '../runtime/tidy.js';
import { live, type Tensor } from '../tensor.js';
import { wgsl } from '../wgsl/link.js';
import { inFloat32 } from './apply.js';
import { isFinite, where } from './math.js';
import { narrow, pad } from './movement.js';
import { cumMax } from './scan.js';

/** Which way a recurrence runs. */
export interface RecurrenceOptions {
  /** From the end instead of the start. */
  readonly reverse?: boolean;
}

/**
 * Elements that one invocation takes in order: whole lines where they are short or many, else about the root of the
 * length, so that three passes of that length do a line.
 */
function chunkOf(lines: number, length: number): number {
  if (length <= 256 || (lines >= 64 && length <= 4096)) return Math.max(1, length);
  return Math.ceil(Math.sqrt(length));
}

/** Where step k of a line stands. */
const places = wgsl`
  fn place(line: u32, k: u32) -> u32 {
    return (line / I * N + select(k, N - 1u - k, reverse == 1u)) * I + line % I;
  }`;

const recurrenceProgram = (element: ElementName) => {
  const zero = element === 'f32' ? '0.0' : `${element}(0)`;
  const one = element === 'f32' ? '1.0' : `${element}(1)`;
  const run = wgsl`${places}
    fn run(line: u32, first: u32, before: ${element}) {
      var y = before;
      for (var k = first; k < min(first + chunk, N); k++) {
        let at = place(line, k);
        y = select(a[at] * y, ${zero}, k == 0u) + b[at];
        result[at] = y;
      }
    }`;
  const program = defineProgram({
    name: 'linearRecurrence',
    inputs: { a: `${element}[O, N, I]`, b: `${element}[O, N, I]` },
    options: { reverse: 'u32', chunk: 'u32', chunks: 'u32' },
    outputs: ({ b }) => ({ result: { dtype: element, shape: b.shape } }),
    scratch: ({ O, I }, { chunks }): Readonly<Record<string, ScratchSpec>> => {
      const length = O! * I! * chunks;
      return chunks === 1 ? {} : { factors: { element, length }, carries: { element, length } };
    },
    dispatches: ({ O, I }, { chunks }) => {
      const lines = O! * I!;
      if (chunks === 1) return [{ items: lines, code: wgsl`${run} fn item(i: u32) { run(i, 0u, ${zero}); }` }];
      return [
        {
          items: lines * chunks,
          label: 'chunks from nothing',
          code: wgsl`${places}
          fn item(i: u32) {
            let first = i % chunks * chunk;
            var factor = ${one};
            var y = ${zero};
            for (var k = first; k < min(first + chunk, N); k++) {
              let at = place(i / chunks, k);
              let by = select(a[at], ${zero}, k == 0u);
              factor *= by;
              y = select(a[at] * y, ${zero}, k == 0u) + b[at];
            }
            factors[i] = factor;
            carries[i] = y;
          }`,
        },
        {
          items: lines,
          label: 'what enters each chunk',
          code: wgsl`fn item(i: u32) {
            var y = ${zero};
            for (var c = 0u; c < chunks; c++) {
              let at = i * chunks + c;
              let next = select(factors[at] * y, ${zero}, c == 0u) + carries[at];
              carries[at] = y;
              y = next;
            }
          }`,
        },
        {
          items: lines * chunks,
          label: 'chunks',
          code: wgsl`${run} fn item(i: u32) { run(i / chunks, i % chunks * chunk, carries[i]); }`,
        },
      ];
    },
    reference: ({ a, b }, { reverse }) => {
      const [, N, I] = b.shape as [number, number, number];
      const result = b.data.slice();
      const step =
        element === 'f32'
          ? (by: number, y: number, plus: number): number => by * y + plus
          : (by: number, y: number, plus: number): number => (Math.imul(by, y) + plus) | 0;
      for (let line = 0; line < (N === 0 ? 0 : b.data.length / N); line++) {
        const place = (k: number): number =>
          (Math.floor(line / I) * N + (reverse === 1 ? N - 1 - k : k)) * I + (line % I);
        for (let k = 1; k < N; k++) {
          const y = step(a.data[place(k)]!, result[place(k - 1)]!, b.data[place(k)]!);
          result[place(k)] = element === 'u32' ? y >>> 0 : y;
        }
      }
      return { result };
    },
    // the adjoint runs the other way with the factors moved by one; no division, so zeros are numbers like others
    vjp: ({ gradResult }, { a }, options, { result }): { a: Tensor; b: Tensor } => {
      const back = { ...options, reverse: 1 - options.reverse };
      const { result: b } = program({ a: moved(a, options.reverse === 1 ? 1 : -1), b: gradResult }, back);
      return { a: b.mul(before(result, options.reverse)), b };
    },
    jvp: ({ tangentA, tangentB }, { a, b }, options): { result: Tensor } => {
      const y = before(program({ a, b }, options).result, options.reverse);
      return { result: program({ a, b: tangentB.add(tangentA.mul(y)) }, options).result };
    },
  });
  return program;
};

const before = (y: Tensor, reverse: number): Tensor => moved(y, reverse === 1 ? -1 : 1);

/** [O, N, I] moved by one place along the middle (+1: to the end), a zero coming in. */
function moved(x: Tensor, by: 1 | -1): Tensor {
  const n = x.shape[1]!;
  if (n === 0) return x;
  return pad(narrow(x, 1, by > 0 ? 0 : 1, n - 1), [[0, 0], by > 0 ? [1, 0] : [0, 1], [0, 0]]);
}

const programs = { f32: recurrenceProgram('f32'), i32: recurrenceProgram('i32'), u32: recurrenceProgram('u32') };
const elements: Partial<Record<DType, keyof typeof programs>> = { float32: 'f32', int32: 'i32', uint32: 'u32' };

/**
 * The recurrence y[k] = a[k] * y[k - 1] + b[k] along a dimension, y[0] = b[0]: running products and sums with decay,
 * filters, transmittance along a ray. The first factor is not used. Lines are cut into pieces that run side by side
 * (Blelloch 1990, "Prefix sums and their applications", section 1.4); the order of operations is fixed.
 *
 * Derivatives of every order are exact, zero factors included, since nothing is divided.
 * @param a factors, of b's dtype; a and b broadcast.
 * @param b float32, int32 or uint32; integers wrap.
 * @throws DTypeError for other dtypes, or two different ones.
 * @example
 * // an exponential moving average of weight 0.1
 * const y = linearRecurrence(scalar(0.9), x.mul(0.1), 0);
 */
export function linearRecurrence(
  a: Tensor,
  b: Tensor,
  dim: number,
  { reverse = false }: RecurrenceOptions = {},
): Tensor {
  live(a, 'linearRecurrence');
  const element = elements[live(b, 'linearRecurrence').dtype];
  if (!element || a.dtype !== b.dtype) {
    throw new DTypeError(
      `linearRecurrence: a and b are both float32, int32 or uint32, got ${a.dtype} and ${b.dtype}; convert with .to()`,
    );
  }
  const shape = broadcastShapes('linearRecurrence', a.shape, b.shape);
  const d = normalizeDim('linearRecurrence', dim, shape.length);
  if (sizeOf(shape) === 0) return b.expand(shape);
  return tidy(() => {
    const lines = [sizeOf(shape.slice(0, d)), shape[d]!, sizeOf(shape.slice(d + 1))] as const;
    const chunk = chunkOf(lines[0] * lines[2], lines[1]);
    const rows = (x: Tensor): Tensor => x.expand(shape).reshape(lines);
    const options = { reverse: reverse ? 1 : 0, chunk, chunks: Math.ceil(lines[1] / chunk) };
    return programs[element]({ a: rows(a), b: rows(b) }, options).result.reshape(shape);
  });
}

/**
 * log of the running sum of e^x along a dimension, without overflow: PyTorch's `logcumsumexp`. -Infinity while there is
 * nothing else; integers convert to float32.
 */
export function logCumSumExp(x: Tensor, dim: number): Tensor {
  return inFloat32('logCumSumExp', x, (wide) => {
    if (x.rank === 0) return wide.clone();
    const d = normalizeDim('logCumSumExp', dim, x.rank);
    if (x.shape[d] === 0) return wide;
    // sums are kept relative to the maximum so far, and scaled down where it grows; the result does not depend on it
    const top = cumMax(wide.detach(), d);
    const shift = where(isFinite(top), top, 0);
    const n = x.shape[d]!;
    const last = narrow(shift, d, 0, n - 1);
    const decay = where(narrow(top, d, 0, n - 1).eq(-Infinity), 0, last.sub(narrow(shift, d, 1, n - 1)).exp());
    const ahead = x.shape.map((_, k): [number, number] => (k === d ? [1, 0] : [0, 0]));
    return linearRecurrence(pad(decay, ahead), wide.sub(shift).exp(), d).log().add(shift);
  });
}
