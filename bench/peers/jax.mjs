// jax-js on WebGPU. Its functions consume their arguments, so every call is given references of the kept inputs.
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
      output: () => run().data(),
    };
  };
  const cases = {
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
  return { ...gpu, cases };
}
