// node bench/probes/matmulTilings.mjs [N] [SECONDS]
// GFLOP/s of the product of two N x N matrices: Chiaro's, and hand-written WGSL in a handful of known tilings, in turns in
// one process. Prints a line per tiling, and JSON at the end.
import { idle, matmul, realize, tensor } from '@chiaro/tensor';
import { fill } from '../lib/inputs.mjs';
import { readBuffer } from '../lib/readBuffer.mjs';
import { round } from '../lib/rows.mjs';
import { startWithoutShaders } from '../lib/shaderCache.mjs';
import { installWebGPU } from '../peers/gpu.mjs';

const n = Number(process.argv[2] ?? 512);
const seconds = Number(process.argv[3] ?? 10);
startWithoutShaders();
const gpu = await installWebGPU();
const adapter = await globalThis.navigator.gpu.requestAdapter();
const device = await adapter.requestDevice();
const { GPUBufferUsage: usage } = globalThis;

const quads = n / 4;
const [a, b] = [fill(n * n, 1), fill(n * n, 2)];
const times = (count, f) => Array.from({ length: count }, (_, i) => f(i)).join('\n');
const head = `
  @group(0) @binding(0) var<storage, read> a: array<vec4f>;
  @group(0) @binding(1) var<storage, read> b: array<vec4f>;
  @group(0) @binding(2) var<storage, read_write> c: array<vec4f>;`;

/** Every invocation owns rows x columns vec4f of the product and reads A and B from memory, four steps of k per turn. */
function registers(rows, columns, size) {
  const own = (f) => times(rows * columns, (i) => f(Math.floor(i / columns), i % columns));
  const step = (q) => `
    ${times(columns, (j) => `let b${q}_${j} = b[(4u * k + ${q}u) * ${quads}u + column + ${j}u];`)}
    ${own((i, j) => `c${i}_${j} = fma(vec4f(a${i}.${'xyzw'[q]}), b${q}_${j}, c${i}_${j});`)}`;
  const code = `${head}
    @compute @workgroup_size(${size})
    fn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_id) l: vec3u) {
      let row = w.y * ${rows}u;
      let column = (w.x * ${size}u + l.x) * ${columns}u;
      ${own((i, j) => `var c${i}_${j} = vec4f();`)}
      for (var k = 0u; k < ${quads}u; k++) {
        ${times(rows, (i) => `let a${i} = a[(row + ${i}u) * ${quads}u + k];`)}
        ${times(4, step)}
      }
      ${own((i, j) => `c[(row + ${i}u) * ${quads}u + column + ${j}u] = c${i}_${j};`)}
    }`;
  return { code, workgroups: [n / (4 * columns * size), n / rows] };
}

/** The classic of real GPUs: 16 x 16 invocations share slabs of A and B in workgroup memory; each has 4 x 4 sums. */
function shared() {
  const terms = 'xyzw'.split('').map((x, p) => `x.${x} * slabB[4u * q + ${p}u][l.x]`);
  const code = `${head}
    var<workgroup> slabA: array<array<vec4f, 4>, 64>;
    var<workgroup> slabB: array<array<vec4f, 16>, 16>;
    @compute @workgroup_size(16, 16)
    fn main(
      @builtin(workgroup_id) w: vec3u,
      @builtin(local_invocation_id) l: vec3u,
      @builtin(local_invocation_index) t: u32,
    ) {
      var sums = array<vec4f, 4>();
      for (var k = 0u; k < ${n / 16}u; k++) {
        slabA[t / 4u][t % 4u] = a[(w.y * 64u + t / 4u) * ${quads}u + k * 4u + t % 4u];
        slabB[t / 16u][t % 16u] = b[(k * 16u + t / 16u) * ${quads}u + w.x * 16u + t % 16u];
        workgroupBarrier();
        for (var q = 0u; q < 4u; q++) {
          for (var i = 0u; i < 4u; i++) {
            let x = slabA[l.y * 4u + i][q];
            sums[i] += ${terms.join(' + ')};
          }
        }
        workgroupBarrier();
      }
      for (var i = 0u; i < 4u; i++) { c[(w.y * 64u + l.y * 4u + i) * ${quads}u + w.x * 16u + l.x] = sums[i]; }
    }`;
  return { code, workgroups: [n / 64, n / 64] };
}

const tilings = {
  'registers 4 x 4, 8 wide': registers(4, 1, 8),
  'registers 8 x 4, 8 wide': registers(8, 1, 8),
  'registers 4 x 8, 8 wide': registers(4, 2, 8),
  'registers 8 x 8, 8 wide': registers(8, 2, 8),
  'registers 4 x 4, 64 wide': registers(4, 1, 64),
  'shared memory 64 x 64 x 16': shared(),
};

const buffer = (data) => {
  const made = device.createBuffer({ size: 4 * n * n, usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST });
  if (data) device.queue.writeBuffer(made, 0, data);
  return made;
};
const out = buffer();
const buffers = [buffer(a), buffer(b), out];

function runner({ code, workgroups }) {
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const entries = buffers.map((each, binding) => ({ binding, resource: { buffer: each } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await gpu.idle();
  };
}

const [left, right] = [tensor(a, [n, n]), tensor(b, [n, n])];
await realize(left, right);
const expected = await matmul(left, right).data();
const own = async () => {
  const product = matmul(left, right);
  await realize(product);
  await idle();
  product.dispose();
};
const entries = [{ name: 'chiaro', run: own, best: Infinity }];
for (const [name, tiling] of Object.entries(tilings)) {
  if (tiling.workgroups.some((count) => !Number.isInteger(count))) continue; // N is too small for it
  const run = runner(tiling);
  const start = performance.now();
  await run();
  const first = performance.now() - start;
  const found = await readBuffer(device, out);
  found.forEach((v, i) => {
    if (!(Math.abs(v - expected[i]) < n * 1e-6)) throw new Error(`${name}: element ${i} is ${v}, not ${expected[i]}`);
  });
  entries.push({ name, run, first, best: Infinity });
}
if (gpu.errors() > 0) throw new Error(`the device reported ${gpu.errors()} errors`);
for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
  for (const entry of entries) {
    const start = performance.now();
    await entry.run();
    entry.best = Math.min(entry.best, performance.now() - start);
  }
}
const figures = entries.map(({ name, best, first }) => {
  const gflops = round((2 * n ** 3) / best / 1e6);
  console.log(`${name.padEnd(28)} ${String(gflops).padStart(8)} GFLOP/s  first call ${first?.toFixed(0) ?? '-'} ms`);
  return { name, gflops };
});
console.log(JSON.stringify({ adapter: gpu.adapter, n, figures }));
process.exit(0);
