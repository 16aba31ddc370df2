import { host } from '#host';
import type { Device } from '../device/device.js';
import { GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import type { AdapterProfile } from '../device/profile.js';
import { DeviceError } from '../errors.js';
import { watch } from './debug.js';

let acquiring: Promise<GPUTensorDevice> | undefined;
let ready: GPUTensorDevice | undefined;
/** Work that was asked for before the device was there. */
let waiting: ((device: Device) => void)[] = [];

/** The device, if it is there already. */
export const currentDevice = (): GPUTensorDevice | undefined => (ready && !ready.lost ? ready : undefined);

/** The device that tensors are computed on, acquired at the first call. */
export function acquireDevice(): Promise<GPUTensorDevice> {
  if (ready?.lost) forget();
  acquiring ??= open().then(
    (device) => {
      ready = device;
      return device;
    },
    (reason: unknown) => {
      acquiring = undefined;
      throw reason;
    },
  );
  return acquiring.then((device) => {
    flush(device);
    return device;
  });
}

/** Runs work on the device now, or as soon as there is one; the order of calls is kept. */
export function onDevice(work: (device: Device) => void): void {
  const device = currentDevice();
  if (!device) waiting.push(work);
  else {
    flush(device);
    work(device);
  }
}

function flush(device: Device): void {
  while (waiting.length > 0) {
    const works = waiting;
    waiting = [];
    works.forEach((work) => work(device));
  }
}

/**
 * Gives the GPU device back. Its tensors are lost; the next await acquires a fresh device. Save what must survive with
 * `saveState` first.
 */
export function releaseDevice(): void {
  ready?.gpu.destroy();
  forget();
}

function forget(): void {
  ready = undefined;
  acquiring = undefined;
  waiting = [];
}

async function open(): Promise<GPUTensorDevice> {
  const gpu = await host.requestGPU((message) => host.warn(message));
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new DeviceError('no WebGPU adapter was found; `npm run doctor` shows what was tried and why it failed');
  }
  const { limits, features } = adapter;
  const wanted = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((f) => features.has(f)) as GPUFeatureName[],
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    },
  });
  const made = new GPUTensorDevice(device, profileOf(adapter, device));
  watch(made);
  return made;
}

function profileOf(adapter: GPUAdapter, device: GPUDevice): AdapterProfile {
  const { info } = adapter;
  const name = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');
  const software = /llvmpipe|lavapipe|swiftshader|software|cpu/i.test(name) || info.isFallbackAdapter;
  const { limits } = device;
  return {
    kind: software ? 'software' : 'hardware',
    name,
    shaderF16: device.features.has('shader-f16'),
    subgroups: device.features.has('subgroups' as GPUFeatureName),
    ...(info.subgroupMinSize ? { subgroupMinSize: info.subgroupMinSize } : {}),
    maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    bindingAlignment: limits.minStorageBufferOffsetAlignment,
  };
}
