import { sourceOf } from '../../graph/source.js';
import type { TypedArray } from '../../dtype.js';
import { acquireDevice } from '../../runtime/devices.js';
import { realizeNodes } from '../../runtime/realize.js';
import { sizeOf } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { AdapterProfile } from '../profile.js';
import { GPUTensorDevice } from './gpuDevice.js';

/** The GPU of this process under another profile: kernels are chosen and cut as for that adapter. */
export async function deviceLike(change: Partial<AdapterProfile>): Promise<GPUTensorDevice> {
  const { gpu, profile } = await acquireDevice();
  return new GPUTensorDevice(gpu, { ...profile, ...change });
}

/** Elements of tensors computed on a device, each by itself. */
export function readOn(device: GPUTensorDevice, tensors: readonly Tensor[]): Promise<TypedArray[]> {
  return Promise.all(
    tensors.map(async ({ node, dtype, shape }) => {
      realizeNodes([node], device);
      const { source, index } = sourceOf(node);
      if (source.data) return source.data.slice();
      return device.read(source.storages![index]!, dtype, sizeOf(shape));
    }),
  );
}

/** The GPU of this process binds no more than this many bytes of a buffer from now on, `compile` included. */
export async function limitBindings(maxBindingBytes: number): Promise<void> {
  const { profile } = await acquireDevice();
  (profile as { maxBindingBytes: number }).maxBindingBytes = maxBindingBytes;
}
