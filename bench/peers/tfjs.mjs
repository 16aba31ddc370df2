// TensorFlow.js on WebGPU.
import { adam } from '../lib/gradientCases.mjs';
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
  return { ...gpu, cases };
}
