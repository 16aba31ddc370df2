import { host } from '#host';
import type { GPUTensorDevice } from '../device/gpu/gpuDevice.js';
import type { Recording } from '../device/gpu/profiler.js';
import type { Node } from '../graph/node.js';
import { describeSchedule } from '../schedule/describe.js';
import type { Schedule } from '../schedule/schedule.js';
import { kernelTable } from './kernelTable.js';

/**
 * CHIARO_DEBUG: 1 prints a table of kernels after each await and remembers the line of every operation, 2 adds the WGSL
 * of each new kernel, 3 each schedule with the reason of every split. See docs/guides/debugging.md.
 */
const debugLevel = Number(host.env('CHIARO_DEBUG') ?? 0);

/** Nodes deeper than this were most likely made by a loop that never asks for a result. */
const deepGraph = 20_000;

/** Remembers the user's line that made a node (when debugging), and warns of graphs that only grow. */
export function recordSite(node: Node): void {
  if (node.depth >= deepGraph && node.depth % deepGraph === 0) {
    host.warn(
      `a graph of ${node.depth} operations in a row has not been computed yet: a loop that carries a tensor from step to ` +
        'step should ask for it now and then (await x.data(), realize(x)), or run as a compiled step',
    );
  }
  if (debugLevel === 0) return;
  const site = userLine();
  // an operation may be several nodes: the new ones below have no line yet
  const pending = [node];
  for (let n = pending.pop(); n; n = pending.pop()) {
    if (n.site !== undefined) continue;
    n.site = site;
    pending.push(...n.inputs);
  }
}

const library = /[\\/](packages|@chiaro)[\\/][a-z]+[\\/](src|dist)[\\/]/;

/** The innermost line of the stack outside this library: path:line. */
export function userLine(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = limit;
  for (const line of lines) {
    if (library.test(line) && !line.includes('.test.')) continue;
    const place = /([^()\s]+:\d+):\d+\)?\s*$/.exec(line)?.[1];
    if (place && !place.startsWith('node:')) return place.replace('file://', '');
  }
  return 'unknown line';
}

let kernels: Recording | undefined;

/** Begins to watch a device, when debugging. */
export function watch(device: GPUTensorDevice): void {
  if (debugLevel >= 1) kernels = device.profiler.record();
  if (debugLevel >= 2) device.pipelines.onNew = ({ label, code }) => host.print(`\nWGSL of "${label}"\n${code}`);
}

/** Prints the kernels that ran since the last await, when debugging. Every await ends with it. */
export async function reportKernels(): Promise<void> {
  const records = (await kernels?.take()) ?? [];
  if (records.length === 0) return;
  const ms = records.reduce((sum, r) => sum + (r.ms ?? 0), 0);
  host.print(`\n${kernelTable(records, `${ms.toFixed(3)} ms on the GPU`)}`);
}

/** Prints a schedule, at level 3. */
export function reportSchedule(schedule: Schedule): void {
  if (debugLevel >= 3) host.print(`\n${describeSchedule(schedule)}`);
}
