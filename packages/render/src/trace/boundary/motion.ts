import { concat, defineProgram, parse } from '../../engine.js';
import type { HostTensor, Tensor, WgslModule } from '../../engine.js';
import { undistorted } from '../../camera/distortion.js';
import { planeOfPixel } from '../../camera/lens.js';
import { g } from '../glue.js';
import { Interpreter } from '../integrand/interpret.js';
import { Integrand, part } from '../integrand/steps.js';
import type { Operand, Step } from '../integrand/steps.js';
import { sampleCode } from '../integrand/wgsl.js';
import type { KernelMode } from '../integrand/wgsl.js';
import { cameraRay, lensRay, meetingPoint, parallelRay, pointOf } from '../primary.js';
import { cameraFloats } from '../pack.js';
import type { Structure } from '../structure.js';
import type { Moving } from './boundary.js';

const { functions } = parse(`
  fn between(t: f32, a: vec3f, b: vec3f) -> vec3f { return a + t * (b - a); }
  // where light that does not move with a point comes from: a place, or a direction that it goes to
  fn lightPlace(v: vec3f, parallel: u32) -> vec3f { return select(v, -normalize(v), parallel != 0); }
  fn isLight(kind: u32) -> u32 { return u32(kind >= 2); }
  fn passing(x: vec3f, y: vec3f, z: vec3f, n: vec3f, ratio: vec2f) -> vec3f {
    return vec3f(dot(n, y - x - (ratio.x * z - ratio.y * x)), 0.0, 0.0);
  }
`);
const fn = (name: string) => functions.get(name)!;

/** What is behind an edge: nothing that moves, a triangle, a point light, parallel light; or the record is not used. */
export const behindKind = { nothing: 0, triangle: 1, point: 2, parallel: 3, unused: 4 } as const;

/** Floats of a record: place on the film, share of the edge, n, weights in the triangle behind and before, ratios. */
const floatCount = 12;
/** Words: ends of the edge; what is behind; whether the film fixes x; corners before; behind (or the light's number). */
const wordCount = 12;

/** Constants of an edge point between a surface x and what is behind it, as rows. */
export interface EdgeRecords {
  /** [N, 12] float32: place on the film (2), share of the edge, n (3), weights behind (2), before (2), ratios (2) */
  readonly floats: Tensor;
  /** [N, 12] uint32: ends (2), kind behind, 1 where x keeps its place in the triangle, corners before (3), behind (3), 0, 0 */
  readonly words: Tensor;
}

const options = {
  positionsAt: 'u32',
  lightsAt: 'u32',
  smallCount: 'u32',
  none: 'u32',
  one: 'u32',
  two: 'u32',
  three: 'u32',
  four: 'u32',
} as const;
type Options = { readonly [K in keyof typeof options]: number };

/**
 * The steps of n . (y - x - (ratio.x z - ratio.y x)): how far the point y of an edge comes along n before the point z
 * behind it, as x sees it. x is where the camera's ray through a place of the film meets a triangle, or keeps its place there.
 */
function motionSteps(lens: Structure['lens']): Step[] {
  const b = new Integrand();
  const input = (name: string, type: 'u32' | 'f32' | 'vec2f' | 'vec3f' | 'vec4u'): Operand => b.input(name, type);
  const rowsOf = (vertices: Operand, count: 'two' | 'three', total: number): Operand[] => {
    const rows = b.constantCall(g('rowsAt'), b.option('positionsAt'), b.u32(3), vertices);
    return b.load(rows, b.option(count), total, 3, true);
  };
  const y = b.call(fn('between'), input('share', 'f32'), ...rowsOf(input('ends', 'vec4u'), 'two', 2));

  const before = rowsOf(input('before', 'vec4u'), 'three', 3);
  const fixed = b.constantCall(g('isZero'), input('keeps', 'u32'));
  const met = b.branch(fixed, () => {
    const rowsAt = b.constantCall(g('record'), b.u32(0), b.u32(4), b.u32(8), b.u32(12));
    const rows = b.load(rowsAt, b.option('four'), 4, 4, true);
    const ray = rayOf(b, lens, rows, input('place', 'vec2f'));
    return b.call(meetingPoint, part(ray, 'o'), part(ray, 'd'), ...before);
  });
  const x = b.call(pointOf, b.call(g('plus2'), met, input('weightsBefore', 'vec2f')), ...before);

  const kind = input('kind', 'u32');
  const onTriangle = b.branch(b.constantCall(g('equals'), kind, b.u32(behindKind.triangle)), () =>
    b.call(pointOf, input('weightsBehind', 'vec2f'), ...rowsOf(input('behind', 'vec4u'), 'three', 3)),
  );
  const atLight = b.branch(b.constantCall(fn('isLight'), kind), () => {
    const at = b.constantCall(g('rowAt'), b.option('lightsAt'), b.u32(3), part(input('behind', 'vec4u'), 'x'));
    const [vector] = b.load(b.constantCall(g('record'), at, at, at, at), b.option('one'), 1, 3, true);
    return b.call(fn('lightPlace'), vector, b.constantCall(g('equals'), kind, b.u32(behindKind.parallel)));
  });
  const z = b.call(g('plus3'), onTriangle, atLight);
  b.emit(b.call(fn('passing'), x, y, z, input('across', 'vec3f'), input('ratio', 'vec2f')));
  return b.steps;
}

