// Training steps of a published network: do they fit, how long do they take, how much memory do they need?
//
//   node scripts/run.mjs tools/training-step.mjs resnet152 --size 256 --batch 2 [--steps 2] [--plain]
//   node scripts/run.mjs tools/training-step.mjs alexnet --size 240 --batch 8
//
// A step is the forward pass in training mode, cross entropy, all gradients and Adam, recorded by `compile`; --plain calls
// it without. Memory: the largest resident set of the process (a software GPU keeps its buffers there), and the buffers
// alone.
import { parseArgs } from 'node:util';
import {
  compile,
  deviceInfo,
  Generator,
  idle,
  memory,
  realize,
  tensor,
  tidy,
} from '../packages/autograd/dist/index.js';
import * as nn from '../packages/nn/dist/index.js';

const models = {
  alexnet: (options) => new nn.AlexNet(options),
  vgg16: nn.vgg16,
  resnet18: nn.resnet18,
  resnet34: nn.resnet34,
  resnet50: nn.resnet50,
  resnet101: nn.resnet101,
  resnet152: nn.resnet152,
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '224' },
    batch: { type: 'string', default: '1' },
    steps: { type: 'string', default: '2' },
    plain: { type: 'boolean', default: false },
  },
});
const [name] = positionals;
const [size, batch, steps] = [values.size, values.batch, values.steps].map(Number);
if (!Object.hasOwn(models, name ?? '') || ![size, batch, steps].every((n) => Number.isInteger(n) && n > 0)) {
  throw new Error(
    `usage: training-step.mjs ${Object.keys(models).join(' | ')} --size N --batch N [--steps N] [--plain]`,
  );
}

const mib = (bytes) => `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
const generator = new Generator(1);
const net = models[name]({ generator });
const adam = new nn.Adam(net.parameters(), { lr: 1e-4 });
const parameters = net.parameters().reduce((sum, p) => sum + p.size, 0);
console.log(`${name}, ${parameters.toLocaleString('en-US')} parameters, [${batch}, 3, ${size}, ${size}]`);

const images = tensor(
  Float32Array.from({ length: batch * 3 * size * size }, (_, i) => Math.sin(i * 0.37) + Math.cos((i % size) * 0.11)),
  [batch, 3, size, size],
);
const labels = tensor(Int32Array.from({ length: batch }, (_, i) => (i * 137) % 1000));
const train = () => {
  const loss = nn.crossEntropy(net.forward(images), labels);
  loss.backward();
  adam.step();
  adam.zeroGrad();
  return loss;
};
const step = values.plain ? () => tidy(train) : compile(train);
let buffers = 0;
for (let i = 0; i < steps; i++) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const loss = step();
  await realize(loss, ...net.namedState().values());
  await idle();
  const { user, system } = process.cpuUsage(cpu);
  const { liveBytes, pooledBytes } = memory();
  buffers = Math.max(buffers, liveBytes + pooledBytes);
  console.log(
    `step ${i + 1}: loss ${(await loss.item()).toFixed(4)}, ${((performance.now() - start) / 1e3).toFixed(1)} s, ` +
      `CPU ${((user + system) / 1e6).toFixed(1)} s; buffers ${mib(liveBytes)} live, ${mib(pooledBytes)} kept for reuse`,
  );
  loss.dispose();
}
const { name: adapter, kernels } = await deviceInfo();
console.log(`peak memory ${mib(process.resourceUsage().maxRSS * 1024)}, buffers ${mib(buffers)}; ${kernels} kernels`);
console.log(`on ${adapter}`);
