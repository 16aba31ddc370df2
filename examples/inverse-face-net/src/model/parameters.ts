/** Groups of the parameters of a face image, in the order of eq. 1. */
export const groups = ['rotation', 'shape', 'expression', 'reflectance', 'illumination'] as const;
export type Group = (typeof groups)[number];

/** How many numbers the groups have that depend on the model: 128, 64 and 128 in the paper. */
export interface ModeCounts {
  readonly shape: number;
  readonly expression: number;
  readonly reflectance: number;
}

/** Where the groups stand in theta, a vector of `size` numbers: 350 in the paper. */
export interface Layout {
  readonly size: number;
  readonly counts: Readonly<Record<Group, number>>;
  readonly starts: Readonly<Record<Group, number>>;
}

/** Euler angles alpha, beta, gamma in radians. */
const rotationCount = 3;
/** Nine SH coefficients of red, green and blue each: number 3 k + c is theta_k of channel c. */
const lightCount = 27;

/** theta = (R, theta^s, theta^e, theta^r, theta^i): eq. 1. */
export function layoutOf(modes: ModeCounts): Layout {
  const counts = { rotation: rotationCount, ...modes, illumination: lightCount };
  let size = 0;
  const starts = {} as Record<Group, number>;
  for (const group of groups) {
    starts[group] = size;
    size += counts[group];
  }
  return { size, counts, starts };
}

/** A group of a vector theta: a view, which writes through. */
export function part(theta: Float32Array, { starts, counts }: Layout, group: Group): Float32Array {
  return theta.subarray(starts[group], starts[group] + counts[group]);
}

/** One number per dimension of theta, from one list per group. */
export function vectorOf(layout: Layout, valueOf: (group: Group, k: number) => number): Float32Array {
  const theta = new Float32Array(layout.size);
  for (const group of groups) part(theta, layout, group).forEach((_, k, list) => (list[k] = valueOf(group, k)));
  return theta;
}
