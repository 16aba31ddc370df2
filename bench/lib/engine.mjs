// The engine as benchmarks see it: the public API, and below it the device that counts, waits and reports.
import * as api from '@chiaro/tensor';

const internal = (file) => import(new URL(`../../packages/tensor/dist/${file}`, import.meta.url));

/** Acquires the device. */
export async function openEngine() {
  const { acquireDevice } = await internal('runtime/devices.js');
  const { realizeNodes } = await internal('runtime/realize.js');
  const device = await acquireDevice();
  let errors = 0;
  device.gpu.addEventListener('uncapturederror', () => errors++);
  return {
    api,
    device,
    /** Short name of the adapter, as rows carry it. */
    adapter: adapterName(device.profile.name),
    /** Starts the computation of tensors. */
    realize: (tensors) =>
      realizeNodes(
        tensors.map((t) => t.node),
        device,
      ),
    /** Waits until the GPU has nothing left to do; rejects if it has something to report. */
    idle: () => device.idle(),
    memory: () => device.memory(),
    /** Distinct kernels compiled so far. */
    kernels: () => device.pipelines.size,
    /** Errors that the device reported so far. */
    errors: () => errors,
  };
}

/** The part of an adapter's description that tells it from others. */
export function adapterName(description) {
  const llvmpipe = /llvmpipe: Mesa \S+|SwiftShader[^)]*/.exec(description);
  return llvmpipe ? llvmpipe[0].replace(/-\d~bpo\S*/, '') : description;
}
