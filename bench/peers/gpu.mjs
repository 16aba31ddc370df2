// Chiaro's GPU for libraries that expect a browser: `navigator.gpu`, on the adapter that Chiaro itself uses.
import { globals } from 'webgpu';
import { host } from '@chiaro/tensor/host';
import { adapterName } from '../lib/engine.mjs';

/** Dawn in Node refuses bytes of shared memory, in which onnxruntime-web keeps its WebAssembly: they are copied. */
function acceptSharedMemory() {
  const { writeBuffer } = globals.GPUQueue.prototype;
  globals.GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...range) {
    if (!(data.buffer instanceof SharedArrayBuffer)) return writeBuffer.call(this, buffer, offset, data, ...range);
    const [start = 0, count = data.length - start] = range;
    return writeBuffer.call(this, buffer, offset, data.slice(start, start + count));
  };
}

/**
 * Installs `navigator.gpu` and notes the device that a library asks for.
 * @returns the adapter's name, and after the library has its device: `idle()`, `errors()`, `kernels()`.
 */
export async function installWebGPU() {
  Object.assign(globalThis, globals);
  acceptSharedMemory();
  globalThis.self ??= globalThis;
  const gpu = await host.requestGPU();
  let device;
  let errors = 0;
  const kernels = new Set();
  const { info } = await gpu.requestAdapter({ powerPreference: 'high-performance' });

  const requestAdapter = async (options) => {
    const adapter = await gpu.requestAdapter({ ...options, powerPreference: 'high-performance' });
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      device = await requestDevice(descriptor);
      device.addEventListener('uncapturederror', () => errors++);
      const createShaderModule = device.createShaderModule.bind(device);
      device.createShaderModule = (module) => {
        kernels.add(module.code);
        return createShaderModule(module);
      };
      return device;
    };
    return adapter;
  };
  const navigator = {
    userAgent: 'node',
    hardwareConcurrency: 2,
    gpu: {
      wgslLanguageFeatures: gpu.wgslLanguageFeatures,
      getPreferredCanvasFormat: () => 'bgra8unorm',
      requestAdapter,
    },
  };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  return {
    adapter: adapterName([info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ')),
    idle: () => device.queue.onSubmittedWorkDone(),
    errors: () => errors,
    kernels: () => kernels.size,
  };
}
