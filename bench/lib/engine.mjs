// What the benchmarks know about the adapter that the engine runs on.
import { deviceInfo, idle } from '@chiaro/tensor';

/** Acquires the device. `idle` in every timed step rejects if the device has something to report. */
export async function openEngine() {
  await idle();
  return { adapter: adapterName((await deviceInfo()).name) };
}

/** Distinct kernels that this process has compiled so far. */
export const kernelCount = async () => (await deviceInfo()).kernels;

/** The part of an adapter's description that tells it from others. */
export function adapterName(description) {
  const software = /llvmpipe: Mesa [\d.]+|SwiftShader[^)]*/.exec(description);
  return software ? software[0].replace('llvmpipe:', 'llvmpipe,') : description;
}
