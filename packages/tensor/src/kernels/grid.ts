import type { UniformValue } from '../kernel/dispatch.js';

/** A u32 uniform. */
export const u32 = (value: number): UniformValue => ({ type: 'u32', value });

/** Workgroups in x and y for `n` of them (one dimension holds 65,535). Kernels number them x + y * num_workgroups.x. */
export function grid(n: number): [x: number, y: number, z: number] {
  const y = Math.max(1, Math.ceil(n / 65_535));
  return [Math.ceil(n / y), y, 1];
}

/** Invocations in one workgroup of a kernel that works by {@link linearMain}. */
const LINEAR_GROUP = 64;

/** The grid for `n` invocations of {@link linearMain}. */
export const linearGrid = (n: number): [number, number, number] => grid(Math.ceil(n / LINEAR_GROUP));

/** WGSL `main` whose `body` runs for i = 0 .. n - 1, one invocation each; `n` is a WGSL expression. */
export const linearMain = (n: string, body: string): string => /* wgsl */ `
@compute @workgroup_size(${LINEAR_GROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * ${LINEAR_GROUP}u;
  if (i >= ${n}) { return; }
${body}
}
`;
