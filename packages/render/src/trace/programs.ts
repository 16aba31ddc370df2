import { concat, defineProgram, wgsl, zeros } from '../engine.js';
import type { DispatchSpec, HostTensor, Tensor, WgslModule } from '../engine.js';
import { basicSteps } from './basicSteps.js';
import type { SampleResult } from './integrand/interpret.js';
import { Interpreter } from './integrand/interpret.js';
import type { Step } from './integrand/steps.js';
import { sampleCode } from './integrand/wgsl.js';
import type { KernelMode, SampleCode } from './integrand/wgsl.js';
import { pathSteps } from './path.js';
import type { Needs, Structure } from './structure.js';

/**
 * The numbers that the kernels know by name: sizes of the image and of the part of it that a dispatch computes, the
 * techniques, and addresses and sizes of the packed scene. `none` ... `four` are 0 ... 4, unknown to the compiler, so that loops over them
 * stay loops.
 */
export const optionTypes = {
  pixels: 'u32',
  sampleStride: 'u32',
  // the samples of this call, and how many independent sets they are of by turns
  fromSample: 'u32',
  toSample: 'u32',
  batches: 'u32',
  // the part of the image that the film shows
  cropColumn: 'u32',
  cropRow: 'u32',
  cropWidth: 'u32',
  // surfaces that a dispatch computes light at, at most, and its part
  dispatchSurfaces: 'u32',
  firstPixel: 'u32',
  pixelCount: 'u32',
  firstSample: 'u32',
  lastSample: 'u32',
  imageWidth: 'u32',
  strataColumns: 'u32',
  strataRows: 'u32',
  // of sample numbers in base 2, where Sobol's sequence gives the numbers; else 0
  sobolDigits: 'u32',
  firstTechnique: 'u32',
  lastTechnique: 'u32',
  combine: 'u32',
  // paths of several surfaces: how many at most, the first that roulette may spare a path, techniques at each of them, and
  // whether light that the lobe finds counts
  turns: 'u32',
  rouletteFrom: 'u32',
  streams: 'u32',
  lobeFinds: 'u32',
  none: 'u32',
  one: 'u32',
  two: 'u32',
  three: 'u32',
  four: 'u32',
  smallCount: 'u32',
  positionsAt: 'u32',
  normalsAt: 'u32',
  uvsAt: 'u32',
  tangentsAt: 'u32',
  environmentAt: 'u32',
  environmentWidth: 'u32',
  environmentHeight: 'u32',
  marginalAt: 'u32',
  conditionalAt: 'u32',
  densityAt: 'u32',
  emittersAt: 'u32',
  trianglesAt: 'u32',
  triangleCount: 'u32',
  // instances: their transforms in the scene, first row of their records behind the tree, the bit of a triangle's number
  // that theirs begins at, and how many there are
  transformsAt: 'u32',
  forestAt: 'u32',
  instanceShift: 'u32',
  instanceCount: 'u32',
} as const;

export type TraceOptions = { readonly [K in keyof typeof optionTypes]: number };

/** The tensors that all kernels read. */
export interface TraceInputs {
  readonly scene: Tensor;
  readonly tables: Tensor;
  readonly bvh: Tensor;
}

/**
 * A film [sampleStride, pixels, 4]: sums of radiance and of covered samples. Layer k holds samples k, k + sampleStride, ...
 * Where `fromSample` is above 0, the film of the samples before it is given, and this is that of all. Differentiable in the
 * scene.
 */
export type FilmProgram = (inputs: TraceInputs, options: TraceOptions, before?: Tensor) => Tensor;

const programs = new Map<string, FilmProgram>();

/** The program for a structure and what needs gradients; kernels are written once for each. */
export function filmProgram(structure: Structure, needs: Needs): FilmProgram {
  const key = keyOf(structure, needs);
  let program = programs.get(key);
  if (program === undefined) programs.set(key, (program = makeProgram(structure, needs)));
  return program;
}

/** What tells the kernels of one structure from those of another. */
export function keyOf({ kinds, ...rest }: Structure, needs: Needs): string {
  const lobes = kinds.map(({ evaluate, sample, pdf }) => [evaluate.key, sample.key, pdf.key]);
  return JSON.stringify([lobes, rest, needs]);
}

export const shared = { scene: 'f32[S]', tables: 'vec4u[T]', bvh: 'vec4u[B]' } as const;

