// What a program does on a fresh machine: asks for the GPU and computes something. Prints one line of JSON.
import { readFileSync } from 'node:fs';
import { host, type GPUInfo } from '@chiaro/tensor/host';
import { squareRoots } from '../browser/page/hostCases.js';

/** What it prints; `error` stands for the rest where there is no GPU. */
export interface FirstResult extends Partial<GPUInfo> {
  readonly error?: string;
  /** What the bootstrap reported while it worked. */
  readonly progress: readonly string[];
  readonly sum?: number;
  /** From the start of the process. */
  readonly milliseconds?: { readonly gpu: number; readonly result: number };
  /** Files of Vulkan libraries that are in the process's memory. */
  readonly mapped?: readonly string[];
}

async function firstResult(): Promise<FirstResult> {
  const progress: string[] = [];
  try {
    await host.requestGPU((message) => progress.push(message));
    const gpu = Math.round(performance.now());
    const roots = await squareRoots();
    const milliseconds = { gpu, result: Math.round(performance.now()) };
    const libraries = [...readFileSync('/proc/self/maps', 'utf8').matchAll(/(\/\S*(?:vulkan|LLVM|vk_)\S*\.so\S*)$/gm)];
    const mapped = [...new Set(libraries.map(([path]) => path))];
    return { ...host.gpuInfo, progress, sum: roots.reduce((a, b) => a + b), milliseconds, mapped };
  } catch (error) {
    return { error: String(error), progress };
  }
}

console.log(JSON.stringify(await firstResult()));
