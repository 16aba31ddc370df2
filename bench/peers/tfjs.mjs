// TensorFlow.js on WebGPU.
import { adam } from '../lib/gradientCases.mjs';
import { convCases } from '../lib/convCases.mjs';
import { joined } from '../lib/inputs.mjs';
import { cnn, inferenceCases } from '../lib/networkCases.mjs';
import { networks, peerInputs } from '../lib/networks.mjs';
import { installWebGPU } from './gpu.mjs';

export async function open({ load }) {
  const gpu = await installWebGPU();
  const tf = await load('@tensorflow/tfjs-core');
  await load('@tensorflow/tfjs-layers'); // registers the gradients and chained operations in Node
  await load('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('the webgpu backend does not start');

  const flush = async () => {
    const backend = tf.backend();
    if (backend.commandEncoder) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    await gpu.idle();
  };
  const prepare = (fn) => (given) => {
    const inputs = Object.values(given).map(({ data, shape }) =>
      tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
    );
    return {
      async step() {
        const result = tf.tidy(() => fn(...inputs));
        await flush();
        result.dispose();
      },
      output: () => tf.tidy(() => fn(...inputs)).data(),
    };
  };
  const trainer =
    (loss, laid = (t) => t) =>
    (given) => {
      const start = () => {
        const all = Object.values(given).map(({ data, shape }) => laid(tf.tensor(data, shape)));
        const [weights, data] = [all.slice(0, -2).map((w) => tf.variable(w)), all.slice(-2)];
        const optimiser = tf.train.adam(adam.lr, adam.b1, adam.b2, adam.eps);
        return () => optimiser.minimize(() => loss(weights, ...data), true, weights);
      };
      const one = start();
      return {
        async step() {
          const value = one();
          await flush();
          value.dispose();
        },
        async output() {
          const [fresh, losses] = [start(), []];
          for (let i = 0; i < 3; i++) losses.push((await fresh().data())[0]);
          return Float32Array.from(losses);
        },
      };
    };
  /** Images and gradients with channels last, as the library wants them; results go back to channels first. */
  const convolution =
    ({ layer, gradient }) =>
    (given) => {
      const { stride, padding, groups } = layer;
      const last = (t) => tf.keep(tf.transpose(t, [0, 2, 3, 1]));
      const [x, w, g] = Object.values(given).map(({ data, shape }) => tf.tensor(data, shape));
      const [images, gradients] = [last(x), g && last(g)];
      const kernels = tf.keep(tf.transpose(w, groups === 1 ? [2, 3, 1, 0] : [2, 3, 0, 1]));
      const sides = [padding, padding];
      const around = [[0, 0], sides, sides, [0, 0]];
      const convolve = (a, b) =>
        groups === 1 ? tf.conv2d(a, b, stride, around) : tf.depthwiseConv2d(a, b, stride, around);
      const valued = tf.valueAndGrads((a, b) => tf.sum(tf.mul(convolve(a, b), gradients)));
      const run = () => {
        if (!gradient) return [convolve(images, kernels)];
        const { value, grads } = valued([images, kernels]);
        return [value, ...grads];
      };
      const first = (t) => tf.transpose(t, [0, 3, 1, 2]);
      return {
        async step() {
          const results = tf.tidy(run);
          await flush();
          tf.dispose(results);
        },
        async output() {
          const results = tf.tidy(() => {
            const [value, dx, dw] = run();
            if (!gradient) return [first(value)];
            return [value, first(dx), tf.transpose(dw, groups === 1 ? [3, 2, 0, 1] : [2, 3, 0, 1])];
          });
          return joined(await Promise.all(results.map((each) => each.data())));
        },
      };
    };
  /** Kernels [out, in, h, w] and images [B, C, H, W] as the library wants them. */
  const kernels = (w) => tf.transpose(w, [2, 3, 1, 0]);
  const channelsLast = (x) => tf.transpose(x, [0, 2, 3, 1]);
  const around = (n) => [[0, 0], [n, n], [n, n], [0, 0]]; // prettier-ignore
  const ops = {
    conv(h, w, b, { stride, padding }) {
      const y = tf.conv2d(h, w, stride, around(padding));
      return b ? tf.add(y, b) : y;
    },
    relu: tf.relu,
    scaled: (h, scale, shift) => tf.add(tf.mul(h, scale), shift),
    maxPool: (h, { size, stride, padding }) => tf.maxPool(h, size, stride, padding === 0 ? 'valid' : around(padding)),
    add: tf.add,
    flat: (h) => tf.reshape(tf.transpose(h, [0, 3, 1, 2]), [h.shape[0], -1]),
    mean: (h) => tf.mean(h, [1, 2]),
    dense: (h, w, b) => tf.add(tf.matMul(h, w, false, true), b),
    joined: (a, b) => tf.concat([a, b], 1),
    again: (h) => h,
  };
  const inference = (network) => (given) => {
    const laid = ([name, { data, shape }]) => {
      const t = tf.tensor(data, shape);
      return [name, name === 'x' ? channelsLast(t) : shape.length === 4 ? kernels(t) : t];
    };
    const { x, ...weights } = Object.fromEntries(Object.entries(peerInputs(given)).map(laid));
    const run = () => tf.tidy(() => network(ops, x, (name) => weights[name]));
    return {
      async step() {
        const result = run();
        await flush();
        result.dispose();
      },
      output: () => run().data(),
    };
  };
  const cases = {
    cnn_step: trainer(
      (p, x, y) => {
        let h = x;
        for (let l = 0; l < 3; l++) {
          h = tf.conv2d(h, p[3 * l], 2, around(1));
          const { mean, variance } = tf.moments(h, [0, 1, 2]);
          h = tf.relu(tf.batchNorm(h, mean, variance, p[3 * l + 2], p[3 * l + 1], cnn.eps));
        }
        const logits = tf.add(tf.matMul(tf.mean(h, [1, 2]), p[9]), p[10]);
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), y), 1)));
      },
      (t) => (t.rank !== 4 ? t : t.shape[2] === 3 ? kernels(t) : channelsLast(t)),
    ),
    mlp_step: trainer((p, x, y) => {
      const first = tf.relu(tf.add(tf.matMul(x, p[0]), p[1]));
      const hidden = tf.relu(tf.add(tf.matMul(first, p[2]), p[3]));
      return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(tf.add(tf.matMul(hidden, p[4]), p[5])), y), 1)));
    }),
    deep_chain_1000: prepare((x) =>
      tf.grad((p) => {
        let h = p;
        for (let k = 0; k < 500; k++) h = tf.add(tf.mul(h, 0.999), 0.001);
        return tf.sum(h);
      })(x),
    ),
    gathers_1000: prepare((table, rows) => {
      const indices = tf.unstack(rows);
      return tf.grad((p) => tf.addN(indices.map((i) => tf.sum(tf.square(tf.gather(p, i))))))(table);
    }),
    matmul_512: prepare((a, b) => tf.matMul(a, b)),
    matmul_1024: prepare((a, b) => tf.matMul(a, b)),
    bmm_16x128: prepare((a, b) => tf.matMul(a, b)),
    chain6_4m: prepare((x, y) => tf.relu(tf.sub(tf.exp(tf.add(tf.mul(tf.sin(x), y), x)), y))),
    sum_all_4m: prepare((x) => tf.sum(x)),
    sum_last_2048: prepare((x) => tf.sum(x, 1)),
    softmax_1024: prepare((x) => tf.softmax(x)),
    gather_1m: prepare((table, index) => tf.gather(table, index)),
    gather_1m_grad: prepare((index, source) => {
      const gradient = tf.grad((table) => tf.sum(tf.mul(tf.gather(table, index), source)));
      return gradient(tf.zeros([262_144, 3]));
    }),
    cumsum_1m: prepare((x) => tf.cumsum(x)),
    cumsum_rows_1024: prepare((x) => tf.cumsum(x, 1)),
    // it sorts by topk only, which sorts downwards
    sort_1m: prepare((x) => tf.reverse(tf.topk(x, 2 ** 20).values)),
  };
  for (const [name, each] of Object.entries(convCases)) cases[name] = convolution(each);
  for (const name of Object.keys(inferenceCases)) cases[name] = inference(networks[name]);
  return { ...gpu, cases };
}
