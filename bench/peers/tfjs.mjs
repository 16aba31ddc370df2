// TensorFlow.js on WebGPU.
import { installWebGPU } from './gpu.mjs';

export async function open({ load }) {
  const gpu = await installWebGPU();
  const tf = await load('@tensorflow/tfjs-core');
  await load('@tensorflow/tfjs-layers'); // registers the gradients and chained operations in Node
  await load('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('the webgpu backend does not start');

  const prepare = (fn) => (given) => {
    const inputs = Object.values(given).map(({ data, shape }) =>
      tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
    );
    return {
      async step() {
        const result = tf.tidy(() => fn(...inputs));
        const backend = tf.backend();
        if (backend.commandEncoder) {
          backend.endComputePassEncoder();
          backend.submitQueue();
        }
        await gpu.idle();
        result.dispose();
      },
      output: () => tf.tidy(() => fn(...inputs)).data(),
    };
  };
  const cases = {
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