function rayOf(b: Integrand, lens: Structure['lens'], rows: Operand[], place: Operand): Operand {
  if (lens !== 'distorted') return b.call(lens === 'perspective' ? cameraRay : parallelRay, ...rows, place);
  const lensAt = b.constantCall(g('record'), b.u32(16), b.u32(20), b.u32(0), b.u32(0));
  const bend = b.load(lensAt, b.option('two'), 2, 4, true);
  const goal = b.constantCall(planeOfPixel, place, rows[0]);
  const guess = b.constantCall(undistorted, goal, bend[0], part(bend[1], 'x'));
  return b.call(lensRay, ...rows, ...bend, guess, place);
}

/** Reads a record in a kernel, skips those that count for nothing. */
const readRecord = `let f = ${floatCount}u * i;
  let w = ${wordCount}u * i;
  let place = vec2f(floats[f], floats[f + 1u]);
  let share = floats[f + 2u];
  let across = vec3f(floats[f + 3u], floats[f + 4u], floats[f + 5u]);
  let weightsBehind = vec2f(floats[f + 6u], floats[f + 7u]);
  let weightsBefore = vec2f(floats[f + 8u], floats[f + 9u]);
  let ratio = vec2f(floats[f + 10u], floats[f + 11u]);
  let ends = vec4u(words[w], words[w + 1u], 0u, 0u);
  let kind = words[w + 2u];
  let keeps = words[w + 3u];
  let before = vec4u(words[w + 4u], words[w + 5u], words[w + 6u], 0u);
  let behind = vec4u(words[w + 7u], words[w + 8u], words[w + 9u], 0u);`;

function recordOnHost(floats: HostTensor, words: HostTensor, i: number): Record<string, readonly number[]> {
  const [f, w] = [floats.data.subarray(floatCount * i), words.data.subarray(wordCount * i)];
  return {
    place: [f[0], f[1]],
    share: [f[2]],
    across: [f[3], f[4], f[5]],
    weightsBehind: [f[6], f[7]],
    weightsBefore: [f[8], f[9]],
    ratio: [f[10], f[11]],
    ends: [w[0], w[1], 0, 0],
    kind: [w[2]],
    keeps: [w[3]],
    before: [w[4], w[5], w[6], 0],
    behind: [w[7], w[8], w[9], 0],
  };
}

type Program = (
  inputs: { readonly scene: Tensor; readonly floats: Tensor; readonly words: Tensor },
  o: Options,
) => Tensor;

