import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DeviceError } from '../../errors.js';
import type { GPUInfo } from '../host.js';
import { createGPU, firstAdapter } from './dawn.js';
import { cacheRoot, isWritableFolder } from './paths.js';
import { useLavapipe } from './vulkan/lavapipe.js';
import { hasVulkanLoader } from './vulkan/preparedDriver.js';
import { useSwiftShader } from './vulkan/swiftshader.js';

type Progress = (message: string) => void;

interface Found {
  readonly gpu: GPU;
  readonly info: GPUInfo;
}

const choices = ['hardware', 'lavapipe', 'swiftshader'] as const;
type Choice = (typeof choices)[number];

/** What the environment variable CHIARO_GPU asks for. */
function askedFor(): Choice | undefined {
  const value = process.env['CHIARO_GPU'];
  if (!value) return undefined;
  if (!(choices as readonly string[]).includes(value)) {
    throw new DeviceError(`CHIARO_GPU is "${value}"; it may be ${choices.join(', ')} or unset (the best there is)`);
  }
  return value as Choice;
}

/** What Mesa's drivers want from the environment. */
function prepareEnvironment(): void {
  if (process.platform !== 'linux') return;
  if (!process.env['XDG_RUNTIME_DIR']) {
    const folder = join(cacheRoot(), 'runtime');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    process.env['XDG_RUNTIME_DIR'] = folder;
  }
  // Mesa keeps compiled shaders in the user's cache folder, and silently nowhere if it cannot write there.
  if (
    !process.env['MESA_SHADER_CACHE_DIR'] &&
    !isWritableFolder(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'))
  ) {
    process.env['MESA_SHADER_CACHE_DIR'] = join(cacheRoot(), 'mesa');
  }
}

/** The GPU that the system offers, hardware first. Returns a reason where there is none. */
async function systemGPU(): Promise<Found | string> {
  if (process.platform === 'linux' && !(await hasVulkanLoader()))
    return 'no Vulkan loader (libvulkan.so.1) is installed';
  const gpu = await createGPU();
  const adapter = await firstAdapter(gpu);
  if (!adapter) return 'no installed driver offers an adapter that Dawn accepts';
  return adapter.software
    ? {
        gpu,
        info: { source: 'driver', reason: `no hardware adapter; installed software driver: ${adapter.description}` },
      }
    : { gpu, info: { source: 'hardware', reason: adapter.description } };
}

/** A software GPU made ready by `use`. */
async function preparedGPU(
  source: 'lavapipe' | 'swiftshader',
  use: (onProgress: Progress) => Promise<void>,
  why: string,
  onProgress: Progress,
): Promise<Found | string> {
  try {
    await use(onProgress);
  } catch (error) {
    return `${source}: ${(error as Error).message}`;
  }
  const gpu = await createGPU();
  const adapter = await firstAdapter(gpu);
  if (!adapter) return `${source}: prepared, but Dawn accepts no adapter of it`;
  return {
    gpu,
    info: { source, reason: `${why}; prepared in ${dirname(process.env['VK_DRIVER_FILES']!)}: ${adapter.description}` },
  };
}

async function findGPU(onProgress: Progress): Promise<Found> {
  const asked = askedFor();
  prepareEnvironment();
  const failures: string[] = [];
  let why = `CHIARO_GPU=${asked}`;
  if (asked === undefined || asked === 'hardware') {
    const found = await systemGPU();
    if (typeof found === 'string') {
      why = found;
      failures.push(`system: ${found}`);
    } else if (asked === undefined || found.info.source === 'hardware') {
      return found;
    } else {
      failures.push(`system: ${found.info.reason}`);
    }
  }
  for (const [source, use] of [
    ['lavapipe', useLavapipe],
    ['swiftshader', useSwiftShader],
  ] as const) {
    if (asked !== undefined && asked !== source) continue;
    const found = await preparedGPU(source, use, why, onProgress);
    if (typeof found !== 'string') return found;
    failures.push(found);
  }
  throw new DeviceError(
    `no GPU found (CHIARO_GPU is ${asked ?? 'unset'}):\n  ${failures.join('\n  ')}\n` +
      'Install a GPU driver with Vulkan, Metal or D3D12 support, a software one (Mesa 23.1 or newer, often called ' +
      'mesa-vulkan-drivers or vulkan-swrast), or run: npm install @sparticuz/chromium (SwiftShader). ' +
      '`npm run doctor` shows what was tried.',
  );
}

let finding: Promise<GPU> | undefined;
let found: GPUInfo | undefined;

/** How the GPU was found; undefined until `requestGPU` has resolved. */
export const foundGPU = (): GPUInfo | undefined => found;

/**
 * The GPU of this process: a hardware adapter; else an installed software Vulkan driver; else lavapipe or SwiftShader,
 * prepared once in the cache folder. CHIARO_GPU=hardware|lavapipe|swiftshader overrides the order.
 */
export function requestGPU(onProgress: Progress = () => undefined): Promise<GPU> {
  finding ??= findGPU(onProgress).then(({ gpu, info }) => {
    found = info;
    return gpu;
  });
  return finding;
}
