import { bufferUsage } from '../flags.js';
import type { Plan } from '../plan.js';
import type { GPUTensorDevice } from './gpuDevice.js';
import type { Pipeline } from './pipelines.js';
import { blockBytes } from './runner.js';

/** Enough for an element of any type; what a kernel without workgroups binds is never read. */
const bytes = 256;

/**
 * Compiles the kernels of a plan, all at once, and waits until the last one is ready. Some drivers compile when a kernel is
 * first dispatched: each one is, without workgroups.
 */
export async function warmPlan(device: GPUTensorDevice, plan: Plan): Promise<void> {
  const { gpu, pipelines } = device;
  const before = pipelines.size;
  const steps = await Promise.all(
    plan.steps.map(async (step) => ({ step, pipeline: await pipelines.prepare(step.dispatch, step.sites) })),
  );
  const fresh = new Map<Pipeline, (typeof steps)[number]['step']>();
  for (const { step, pipeline } of steps) if (pipeline.id >= before) fresh.set(pipeline, step);
  if (fresh.size === 0) return;

  const widest = Math.max(...[...fresh.values()].map(({ dispatch }) => blockBytes(dispatch.uniforms)));
  const usage = bufferUsage.uniform | bufferUsage.indirect;
  const uniforms = gpu.createBuffer({ size: Math.max(bytes, widest), usage });
  const most = Math.max(...[...fresh.values()].map(({ buffers }) => buffers.length));
  const dummies = Array.from({ length: most }, () => gpu.createBuffer({ size: bytes, usage: bufferUsage.storage }));
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const [{ pipeline, layout }, { dispatch, buffers }] of fresh) {
    const block = { binding: 0, resource: { buffer: uniforms, size: blockBytes(dispatch.uniforms) } };
    const entries = buffers.map((_, i) => ({ binding: i + 1, resource: { buffer: dummies[i]! } }));
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, gpu.createBindGroup({ layout, entries: [block, ...entries] }), [0]);
    pass.dispatchWorkgroupsIndirect(uniforms, 0); // new buffers hold zeros
  }
  pass.end();
  device.submit([encoder.finish()]);
  await device.idle();
  for (const buffer of [uniforms, ...dummies]) buffer.destroy();
}
