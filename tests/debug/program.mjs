// What debug.test.ts watches: two results, and a kernel that does not compile.
import { compile, defineProgram, randn, tensor, wgsl } from '@chiaro/tensor';

const logits = randn([64, 32]);
const probabilities = logits.sub(logits.max(1, true)).exp();
const normalised = probabilities.div(probabilities.sum(1, true));
console.log((await normalised.data()).length);

const weights = tensor([1, 2, 3, 4], [2, 2]);
const layer = compile((x) => x.matmul(weights).relu());
console.log(...(await layer(weights).data()));

const broken = defineProgram({
  name: 'broken',
  inputs: { x: 'f32[N]' },
  outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
  dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { y[i] = x[i] + true; }` }],
  reference: ({ x }) => ({ y: x.data }),
});
await broken({ x: tensor([1]) })
  .y.data()
  .catch((error) => console.log(error.message));
