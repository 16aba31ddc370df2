import type { KernelRecord } from '../device/gpu/profiler.js';

/**
 * Kernels as a table of text: time, bytes of the buffers that they bind, bytes per time, workgroups, the operations
 * fused into each and (when debugging) the lines that made them.
 */
export function kernelTable(kernels: readonly KernelRecord[], total: string): string {
  const rows = kernels.map(({ ms, bytes, workgroups, label, sites }) => [
    ms === undefined ? '-' : ms.toFixed(3),
    (bytes / 2 ** 20).toFixed(2),
    ms ? (bytes / ms / 1e6).toFixed(2) : '-',
    workgroups.join('x') || 'indirect',
    sites.length > 0 ? `${label}  <- ${sites.join(', ')}` : label,
  ]);
  const all = [['ms', 'MiB bound', 'GB/s', 'workgroups', 'kernel'], ...rows];
  const widths = [0, 1, 2, 3].map((c) => Math.max(...all.map((r) => r[c]!.length)));
  const lines = all.map((r) => r.map((cell, c) => (c < 4 ? cell.padStart(widths[c]!) : cell)).join('  '));
  return [...lines, `${kernels.length} ${kernels.length === 1 ? 'kernel' : 'kernels'}, ${total}`].join('\n');
}
