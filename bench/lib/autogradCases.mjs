// The cases of the autograd suite. Each makes its state and gives a step over tensors and numbers (uncompiled), the
// arguments of a call, and a check of what came out.
import { Cell, checkpoint, fastScatter, grad, hvp, noGrad, Parameter, tensor, zeros } from '@chiaro/autograd';
import { fill, scatteredRows } from './inputs.mjs';

const near = (found, expected, relative, what) => {
  if (!(Math.abs(found - expected) <= relative * Math.abs(expected)))
    throw new Error(`${what} is ${found} instead of ${expected}`);
};

/** For sums, whose error is relative to their terms (of size 1). */
const close = (found, expected, tolerance, what) => {
  if (!(Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)))) {
    throw new Error(`${what} is ${found} instead of ${expected}`);
  }
};

const dims = [256, 512, 512, 10];
const [batch, classes] = [128, 10];
const adam = { lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8 };

/** Training step of the peers' multilayer perceptron: cross entropy, Adam. */
function mlp() {
  const weights = [0, 1, 2].flatMap((l) => {
    const [i, o] = [dims[l], dims[l + 1]];
    return [new Parameter(tensor(fill(i * o, 20 + l, Math.sqrt(3 / i)), [i, o])), Parameter.zeros([o])];
  });
  const moments = weights.map((w) => [new Cell(zeros(w.shape)), new Cell(zeros(w.shape))]);
  const x = tensor(fill(batch * dims[0], 10), [batch, dims[0]]);
  const labels = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) labels[i * classes + ((i * 7) % classes)] = 1;
  const y = tensor(labels, [batch, classes]);
  let steps = 0;
  return {
    step(rate, correction) {
      const [w0, b0, w1, b1, w2, b2] = weights;
      const h = x.matmul(w0).add(b0).relu().matmul(w1).add(b1).relu();
      const loss = h.matmul(w2).add(b2).logSoftmax(1).mul(y).sum().div(-batch);
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
    check: (results) => [2.3726, 2.0615, 1.7895].forEach((want, i) => near(results[i][0], want, 5e-5, `loss ${i}`)),
    checked: 3,
    // forward, and backward to all weights and the hidden layers
    matmulFlops: 2 * batch * (3 * (dims[1] * dims[2] + dims[2] * dims[3]) + 2 * dims[0] * dims[1]),
  };
}

/** Gradient of the sum of 1,000 small gathers from one table. */
function gathers() {
  const table = tensor(fill(4096 * 3, 8), [4096, 3]);
  const indices = Array.from({ length: 1000 }, (_, k) =>
    tensor(scatteredRows(64, 4096).map((i) => (i + 4 * k) % 4096)),
  );
  return {
    step: (t) => grad((p) => indices.map((i) => p.indexSelect(0, i).square().sum()).reduce((a, b) => a.add(b)))(t),
    args: () => [table],
    state: [table, ...indices],
    check([found]) {
      const [data, want] = [fill(4096 * 3, 8), new Float64Array(4096 * 3)];
      for (let k = 0; k < 1000; k++) {
        for (const row of scatteredRows(64, 4096))
          for (let c = 0; c < 3; c++) want[((row + 4 * k) % 4096) * 3 + c] += 2 * data[((row + 4 * k) % 4096) * 3 + c];
      }
      want.forEach((w, i) => close(found[i], w, 1e-5, `gradient ${i}`));
    },
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
  const x = tensor(fill(4096, 5), [4096]);
  return {
    step: (t) =>
      grad((p) => {
        let h = p;
        for (let k = 0; k < 500; k++) h = h.mul(0.999).add(0.001);
        return h.sum();
      })(t),
    args: () => [x],
    state: [x],
    check: ([found]) => found.forEach((g, i) => near(g, 0.999 ** 500, 1e-4, `gradient ${i}`)),
  };
}

/** Hessian-vector product of a two-layer network. */
function hessianVector() {
  const [x, w] = [tensor(fill(128 * 128, 1), [128, 128]), tensor(fill(128 * 128, 2, 0.1), [128, 128])];
  const v = tensor(fill(128 * 128, 3), [128, 128]);
  const f = (p) => x.matmul(p).tanh().matmul(p).square().mean();
  return {
    step: (p, u) => hvp(f, p, u),
    args: () => [w, v],
    state: [x, w, v],
    // forward over reverse against reverse over reverse
    reference: () => grad((p) => grad(f)(p).mul(v).sum())(w),
    check: ([found, expected]) => {
      const size = expected.reduce((m, e) => Math.max(m, Math.abs(e)), 0);
      found.forEach((g, i) => {
        if (!(Math.abs(g - expected[i]) <= 1e-4 * size))
          throw new Error(`element ${i} is ${g} instead of ${expected[i]}`);
      });
    },
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
