import type { UniformValue } from '../../kernel/dispatch.js';
import { u32 } from '../grid.js';
import type { Loop, MatmulSpec, Nest } from './spec.js';

/** Loops that an axis of an operand may consist of. */
export const MOST_LOOPS = 3;

/** How `b` lies, as nested loops even where strides would do. */
export const nestOf = ({ K, N, b }: Pick<MatmulSpec, 'K' | 'N' | 'b'>): Nest =>
  b.nest ?? { rows: [{ size: K, stride: b.strides[1] }], cols: [{ size: N, stride: b.strides[2] }] };

/** Exactly three loops, outermost first. */
function three(loops: readonly Loop[]): readonly [Loop, Loop, Loop] {
  const none: Loop = { size: 1, stride: 0 };
  return [...Array.from({ length: MOST_LOOPS - loops.length }, () => none), ...loops] as unknown as [Loop, Loop, Loop];
}

/** Offsets of all elements along an axis, in order. */
export function offsetsOf(loops: readonly Loop[]): number[] {
  return loops.reduce<number[]>(
    (outer, { size, stride }) => outer.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * stride)),
    [0],
  );
}

/** Distances from the element where loops start to the first and the last one in memory that they meet. */
export interface Reach {
  readonly first: number;
  readonly last: number;
}

/** Which part of memory nested loops walk over. */
export function reachOf(loops: readonly Loop[]): Reach {
  const far = loops.map(({ size, stride }) => Math.max(size - 1, 0) * stride);
  const sum = (of: (v: number) => number): number => far.reduce((s, v) => s + of(v), 0);
  return { first: sum((v) => Math.min(v, 0)), last: sum((v) => Math.max(v, 0)) };
}

/** WGSL that walks along one axis (k or n): `startK(k)` divides, `nextK(walk)` counts on. */
const walkCode = (axis: 'k' | 'n'): string => {
  const name = axis.toUpperCase();
  return /* wgsl */ `
fn start${name}(${axis}: u32) -> Walk {
  let rest = ${axis} / u.${axis}2;
  let outer = rest / u.${axis}1;
  let inner = ${axis} - rest * u.${axis}2;
  let middle = rest - outer * u.${axis}1;
  return Walk(outer * u.${axis}Step0 + middle * u.${axis}Step1 + inner * u.${axis}Step2, inner, middle);
}

fn next${name}(w: Walk) -> Walk {
  let carry = w.inner + 1u == u.${axis}2;
  let carries = carry && w.middle + 1u == u.${axis}1;
  let at = w.at + u.${axis}Step2 + select(0u, u.${axis}Carry2, carry) + select(0u, u.${axis}Carry1, carries);
  return Walk(at, select(w.inner + 1u, 0u, carry), select(select(w.middle, w.middle + 1u, carry), 0u, carries));
}
`;
};

/**
 * WGSL that finds elements of `b` in its nest. Positions count on from one row or column to the next, which is cheaper
 * than dividing. Offsets wrap around, so strides may be negative. Its uniforms are {@link nestUniforms}.
 */
export const nestCode = /* wgsl */ `
/** A position along an axis: its offset, and the turns of the two inner loops. */
struct Walk { at: u32, inner: u32, middle: u32 }
${walkCode('k')}${walkCode('n')}
/** Offsets of the next four columns. */
fn fourColumns(walk: ptr<function, Walk>) -> vec4u {
  var at = vec4u();
  for (var j = 0u; j < 4u; j++) {
    at[j] = (*walk).at;
    *walk = nextN(*walk);
  }
  return at;
}
`;

/** Uniforms of {@link nestCode}. */
export const nestUniforms = ({ rows, cols }: Nest): Record<string, UniformValue> => ({
  ...walkUniforms('k', three(rows)),
  ...walkUniforms('n', three(cols)),
});

function walkUniforms(axis: 'k' | 'n', loops: readonly [Loop, Loop, Loop]): Record<string, UniformValue> {
  const [outer, middle, inner] = loops;
  const all = {
    1: middle.size,
    2: inner.size,
    Step0: outer.stride,
    Step1: middle.stride,
    Step2: inner.stride,
    // what the end of an inner loop adds: back to its start, and one step of the loop around it
    Carry1: outer.stride - middle.size * middle.stride,
    Carry2: middle.stride - inner.size * inner.stride,
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`${axis}${name}`, u32(value)]));
}
