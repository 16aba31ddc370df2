// The cases of the autograd suite. Each makes its state and gives a step over tensors and numbers (uncompiled), the
// arguments of a call, and a check of what came out.
import { Cell, checkpoint, fastScatter, grad, hvp, noGrad, Parameter, tensor, zeros } from '@chiaro/autograd';
import { adam, gatherCount, gatheredRows, gradientCases, mlpBatch, mlpDims } from './gradientCases.mjs';
import { fill, scatteredRows } from './inputs.mjs';

/** For sums, whose error is relative to their terms (of size 1). */
const close = (found, expected, tolerance, what) => {
  if (!(Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)))) {
    throw new Error(`${what} is ${found} instead of ${expected}`);
  }
};

/** The tensors of a case's inputs. */
const given = (name) =>
  Object.fromEntries(
    Object.entries(gradientCases[name].inputs()).map(([k, { data, shape }]) => [k, tensor(data, shape)]),
  );

/** A training step: `logits` of the weights and the batch, cross entropy, Adam. */
function training(name, logits) {
  const { x, y, ...layers } = given(name);
  const weights = Object.values(layers).map((w) => new Parameter(w));
  const moments = weights.map((w) => [new Cell(zeros(w.shape)), new Cell(zeros(w.shape))]);
  let steps = 0;
  return {
    step(rate, correction) {
      const loss = logits(weights, x).logSoftmax(1).mul(y).sum().div(-x.shape[0]);
      loss.backward();
      noGrad(() =>
        weights.forEach((w, k) => {
          const [m, v] = moments[k];
          m.assign(m.mul(adam.b1).add(w.grad.mul(1 - adam.b1)));
          v.assign(v.mul(adam.b2).add(w.grad.square().mul(1 - adam.b2)));
          w.assign(w.sub(m.mul(rate).div(v.mul(correction).sqrt().add(adam.eps))));
          w.grad = null;
        }),
      );
      return loss;
    },
    args() {
      steps++;
      return [adam.lr / (1 - adam.b1 ** steps), 1 / (1 - adam.b2 ** steps)];
    },
    state: [...weights, ...moments.flat(), x, y],
    // losses of the first three steps, as PyTorch and the other peers have them
    check: (results) => gradientCases[name].check(results.map(([loss]) => loss)),
    checked: 3,
  };
}

/** Training step of the peers' multilayer perceptron. */
function mlp() {
  const step = training('mlp_step', ([w0, b0, w1, b1, w2, b2], x) => {
    const h = x.matmul(w0).add(b0).relu().matmul(w1).add(b1).relu();
    return h.matmul(w2).add(b2);
  });
  return {
    ...step,
    // forward, and backward to all weights and the hidden layers
    matmulFlops: 2 * mlpBatch * (3 * (mlpDims[1] * mlpDims[2] + mlpDims[2] * mlpDims[3]) + 2 * mlpDims[0] * mlpDims[1]),
  };
}

/** Gradient of the sum of 1,000 small gathers from one table. */
function gathers() {
  const { table, rows } = given('gathers_1000');
  rows.dispose();
  const indices = Array.from({ length: gatherCount }, (_, k) => tensor(gatheredRows(k)));
  return {
    step: (t) => grad((p) => indices.map((i) => p.indexSelect(0, i).square().sum()).reduce((a, b) => a.add(b)))(t),
    args: () => [table],
    state: [table, ...indices],
    check: ([found]) => gradientCases.gathers_1000.check(found, gradientCases.gathers_1000.inputs()),
  };
}

/** Gradient of a gather of 1M rows, in the default mode or the fast one. */
const gatherRows = (mode) => () => {
  const table = tensor(fill(262_144 * 3, 8), [262_144, 3]);
  const index = tensor(scatteredRows(2 ** 20, 262_144));
  const weights = tensor(fill(3 * 2 ** 20, 9), [2 ** 20, 3]);
  const run = (t, i, w) => grad((p) => p.indexSelect(0, i).mul(w).sum())(t);
  return {
    step: (t, i, w) => (mode === 'fast' ? fastScatter(() => run(t, i, w)) : run(t, i, w)),
    args: () => [table, index, weights],
    state: [table, index, weights],
    check([found]) {
      const [rows, given, want] = [
        scatteredRows(2 ** 20, 262_144),
        fill(3 * 2 ** 20, 9),
        new Float64Array(262_144 * 3),
      ];
      given.forEach((v, i) => (want[rows[Math.floor(i / 3)] * 3 + (i % 3)] += v));
      want.forEach((w, i) => close(found[i], w, 1e-5, `gradient ${i}`));
    },
  };
};

/** Gradient of 1,000 operations in a row. */
function deepChain() {
  const { x } = given('deep_chain_1000');
  return {
    step: (t) =>
      grad((p) => {
        let h = p;
        for (let k = 0; k < 500; k++) h = h.mul(0.999).add(0.001);
        return h.sum();
      })(t),
    args: () => [x],
    state: [x],
    check: ([found]) => gradientCases.deep_chain_1000.check(found),
  };
}

/** Hessian-vector product of a two-layer network. */
function hessianVector() {
  const { x, w, v } = given('hvp_128');
  const f = (p) => x.matmul(p).tanh().matmul(p).square().mean();
  return {
    step: (p, u) => hvp(f, p, u),
    args: () => [w, v],
    state: [x, w, v],
    check: ([found]) => gradientCases.hvp_128.check(found, gradientCases.hvp_128.inputs()),
  };
}

/** Gradient of 60 layers, 512 x 256 each; in checkpoints of `every` layers, or none. */
const layers = (every) => () => {
  const x = tensor(fill(512 * 256, 1), [512, 256]);
  const weights = Array.from({ length: 60 }, (_, k) => new Parameter(tensor(fill(256 * 256, 30 + k, 0.1), [256, 256])));
  const run = (h, from, to) => weights.slice(from, to).reduce((a, w) => a.matmul(w).tanh(), h);
  return {
    step(t) {
      let h = t;
      if (every === 0) h = run(h, 0, 60);
      else for (let k = 0; k < 60; k += every) h = checkpoint((a) => run(a, k, k + every))(h);
      const loss = h.square().mean();
      loss.backward();
      const total = noGrad(() => weights.map((w) => w.grad.square().sum()).reduce((a, b) => a.add(b)));
      for (const w of weights) w.grad = null;
      return total;
    },
    args: () => [x],
    state: [x, ...weights],
    check: ([[found]]) => {
      if (!(found > 0)) throw new Error(`the squared norm of the gradients is ${found}`);
    },
    memory: true,
  };
};

export const autogradCases = {
  mlp_step: mlp,
  gathers_1000: gathers,
  gather_1m_grad: gatherRows('deterministic'),
  gather_1m_grad_fast: gatherRows('fast'),
  deep_chain_1000: deepChain,
  hvp_128: hessianVector,
  layers_60: layers(0),
  layers_60_checkpoint: layers(10),
};
