import { host } from '@chiaro/tensor/host';
import type { Case } from './case.js';

const bufferUsage = { mapRead: 1, copySource: 4, copyDestination: 8, storage: 128 };

/** Square roots of 0 ... 63 by plain WebGPU, without the engine. */
export async function squareRoots(): Promise<Float32Array> {
  const gpu = await host.requestGPU();
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter');
  const device = await adapter.requestDevice();
  device.pushErrorScope('validation');
  const module = device.createShaderModule({
    code: `
      @group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = sqrt(f32(id.x)); }`,
  });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const data = device.createBuffer({ size: 256, usage: bufferUsage.storage | bufferUsage.copySource });
  const readback = device.createBuffer({ size: 256, usage: bufferUsage.mapRead | bufferUsage.copyDestination });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: data } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(data, 0, readback, 0, 256);
  device.queue.submit([encoder.finish()]);
  const error = await device.popErrorScope();
  if (error) throw new Error(error.message);
  await readback.mapAsync(1);
  const values = new Float32Array(readback.getMappedRange().slice(0));
  device.destroy();
  return values;
}

/** The cache store keeps, overwrites and forgets. */
async function cacheRoundTrip(): Promise<number[]> {
  const key = 'browser test';
  await host.cache.put(key, new Uint8Array([1, 2]));
  await host.cache.put(key, new Uint8Array([3, 4, 5]));
  const kept = await host.cache.get(key);
  await host.cache.remove(key);
  const gone = await host.cache.get(key);
  return [...(kept ?? []), gone === undefined ? 1 : 0];
}

/** A file that exists is read, one that does not is a ChiaroError. */
async function readFiles(): Promise<number[]> {
  const html = await host.readFile(new URL('./index.html', import.meta.url).href);
  const failed = await host.readFile(new URL('./nowhere.bin', import.meta.url).href).catch((error: unknown) => error);
  return [...html.slice(0, 2), failed instanceof Error && failed.message.includes('nowhere.bin') ? 1 : 0];
}

/** The host layer by itself, without the engine. */
export const hostCases: readonly Case[] = [
  {
    name: 'host: plain WebGPU',
    run: squareRoots,
    expected: Array.from({ length: 64 }, (_, i) => Math.sqrt(i)),
    tolerance: 1e-6,
  },
  { name: 'host: cache store', run: cacheRoundTrip, expected: [3, 4, 5, 1], tolerance: 0 },
  { name: 'host: files', run: readFiles, expected: [60, 33, 1], tolerance: 0 },
];
