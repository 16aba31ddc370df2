import { compileToJS, defineProgram, emitStruct, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { commonScale } from '../../math/gradientScale.js';
import { boxGradient, boxGradientResult, boxShare, boxTangent } from './boxShare.js';
import { hostOutlines } from './hostOutlines.js';
import { eachOutline } from './outlines.wgsl.js';

/** Sizes; `two`, `three` and `eight` are what they say, unknown to the compiler, so that loops stay loops. */
const options = {
  ...({ stride: 'u32', height: 'u32', width: 'u32', two: 'u32', three: 'u32', eight: 'u32' } as const),
};
export type OutlineOptions = Readonly<Record<keyof typeof options, number>>;

/**
 * `corners` holds a triangle's vertices and then its neighbours; `ids` the triangles under an image's pixels and then the
 * first of those that were drawn there and how many: kernels may bind eight buffers only.
 */
const inputs = { clip: 'vec4f[N]', corners: 'i32[F, 6]', ids: 'i32[B, Q]', depth: 'f32[B, H, W]' } as const;
type HostInputs = Readonly<Record<keyof typeof inputs, HostTensor>>;

const vertex = ({ data }: HostTensor, r: number): number[] => [...data.slice(4 * r, 4 * r + 4)];

const sharesOf = ({ depth }: { readonly depth: { readonly shape: readonly number[] } }) => ({
  shares: { dtype: 'f32', shape: [...depth.shape, 8], accumulate: 'scatter', resolution: 2 ** -34 } as const,
});

/** Sums of a function of each outline in each pixel, on the host. */
function sumShares(
  given: HostInputs,
  opts: OutlineOptions,
  share: (a: number, b: number, rest: readonly number[]) => number,
) {
  const shares = new Float64Array(8 * given.depth.data.length);
  for (const { slot, side, a, b, rest } of hostOutlines(given, opts)) shares[slot] += side * share(a, b, rest);
  return { shares };
}

const gradients = defineProgram({
  name: 'boxShareGradients',
  inputs: { ...inputs, seeds: 'f32[B, H, W, 8]' },
  options,
  outputs: ({ clip }) => ({ grad: { dtype: 'f32', shape: clip.shape, accumulate: 'scatter', resolution: 2 ** -34 } }),
  dispatches: ({ B, F }) => [
    {
      items: 3 * B * F,
      code: wgsl`${eachOutline}${wgsl`${emitStruct(boxGradientResult)}`}
var<private> sums: array<vec4f, 2>;
fn visit(slot: u32, side: f32, at: vec2f, a: u32, b: u32) {
  if (seeds[slot] == 0.0) { return; }
  let out = ${boxGradient}(clip[a], clip[b], at, halfSize(), side * seeds[slot]);
  sums[0] += out.a;
  sums[1] += out.b;
}
fn finish(a: u32, b: u32) {
  for (var k = 0u; k < 4u * two; k++) {
    let sum = sums[k / 4u][k % 4u];
    if (sum != 0.0) { accumulate_grad(4u * select(a, b, k >= 4u) + k % 4u, sum); }
  }
}`,
    },
  ],
  reference: ({ seeds, ...given }, opts) => {
    const f = compileToJS(boxGradient);
    const grad = new Float64Array(given.clip.data.length);
    for (const { slot, side, a, b, rest } of hostOutlines(given, opts)) {
      const g = f(...vertex(given.clip, a), ...vertex(given.clip, b), ...rest, side * seeds.data[slot]);
      for (let c = 0; c < 4; c++) {
        grad[4 * a + c] += g[c];
        grad[4 * b + c] += g[4 + c];
      }
    }
    return { grad };
  },
});

const tangents = defineProgram({
  name: 'boxShareTangents',
  inputs: { ...inputs, moved: 'vec4f[N]' },
  options,
  outputs: sharesOf,
  dispatches: ({ B, F }) => [
    {
      items: 3 * B * F,
      code: wgsl`${eachOutline}
fn visit(slot: u32, side: f32, at: vec2f, a: u32, b: u32) {
  let p = moved[a];
  let q = moved[b];
  accumulate_shares(slot, side * ${boxTangent}(clip[a], clip[b], at, halfSize(), p.x, p.y, p.z, p.w, q.x, q.y, q.z, q.w));
}
fn finish(a: u32, b: u32) {}`,
    },
  ],
  reference: ({ moved, ...given }, opts) => {
    const f = compileToJS(boxTangent);
    const at = (a: number, b: number): number[] => [...vertex(given.clip, a), ...vertex(given.clip, b)];
    return sumShares(given, opts, (a, b, rest) => f(...at(a, b), ...rest, ...vertex(moved, a), ...vertex(moved, b))[0]);
  },
});

const program = defineProgram({
  name: 'boxShares',
  inputs,
  options,
  outputs: sharesOf,
  dispatches: ({ B, F }) => [
    {
      items: 3 * B * F,
      code: wgsl`${eachOutline}
fn visit(slot: u32, side: f32, at: vec2f, a: u32, b: u32) {
  accumulate_shares(slot, side * ${boxShare}(clip[a], clip[b], at, halfSize()));
}
fn finish(a: u32, b: u32) {}`,
    },
  ],
  reference: (given, opts) => {
    const f = compileToJS(boxShare);
    return sumShares(given, opts, (a, b, rest) => f(...vertex(given.clip, a), ...vertex(given.clip, b), ...rest)[0]);
  },
  vjp: ({ gradShares }, given, opts) => {
    const scale = commonScale([gradShares]);
    return { clip: gradients({ ...given, seeds: gradShares.div(scale) }, opts).grad.mul(scale) };
  },
  jvp: ({ tangentClip }, given, opts) => tangents({ ...given, moved: tangentClip }, opts),
});

/**
 * How much of each pixel shows what its eight neighbours show (rows from the upper left), by the outlines that touch its
 * square: [B, H, W, 8]. Differentiable in clip coordinates.
 */
export function boxShares(
  given: Readonly<Record<keyof typeof inputs, Tensor>>,
  { stride, height, width }: Readonly<Record<'stride' | 'height' | 'width', number>>,
): Tensor {
  return program(given, { stride, height, width, two: 2, three: 3, eight: 8 }).shares;
}
