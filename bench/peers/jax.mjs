// jax-js on WebGPU. Its functions consume their arguments, so every call is given references of the kept inputs.
import { adam, gatherCount } from '../lib/gradientCases.mjs';
import { convCases } from '../lib/convCases.mjs';
import { joined } from '../lib/inputs.mjs';
import { cnn, inferenceCases } from '../lib/networkCases.mjs';
import { networks, peerInputs } from '../lib/networks.mjs';
import { installWebGPU } from './gpu.mjs';

export async function open({ compiled, load }) {
  const gpu = await installWebGPU();
  const jax = await load('@jax-js/jax');
  const { numpy: np, nn, tree } = jax;
  await jax.init();
  jax.defaultDevice('webgpu');

  const prepare = (fn) => (given) => {
    const inputs = Object.values(given).map(({ data, shape }) => {
      return np.array(data, data instanceof Int32Array ? { dtype: np.int32 } : {}).reshape(shape);
    });
    const call = compiled ? jax.jit(fn) : fn;
    const run = () => call(...inputs.map((x) => x.ref));
    return {
      async step() {
        const result = run();
        await jax.blockUntilReady(result);
        await gpu.idle();
        tree.dispose(result);
      },
      async output() {
        const parts = await Promise.all([run()].flat(2).map((each) => each.data()));
        return parts.length === 1 ? parts[0] : joined(parts);
      },
    };
  };
  /** One step of gradient descent by Adam inside one function; the output is the loss of the first steps. */
  const trainer = (loss) => (given) => {
    const tensors = () => Object.values(given).map(({ data, shape }) => np.array(data).reshape(shape));
    const count = Object.keys(given).length - 2;
    const start = () => {
      const all = tensors();
      const zeros = () => all.slice(0, count).map((p) => np.zeros(p.shape));
      return {
        p: all.slice(0, count),
        m: zeros(),
        v: zeros(),
        t1: np.array(1),
        t2: np.array(1),
        data: all.slice(count),
      };
    };
    const advance = ({ p, m, v, t1, t2 }, ...data) => {
      const [value, g] = jax.valueAndGrad(loss)(
        p.map((each) => each.ref),
        ...data,
      );
      const [n1, n2] = [t1.mul(adam.b1), t2.mul(adam.b2)];
      const next = { p: [], m: [], v: [], t1: n1.ref, t2: n2.ref };
      p.forEach((each, i) => {
        const mean = m[i].mul(adam.b1).add(g[i].ref.mul(1 - adam.b1));
        const square = v[i].mul(adam.b2).add(np.square(g[i]).mul(1 - adam.b2));
        const way = mean.ref.div(np.subtract(1, n1.ref));
        const size = np.sqrt(square.ref.div(np.subtract(1, n2.ref))).add(adam.eps);
        next.p.push(each.sub(way.div(size).mul(adam.lr)));
        next.m.push(mean);
        next.v.push(square);
      });
      n1.dispose();
      n2.dispose();
      return [value, next];
    };
    const call = compiled ? jax.jit(advance) : advance;
    const one = (state) => {
      const { data, ...rest } = state;
      const [value, next] = call(rest, ...data.map((x) => x.ref));
      Object.assign(state, next);
      return value;
    };
    const state = start();
    return {
      async step() {
        const value = one(state);
        await jax.blockUntilReady([value, state.p]);
        await gpu.idle();
        value.dispose();
      },
      async output() {
        const [fresh, losses] = [start(), []];
        for (let i = 0; i < 3; i++) losses.push((await one(fresh).data())[0]);
        return Float32Array.from(losses);
      },
    };
  };
  const network = (x) => (p) => np.mean(np.square(np.matmul(np.tanh(np.matmul(x.ref, p.ref)), p)));
  const perChannel = (p) => p.reshape([-1, 1, 1]);
  const conv = (h, w, { stride, padding }) =>
    jax.lax.convGeneralDilated(h, w, [stride, stride], [
      [padding, padding],
      [padding, padding],
    ]); // prettier-ignore
  const ops = {
    conv: (h, w, b, layer) => (b ? conv(h, w, layer).add(perChannel(b)) : conv(h, w, layer)),
    relu: nn.relu,
    scaled: (h, scale, shift) => h.mul(perChannel(scale)).add(perChannel(shift)),
    maxPool(h, { size, stride, padding }) {
      const sides = [padding, padding];
      const padded = padding === 0 ? h : np.pad(h, [[0, 0], [0, 0], sides, sides]);
      return jax.lax.reduceWindow(padded, (w) => np.max(w), [1, 1, size, size], [1, 1, stride, stride]);
    },
    add: (a, b) => a.add(b),
    flat: (h) => h.reshape([h.shape[0], -1]),
    mean: (h) => np.mean(h, [2, 3]),
    dense: (h, w, b) => np.matmul(h, w.transpose()).add(b),
    joined: (a, b) => np.concatenate([a, b], 1),
    again: (h) => h.ref,
  };
  /** The weights come in the order of the inputs, behind the image. */
  const inference = (network) => (given) => {
    const inputs = peerInputs(given);
    const names = Object.keys(inputs).slice(1);
    const run = (x, ...weights) => network(ops, x, (name) => weights[names.indexOf(name)]);
    return prepare(run)(inputs);
  };
  const cases = {
    cnn_step: trainer((p, x, y) => {
      let h = x;
      for (let l = 0; l < 3; l++) {
        h = conv(h, p[3 * l], { stride: 2, padding: 1 });
        const centred = h.ref.sub(np.mean(h, [0, 2, 3], { keepdims: true }));
        const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
        const normal = centred.mul(np.reciprocal(np.sqrt(variance.add(cnn.eps))));
        h = nn.relu(normal.mul(perChannel(p[3 * l + 1])).add(perChannel(p[3 * l + 2])));
      }
      const logits = np.matmul(np.mean(h, [2, 3]), p[9]).add(p[10]);
      return np.mean(nn.logSoftmax(logits).mul(y).sum(1)).mul(-1);
    }),
    mlp_step: trainer((p, x, y) => {
      const hidden = nn.relu(np.matmul(nn.relu(np.matmul(x, p[0]).add(p[1])), p[2]).add(p[3]));
      return np.mean(nn.logSoftmax(np.matmul(hidden, p[4]).add(p[5])).mul(y).sum(1)).mul(-1);
    }),
    deep_chain_1000: prepare((x) =>
      jax.grad((p) => {
        let h = p;
        for (let k = 0; k < 500; k++) h = h.mul(0.999).add(0.001);
        return h.sum();
      })(x),
    ),
    gathers_1000: prepare((table, rows) =>
      jax.grad((p, r) => {
        let total = np.array(0);
        for (let k = 0; k < gatherCount; k++) total = total.add(np.square(np.take(p.ref, r.ref.slice(k), 0)).sum());
        p.dispose();
        r.dispose();
        return total;
      })(table, rows),
    ),
    hvp_128: prepare((x, w, v) => jax.jvp(jax.grad(network(x)), [w], [v])[1]),
    matmul_512: prepare((a, b) => np.matmul(a, b)),
    matmul_1024: prepare((a, b) => np.matmul(a, b)),
    bmm_16x128: prepare((a, b) => np.matmul(a, b)),
    chain6_4m: prepare((x, y) => nn.relu(np.exp(np.sin(x.ref).mul(y.ref).add(x)).sub(y))),
    sum_all_4m: prepare((x) => np.sum(x)),
    sum_last_2048: prepare((x) => np.sum(x, 1)),
    softmax_1024: prepare((x) => nn.softmax(x)),
    gather_1m: prepare((table, index) => np.take(table, index, 0)),
    // it has no scatter of its own: the gradient of a gather, which contains one
    gather_1m_grad: prepare((index, source) =>
      jax.grad((table, index, source) => np.take(table, index, 0).mul(source).sum())(
        np.zeros([262_144, 3]),
        index,
        source,
      ),
    ),
    cumsum_1m: prepare((x) => np.cumsum(x)),
    cumsum_rows_1024: prepare((x) => np.cumsum(x, 1)),
    sort_1m: prepare((x) => np.sort(x)),
  };
  for (const [name, { layer, gradient }] of Object.entries(convCases)) {
    const { stride, padding, groups } = layer;
    const sides = [padding, padding];
    const convolve = (x, w) =>
      jax.lax.convGeneralDilated(x, w, [stride, stride], [sides, sides], { featureGroupCount: groups });
    const valued = jax.valueAndGrad((x, w, g) => convolve(x, w).mul(g).sum(), { argnums: [0, 1] });
    cases[name] = prepare(gradient ? valued : convolve);
  }
  for (const name of Object.keys(inferenceCases)) cases[name] = inference(networks[name]);
  return { ...gpu, cases };
}