function makeProgram(lens: Structure['lens']): Program {
  const steps = motionSteps(lens);
  const shared = { scene: 'f32[S]', floats: 'f32[N, 12]', words: 'u32[N, 12]' } as const;
  const code = (mode: KernelMode, before: string, after: string): WgslModule => {
    const { body, uses } = sampleCode(steps, mode);
    return { text: `fn item(i: u32) {\n  ${before}\n  ${readRecord}\n${body}\n  ${after}\n}`, uses };
  };
  const sumsInto = (output: string): string => `var radiance = vec3f();
  var covered = 0.0;
  if (words[${wordCount}u * i + 2u] == ${behindKind.unused}u) { ${output}[i] = 0.0; return; }`;
  const onHost = (
    { scene, floats, words }: Readonly<Record<'scene' | 'floats' | 'words', HostTensor>>,
    o: Readonly<Record<string, number>>,
    run: (of: Interpreter, i: number) => number,
  ): number[] =>
    Array.from({ length: floats.data.length / floatCount }, (_, i) => {
      if (words.data[wordCount * i + 2] === behindKind.unused) return 0;
      const memory = { scene: scene.data, tables: [], bvh: [], options: o };
      return run(new Interpreter(steps, memory, recordOnHost(floats, words, i)), i);
    });

  const adjoint = defineProgram({
    name: 'edgeMotionAdjoint',
    inputs: { ...shared, gradient: 'f32[N]' },
    options,
    outputs: ({ scene }, { smallCount }) => ({
      few: { dtype: 'f32', shape: [smallCount], accumulate: 'private' },
      many: { dtype: 'f32', shape: [scene.shape[0] - smallCount], accumulate: 'scatter', resolution: 2 ** -34 },
    }),
    dispatches: ({ N }) => {
      const { text, uses } = code(
        'vjp',
        'let seed = vec3f(gradient[i], 0.0, 0.0);\n  if (seed.x == 0.0) { return; }',
        '',
      );
      const accumulate: WgslModule = {
        text: `fn accumulate(at: u32, value: f32) {
  if (at < smallCount) { accumulate_few(at, value); } else { accumulate_many(at - smallCount, value); }
}`,
        uses: [],
      };
      return [{ label: 'trace: edge gradients', items: N, code: { text, uses: [accumulate, ...uses] } }];
    },
    reference: (inputs, o) => {
      const total = new Float64Array(inputs.scene.data.length);
      onHost(inputs, o, (run, i) => {
        run.vjp([inputs.gradient.data[i], 0, 0], total);
        return 0;
      });
      return { few: total.subarray(0, o.smallCount), many: total.subarray(o.smallCount) };
    },
  });
  const tangents = defineProgram({
    name: 'edgeMotionTangent',
    inputs: { ...shared, tangent: 'f32[S]' },
    options,
    outputs: ({ floats }) => ({ moved: { dtype: 'f32', shape: [floats.shape[0]] } }),
    dispatches: ({ N }) => [
      { label: 'trace: edge tangents', items: N, code: code('jvp', sumsInto('moved'), 'moved[i] = radiance.x;') },
    ],
    reference: (inputs, o) => ({ moved: onHost(inputs, o, (run) => run.jvp(inputs.tangent.data).radiance[0]) }),
  });
  const program = defineProgram({
    name: 'edgeMotion',
    inputs: shared,
    options,
    outputs: ({ floats }) => ({ motion: { dtype: 'f32', shape: [floats.shape[0]] } }),
    dispatches: ({ N }) => [
      { label: 'trace: edge motion', items: N, code: code('value', sumsInto('motion'), 'motion[i] = radiance.x;') },
    ],
    reference: (inputs, o) => ({ motion: onHost(inputs, o, (run) => run.value().radiance[0]) }),
    vjp: ({ gradMotion }, inputs, o) => {
      const largest = gradMotion.abs().max();
      const scale = largest.where(largest.gt(0), 1);
      const { few, many } = adjoint({ ...inputs, gradient: gradMotion.div(scale) }, o as Options);
      return { scene: concat([few, many]).mul(scale) };
    },
    jvp: ({ tangentScene }, inputs, o) => ({
      motion: tangents({ ...inputs, tangent: tangentScene }, o as Options).moved,
    }),
  });
  return (inputs, o) => program(inputs, o).motion;
}

const programs = new Map<Structure['lens'], Program>();

/**
 * The motion of edge points [N], a scalar whose derivative is how fast each goes across what is seen behind it: see
 * `motionSteps`. Differentiable in all that moves.
 */
export function edgeMotion(
  lens: Structure['lens'],
  { camera, positions, lights }: Moving,
  { floats, words }: EdgeRecords,
): Tensor {
  let program = programs.get(lens);
  if (program === undefined) programs.set(lens, (program = makeProgram(lens)));
  const scene = concat([...cameraFloats(camera), lights.flatten(), positions.flatten()]);
  const lightsAt = camera.distortion ? 24 : 16;
  return program(
    { scene, floats, words },
    { positionsAt: lightsAt + lights.size, lightsAt, smallCount: lightsAt, none: 0, one: 1, two: 2, three: 3, four: 4 },
  );
}
