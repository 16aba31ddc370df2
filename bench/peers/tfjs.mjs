// TensorFlow.js on WebGPU.
import { adam } from '../lib/gradientCases.mjs';
import { convCases } from '../lib/convCases.mjs';
import { joined } from '../lib/inputs.mjs';
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
  const trainer = (loss) => (given) => {
    const start = () => {
      const all = Object.values(given).map(({ data, shape }) => tf.tensor(data, shape));
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
  const cases = {
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
  return { ...gpu, cases };
}
