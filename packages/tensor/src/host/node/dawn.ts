import { DeviceError } from '../../errors.js';
import { restWhileWaiting } from './restWhileWaiting.js';

/** Everything that `create` gave: once such an object is collected, Dawn crashes, so they live as long as we do. */
const kept: GPU[] = [];

/** A new Dawn instance. It sees the Vulkan driver that VK_DRIVER_FILES names at this moment. */
export async function createGPU(): Promise<GPU> {
  const dawn = await import('webgpu').catch((cause: unknown) => {
    const machine = `${process.platform}-${process.arch}`;
    throw new DeviceError(
      `the npm package "webgpu" (Dawn) does not load on ${machine}: ${(cause as Error).message}. It has builds for ` +
        'linux (glibc) x64 and arm64, darwin, and win32 x64 and arm64; run npm install again if files are missing',
      { cause },
    );
  });
  restWhileWaiting(dawn.globals);
  const gpu = dawn.create([]);
  kept.push(gpu);
  return gpu;
}

/** The adapter that the engine would get from `gpu`: its description and whether it is software. */
export async function firstAdapter(gpu: GPU): Promise<{ description: string; software: boolean } | undefined> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return undefined;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  return {
    description: description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter',
    software: isFallbackAdapter,
  };
}
