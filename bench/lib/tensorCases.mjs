// The cases of the tensor suite and of bench:peers: inputs, what the output must be, and how much work it is.
import { fill, scatteredRows } from './inputs.mjs';

/**
 * @typedef {{ data: Float32Array | Int32Array, shape: number[] }} Input
 * @typedef {object} TensorCase
 * @property {() => Record<string, Input>} inputs
 * @property {(output: ArrayLike<number>, inputs: Record<string, Input>) => void} check throws unless the output is
 *   what float64 arithmetic gives
 * @property {number} tolerance how far an element may be off, in absolute terms
 * @property {{ flops?: number, bytes?: number }} work arithmetic, or bytes that must be read and written at least
 */

/** Throws unless every element is within the tolerance of `expected(index)`. */
export function expectElements(output, length, tolerance, expected) {
  if (output.length !== length) throw new Error(`${output.length} elements instead of ${length}`);
  for (let i = 0; i < length; i++) {
    const want = expected(i);
    if (!(Math.abs(output[i] - want) <= tolerance)) {
      throw new Error(`element ${i} is ${output[i]} instead of ${want} (tolerance ${tolerance})`);
    }
  }
}

const elements = 2 ** 22;

function matmul(n, batch = 1) {
  const shape = batch === 1 ? [n, n] : [batch, n, n];
  const tolerance = n * 1e-6;
  return {
    inputs: () => ({ a: { data: fill(batch * n * n, 1), shape }, b: { data: fill(batch * n * n, 2), shape } }),
    tolerance,
    work: { flops: 2 * batch * n ** 3 },
    // C x = A (B x) for a random x catches every wrong element at the cost of three products with a vector
    check(output, { a, b }) {
      const x = fill(n, 3);
      const times = (matrix, at, vector) => {
        const out = new Float64Array(n);
        for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) out[i] += matrix[at + i * n + k] * vector[k];
        return out;
      };
      for (let at = 0; at < batch * n * n; at += n * n) {
        const want = times(a.data, at, times(b.data, at, x));
        expectElements(times(output, at, x), n, 2 * tolerance * Math.sqrt(n), (i) => want[i]);
      }
    },
  };
}

/** A case over `count` numbers whose elements are known one by one. */
function map(inputs, tolerance, bytes, expected) {
  return {
    inputs,
    tolerance,
    work: { bytes },
    check(output, given) {
      const of = expected(...Object.values(given).map(({ data }) => data));
      expectElements(output, of.length, tolerance, of.at);
    },
  };
}

const x4m = () => ({ data: fill(elements, 6), shape: [elements] });
const gathered = { table: 262_144, rows: 1_048_576, columns: 3 };
const rowNumbers = () => ({ data: scatteredRows(gathered.rows, gathered.table), shape: [gathered.rows] });

/** Sums of runs of `length` numbers, in float64. */
function sums(data, length) {
  const out = new Float64Array(data.length / length);
  for (let i = 0; i < data.length; i++) out[Math.floor(i / length)] += data[i];
  return { length: out.length, at: (i) => out[i] };
}

function runningSums(data, length) {
  let sum = 0;
  const out = Float64Array.from(data, (v, i) => (sum = (i % length === 0 ? 0 : sum) + v));
  return { length: out.length, at: (i) => out[i] };
}

function scatter(tolerance) {
  const { table, rows, columns } = gathered;
  return map(
    () => ({ index: rowNumbers(), source: { data: fill(rows * columns, 9), shape: [rows, columns] } }),
    tolerance,
    4 * (rows * (columns + 1) + table * columns),
    (index, source) => {
      const out = new Float64Array(table * columns);
      source.forEach((v, i) => (out[index[Math.floor(i / columns)] * columns + (i % columns)] += v));
      return { length: out.length, at: (i) => out[i] };
    },
  );
}

/** @type {Readonly<Record<string, TensorCase>>} */
export const tensorCases = {
  matmul_512: matmul(512),
  matmul_1024: matmul(1024),
  bmm_16x128: matmul(128, 16),
  // relu(exp(sin(x) * y + x) - y)
  chain6_4m: map(
    () => ({ x: x4m(), y: { data: fill(elements, 7), shape: [elements] } }),
    1e-4,
    3 * 4 * elements,
    (x, y) => ({ length: elements, at: (i) => Math.max(Math.exp(Math.sin(x[i]) * y[i] + x[i]) - y[i], 0) }),
  ),
  sum_all_4m: map(
    () => ({ x: x4m() }),
    0.05,
    4 * elements,
    (x) => sums(x, elements),
  ),
  sum_last_2048: map(
    () => ({ x: { ...x4m(), shape: [2048, 2048] } }),
    1e-3,
    4 * elements,
    (x) => sums(x, 2048),
  ),
  softmax_1024: map(
    () => ({ x: { data: fill(2 ** 20, 6, 4), shape: [1024, 1024] } }),
    1e-6,
    8 * 2 ** 20,
    (x) => {
      const e = Float64Array.from(x, Math.exp);
      const total = sums(e, 1024);
      return { length: e.length, at: (i) => e[i] / total.at(Math.floor(i / 1024)) };
    },
  ),
  gather_1m: map(
    () => ({
      table: { data: fill(gathered.table * gathered.columns, 8), shape: [gathered.table, gathered.columns] },
      index: rowNumbers(),
    }),
    0,
    4 * (gathered.rows * (2 * gathered.columns + 1)),
    (table, index) => {
      const { columns } = gathered;
      return {
        length: gathered.rows * columns,
        at: (i) => table[index[Math.floor(i / columns)] * columns + (i % columns)],
      };
    },
  ),
  // the gradient of gather_1m: rows added where they came from
  gather_1m_grad: scatter(2e-6),
  cumsum_1m: map(
    () => ({ x: { data: fill(2 ** 20, 6), shape: [2 ** 20] } }),
    0.05,
    8 * 2 ** 20,
    (x) => runningSums(x, 2 ** 20),
  ),
  cumsum_rows_1024: map(
    () => ({ x: { data: fill(2 ** 20, 6), shape: [1024, 1024] } }),
    1e-3,
    8 * 2 ** 20,
    (x) => runningSums(x, 1024),
  ),
  sort_1m: map(
    () => ({ x: { data: fill(2 ** 20, 6), shape: [2 ** 20] } }),
    0,
    8 * 2 ** 20,
    (x) => {
      const sorted = Float32Array.from(x).sort();
      return { length: sorted.length, at: (i) => sorted[i] };
    },
  ),
};
