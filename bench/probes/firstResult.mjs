// The first result of a cold process: two small kernels and a readback. Ends by itself.
import { tensor } from '@chiaro/tensor';

const x = tensor(Float32Array.from({ length: 4096 }, (_, i) => i / 4096));
const mean = await x.mul(2).sub(1).square().mean().item();
const ms = performance.now();
if (!(Math.abs(mean - 1 / 3) < 1e-3)) throw new Error(`the mean is ${mean}`);
const { deviceInfo } = await import('@chiaro/tensor');
const { adapterName } = await import('../lib/engine.mjs');
const { name, kernels } = await deviceInfo();
console.log(JSON.stringify({ adapter: adapterName(name), ms, kernels }));