/** A kernel over items: an item is a pixel, or a share of the samples of one where there are few pixels. */
function kernel({ body, uses }: SampleCode, before: string, after: string): WgslModule {
  return {
    text: `fn item(i: u32) {
  let place = firstPixel + i % pixelCount;
  let share = i / pixelCount;
  let at = 4u * (share * pixels + place);
  let pixel = (cropRow + place / cropWidth) * imageWidth + cropColumn + place % cropWidth;
  ${before}
  for (var sampleIndex = firstSample + share; sampleIndex < lastSample; sampleIndex += sampleStride) {
${body}
  }
  ${after}
}`,
    uses,
  };
}

/** Surfaces that a sample is expected to reach, at most: roulette ends most paths early. */
export const surfacesOfPath = (turns: number): number => Math.min(Math.max(1, turns), 8);

/** A kernel over all samples, in dispatches that none of takes long: parts of the image, or some samples of all of it. */
function inParts(label: string, code: WgslModule, options: Readonly<Record<string, number>>): DispatchSpec[] {
  const { pixels, fromSample, toSample, sampleStride, turns, dispatchSurfaces } = options;
  const samplesPerDispatch = Math.max(1, Math.floor(dispatchSurfaces / surfacesOfPath(turns)));
  const range = Math.min(pixels, Math.ceil(samplesPerDispatch / sampleStride));
  const step = sampleStride * Math.max(1, Math.floor(samplesPerDispatch / (range * sampleStride)));
  const parts: DispatchSpec[] = [];
  for (let firstPixel = 0; firstPixel < pixels; firstPixel += range) {
    const pixelCount = Math.min(range, pixels - firstPixel);
    for (let firstSample = fromSample; firstSample < toSample; firstSample += step) {
      const lastSample = Math.min(firstSample + step, toSample);
      const part = { firstPixel, pixelCount, firstSample, lastSample };
      parts.push({ label, code, items: pixelCount * sampleStride, options: part });
    }
  }
  return parts;
}

/**
 * The same for a kernel that also differentiates, in dispatches half as large. Sums of a dispatch are rounded together:
 * sizes must not depend on what an adapter can do.
 */
const inSmallParts = (label: string, code: WgslModule, options: Readonly<Record<string, number>>): DispatchSpec[] =>
  inParts(label, code, { ...options, dispatchSurfaces: options.dispatchSurfaces / 2 });

/**
 * Begins with the film so far and ends with the film after. Every sample is added by itself, so that the sums do not depend
 * on which samples are computed together.
 */
const soFar = (film: string, before: string): string => `var total = vec4f();
  for (var c = 0u; c < 4u + none; c++) {
    if (firstSample > fromSample) { total[c] = ${film}[at + c]; } ${before}
  }
  var radiance = total.xyz;
  var covered = total.w;`;
const after = (film: string): string => `total = vec4f(radiance, covered);
  for (var c = 0u; c < 4u + none; c++) { ${film}[at + c] = total[c]; }`;

const filmShape = ({ sampleStride, pixels }: Readonly<Record<string, number>>): number[] => [sampleStride, pixels, 4];

function makeProgram(structure: Structure, needs: Needs): FilmProgram {
  const steps = (structure.basic ? basicSteps : pathSteps)(structure, needs);
  const codes = new Map<KernelMode, SampleCode>();
  const code = (mode: KernelMode): SampleCode => {
    let known = codes.get(mode);
    if (known === undefined) codes.set(mode, (known = sampleCode(steps, mode)));
    return known;
  };

  const adjoint = adjointProgram(steps, code);
  const tangents = defineProgram({
    name: 'pathTraceTangent',
    inputs: { ...shared, tangent: 'f32[S]' },
    options: optionTypes,
    outputs: (_, options) => ({ moved: { dtype: 'f32', shape: filmShape(options) } }),
    dispatches: (_, options) => {
      const film = kernel(code('jvp'), soFar('moved', ''), after('moved'));
      return inSmallParts('trace: tangents', film, options);
    },
    reference: (inputs, options) => {
      const moved = new Float64Array(4 * options.sampleStride * options.pixels);
      onHost(steps, inputs, options, (run, at) => expose(moved, at, { ...run.jvp(inputs.tangent.data), covered: 0 }));
      return { moved };
    },
  });
  const program = defineProgram({
    name: 'pathTrace',
    inputs: { ...shared, before: 'f32[N, P, 4]' },
    options: optionTypes,
    outputs: (_, options) => ({ film: { dtype: 'f32', shape: filmShape(options) } }),
    dispatches: (_, options) => {
      const before = 'else if (fromSample > 0u) { total[c] = before[at + c]; }';
      return inParts('trace: image', kernel(code('value'), soFar('film', before), after('film')), options);
    },
    reference: (inputs, options) => {
      const film = new Float64Array(4 * options.sampleStride * options.pixels);
      if (options.fromSample > 0) film.set(inputs.before.data);
      onHost(steps, inputs, options, (run, at) => expose(film, at, run.value()));
      return { film };
    },
    vjp: ({ gradFilm }, { scene, tables, bvh }, options) => ({
      scene: adjoint({ scene, tables, bvh }, gradFilm, options as TraceOptions),
    }),
    jvp: ({ tangentScene }, { scene, tables, bvh }, options) => ({
      film: tangents({ scene, tables, bvh, tangent: tangentScene }, options as TraceOptions).moved,
    }),
  });
  return (inputs, options, before) => program({ ...inputs, before: before ?? zeros([1, 1, 4]) }, options).film;
}

