// Cases of bench:peers with derivatives: inputs, what must come out, and how exactly. The suite autograd runs the same.
import { fill, scatteredRows } from './inputs.mjs';
import { expectElements } from './tensorCases.mjs';

export const mlpDims = [256, 512, 512, 10];
export const mlpBatch = 128;
export const adam = { lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8 };
export const gatherCount = 1000;
const tableRows = 4096;

/** Weights and biases of the three layers, a batch and its classes. */
function mlpInputs() {
  const classes = mlpDims[3];
  const layers = [0, 1, 2].flatMap((l) => {
    const [i, o] = [mlpDims[l], mlpDims[l + 1]];
    return [
      [`w${l}`, { data: fill(i * o, 20 + l, Math.sqrt(3 / i)), shape: [i, o] }],
      [`b${l}`, { data: new Float32Array(o), shape: [o] }],
    ];
  });
  const y = new Float32Array(mlpBatch * classes);
  for (let i = 0; i < mlpBatch; i++) y[i * classes + ((i * 7) % classes)] = 1;
  return {
    ...Object.fromEntries(layers),
    x: { data: fill(mlpBatch * mlpDims[0], 10), shape: [mlpBatch, mlpDims[0]] },
    y: { data: y, shape: [mlpBatch, classes] },
  };
}

/** The rows that gather number k takes. */
export const gatheredRows = (k) => scatteredRows(64, tableRows).map((i) => (i + 4 * k) % tableRows);

const side = 128;
const square = (seed, scale) => ({ data: fill(side * side, seed, scale), shape: [side, side] });

/** Gradient with respect to p of mean((tanh(x p) p)^2), in float64. */
function networkGradient(x, p) {
  const n = side;
  const product = (f) =>
    Float64Array.from({ length: n * n }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += f(Math.floor(at / n), k, at % n);
      return sum;
    });
  const t = product((i, k, j) => x[i * n + k] * p[k * n + j]).map(Math.tanh);
  const dy = product((i, k, j) => t[i * n + k] * p[k * n + j]).map((v) => (2 * v) / (n * n));
  const da = product((i, k, j) => dy[i * n + k] * p[j * n + k]).map((v, at) => v * (1 - t[at] ** 2));
  return product((i, k, j) => t[k * n + i] * dy[k * n + j] + x[k * n + i] * da[k * n + j]);
}

export const gradientCases = {
  // one training step, cross entropy and Adam; the output is the loss of the first three steps
  mlp_step: {
    inputs: mlpInputs,
    tolerance: 2e-4,
    work: {},
    check: (output) => expectElements(output, 3, 1e-4, (i) => [2.3726, 2.0615, 1.7895][i]),
  },
  // gradient of the sum of 1,000 operations in a row
  deep_chain_1000: {
    inputs: () => ({ x: { data: fill(4096, 5), shape: [4096] } }),
    tolerance: 1e-4,
    work: {},
    check: (output) => expectElements(output, 4096, 1e-4, () => 0.999 ** 500),
  },
  // gradient of the sum of 1,000 squared gathers from one table
  gathers_1000: {
    inputs: () => ({
      table: { data: fill(tableRows * 3, 8), shape: [tableRows, 3] },
      rows: {
        data: Int32Array.from({ length: gatherCount }, (_, k) => k).reduce(
          (all, k) => {
            all.set(gatheredRows(k), 64 * k);
            return all;
          },
          new Int32Array(64 * gatherCount),
        ),
        shape: [gatherCount, 64],
      },
    }),
    tolerance: 1e-3,
    work: {},
    check(output, { table, rows }) {
      const want = new Float64Array(table.data.length);
      for (const row of rows.data) for (let c = 0; c < 3; c++) want[3 * row + c] += 2 * table.data[3 * row + c];
      expectElements(output, want.length, 1e-3, (i) => want[i]);
    },
  },
  // Hessian of a two-layer network times a vector
  hvp_128: {
    inputs: () => ({ x: square(1), w: square(2, 0.1), v: square(3) }),
    tolerance: 1e-5,
    work: {},
    check(output, { x, w, v }) {
      const at = (h) =>
        networkGradient(
          x.data,
          Float64Array.from(w.data, (p, i) => p + h * v.data[i]),
        );
      const [up, down] = [at(1e-5), at(-1e-5)];
      expectElements(output, up.length, 1e-5, (i) => (up[i] - down[i]) / 2e-5);
    },
  },
};
