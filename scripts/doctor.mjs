// npm run doctor: what Chiaro finds on this machine. Fails if there is no GPU to compute on.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { main, root, setup } from './lib/setup.mjs';

const fromPackage = (file) => import(new URL(`../packages/tensor/dist/${file}`, import.meta.url));
const line = (name, value) => console.log(`${`${name}:`.padEnd(20)}${value}`);
const heading = (text) => console.log(`\n${text}`);
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes % 2 ** 20 === 0 ? 0 : 1)} MiB`;
const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

const limits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxUniformBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
  'maxTextureDimension2D',
];

const sources = {
  hardware: 'a hardware adapter',
  driver: 'a software Vulkan driver that is installed',
  lavapipe: "lavapipe (Mesa), in Chiaro's cache folder",
  swiftshader: "SwiftShader, in Chiaro's cache folder",
};

function showSystem() {
  heading('System');
  line('Node', `${process.versions.node} on ${process.platform}-${process.arch}, kernel ${release()}`);
  line('Processor', `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${mebibytes(totalmem())} of memory`);
  line('Packages', `webgpu (Dawn) ${versionOf('webgpu')}, koffi ${versionOf('koffi')}`);
  const names = Object.keys(process.env).filter((name) => /^(CHIARO_|VK_|MESA_|GALLIVM_|LP_|XDG_RUNTIME)/.test(name));
  line('Environment', names.map((name) => `${name}=${process.env[name]}`).join(' ') || 'nothing set that matters');
}

function showAdapter(adapter, info) {
  heading('GPU');
  line('Found', sources[info.source]);
  line('Why', info.reason);
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info;
  line('Adapter', [vendor, architecture, device].filter(Boolean).join(', '));
  line('Driver', description || 'not named');
  line('Subgroups', adapter.features.has('subgroups') ? `${subgroupMinSize} to ${subgroupMaxSize} wide` : 'none');
  line('Features', [...adapter.features].sort().join(', '));
  heading('Limits');
  for (const name of limits) {
    const value = adapter.limits[name];
    console.log(`  ${name.padEnd(36)}${value}${value >= 2 ** 20 ? ` (${mebibytes(value)})` : ''}`);
  }
}

/** Times one buffer's way to the GPU and back: the smallest proof that the device works. */
async function checkRoundTrip(adapter) {
  const start = performance.now();
  const device = await adapter.requestDevice();
  const [copySource, copyDestination, mapRead] = [4, 8, 1];
  const upload = device.createBuffer({ size: 4, usage: copySource | copyDestination });
  const readback = device.createBuffer({ size: 4, usage: copyDestination | mapRead });
  device.queue.writeBuffer(upload, 0, new Uint32Array([0xc41a60]));
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(upload, 0, readback, 0, 4);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(mapRead);
  const [value] = new Uint32Array(readback.getMappedRange());
  device.destroy();
  if (value !== 0xc41a60) throw new Error(`the device returned ${value} for ${0xc41a60}`);
  line('Round trip', `device, upload and readback in ${(performance.now() - start).toFixed(1)} ms`);
}

function showCaches(cacheRoot, store) {
  heading('Caches');
  line('Chiaro', cacheRoot);
  line('Results', store);
  const prepared = join(cacheRoot, 'vulkan');
  line('Software GPUs', existsSync(prepared) ? readdirSync(prepared).join(', ') || 'none prepared' : 'none prepared');
  line('Mesa shaders', process.env.MESA_SHADER_CACHE_DIR ?? "Mesa's own folder in the user's cache folder");
}

main(async () => {
  await setup();
  const { host } = await fromPackage('host/node/index.js');
  const { cacheRoot } = await fromPackage('host/node/paths.js');
  showSystem();
  try {
    const gpu = await host.requestGPU((message) => console.log(message));
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('the adapter is gone');
    showAdapter(adapter, host.gpuInfo);
    await checkRoundTrip(adapter);
  } catch (error) {
    heading('GPU');
    console.log(error.message);
    process.exitCode = 1;
  }
  showCaches(cacheRoot(), host.cache.location);
});