type Adjoint = (inputs: TraceInputs, gradient: Tensor, options: TraceOptions) => Tensor;

/**
 * Gradient of the scene from that of the film. The first `smallCount` floats, which every sample adds to, are summed per
 * invocation; the others by order-independent atomics. The film's gradient is scaled to 1 first, so that the fixed-point
 * steps fit any loss.
 */
function adjointProgram(steps: readonly Step[], code: (mode: KernelMode) => SampleCode): Adjoint {
  const program = defineProgram({
    name: 'pathTraceAdjoint',
    inputs: { ...shared, gradient: 'f32[N, P, 4]' },
    options: optionTypes,
    outputs: ({ scene }, { smallCount }) => ({
      few: { dtype: 'f32', shape: [smallCount], accumulate: 'private' },
      many: { dtype: 'f32', shape: [scene.shape[0] - smallCount], accumulate: 'scatter', resolution: 2 ** -34 },
    }),
    dispatches: (_, options) => {
      const { body, uses } = code('vjp');
      const seed = `let seed = vec3f(gradient[at], gradient[at + 1u], gradient[at + 2u]);
  if (all(seed == vec3f())) { return; }`;
      return inSmallParts('trace: gradients', kernel({ body, uses: [accumulateBoth, ...uses] }, seed, ''), options);
    },
    reference: (inputs, options) => {
      const total = new Float64Array(inputs.scene.data.length);
      const { data } = inputs.gradient;
      onHost(steps, inputs, options, (run, at) =>
        run.vjp(
          [0, 1, 2].map((c) => data[at + c]),
          total,
        ),
      );
      return { few: total.subarray(0, options.smallCount), many: total.subarray(options.smallCount) };
    },
  });
  return ({ scene, tables, bvh }, gradient, options) => {
    const largest = gradient.abs().max();
    const scale = largest.where(largest.gt(0), 1);
    const { few, many } = program({ scene, tables, bvh, gradient: gradient.div(scale) }, options);
    return concat([few, many]).mul(scale);
  };
}

const accumulateBoth = wgsl`fn accumulate(at: u32, value: f32) {
  if (at < smallCount) { accumulate_few(at, value); } else { accumulate_many(at - smallCount, value); }
}`;

/** Calls `sample` with an interpreter for every sample and the place of its pixel in the film. */
function onHost(
  steps: readonly Step[],
  { scene, tables, bvh }: Readonly<Record<'scene' | 'tables' | 'bvh', HostTensor>>,
  options: Readonly<Record<string, number>>,
  sample: (run: Interpreter, at: number) => void,
): void {
  const memory = { scene: scene.data, tables: tables.data, bvh: bvh.data, options };
  const { pixels, fromSample, toSample, sampleStride, cropColumn, cropRow, cropWidth, imageWidth } = options;
  for (let place = 0; place < pixels; place++) {
    const pixel = (cropRow + Math.floor(place / cropWidth)) * imageWidth + cropColumn + (place % cropWidth);
    for (let s = fromSample; s < toSample; s++) {
      const at = 4 * ((s % sampleStride) * pixels + place);
      sample(new Interpreter(steps, memory, { pixel: [pixel], sampleIndex: [s] }), at);
    }
  }
}

/** Adds what a sample gives to a film. */
function expose(film: Float64Array, at: number, { radiance, covered }: SampleResult): void {
  [...radiance, covered].forEach((v, c) => (film[at + c] += v));
}
