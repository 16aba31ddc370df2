import { concat, defineProgram } from '../../engine.js';
import type { DispatchSpec, HostTensor, Tensor, WgslModule } from '../../engine.js';
import { g } from '../glue.js';
import { Interpreter } from '../integrand/interpret.js';
import { part } from '../integrand/steps.js';
import type { Step } from '../integrand/steps.js';
import { sampleCode } from '../integrand/wgsl.js';
import { above, local, reflected } from '../lights.js';
import { closestHit } from '../natives.js';
import type { TraceCall } from '../pathTrace.js';
import { rayOf } from '../primary.js';
import { keyOf, optionTypes, shared } from '../programs.js';
import type { TraceInputs, TraceOptions } from '../programs.js';
import { SceneSteps } from '../sceneSteps.js';
import { noNeeds } from '../structure.js';
import type { Structure } from '../structure.js';
import { SurfaceSteps } from '../surfaceSteps.js';

/** No triangle has this number, and no ray that misses reports it. */
export const noTriangle = 0xfffffffe;

/** A ray towards a surface, and light that is to be reflected back along it. */
export interface Reflection {
  /** [R, 3] */
  readonly origins: Tensor;
  /** [R, 3] of unit length */
  readonly directions: Tensor;
  /** [R, 3] unit directions in which the light is */
  readonly lights: Tensor;
  /** [R] uint32: the triangle that the ray is to meet first */
  readonly targets: Tensor;
}

/**
 * What share of light the surface that each ray meets sends back along the ray: the lobe's value times the cosine of the
 * light's direction, [R, 3]. Zero where the ray meets another triangle than its target. Detached.
 */
export function reflectance(
  { packed, inputs, numbers }: TraceCall,
  { origins, directions, lights, targets }: Reflection,
): Tensor {
  // neither lens nor film nor light has a part in it
  const structure: Structure = {
    ...packed.structure,
    ...{ lens: 'perspective', filter: 'box', background: false, environment: false, delta: false },
  };
  const rays = concat([origins, directions, lights], 1).detach();
  return programOf(structure)({ ...inputs, scene: inputs.scene.detach(), rays, targets }, numbers);
}

type Inputs = TraceInputs & { readonly rays: Tensor; readonly targets: Tensor };
type Program = (inputs: Inputs, options: TraceOptions) => Tensor;

const programs = new Map<string, Program>();

function programOf(structure: Structure): Program {
  const key = keyOf(structure, noNeeds(structure));
  let program = programs.get(key);
  if (program === undefined) programs.set(key, (program = makeProgram(structure)));
  return program;
}

function reflectanceSteps(structure: Structure): Step[] {
  const scene = new SceneSteps(structure, noNeeds(structure));
  const { b } = scene;
  const surfaces = new SurfaceSteps(scene);
  const [o, d, wi] = ['rayOrigin', 'rayDirection', 'lightDirection'].map((name) => b.input(name, 'vec3f'));
  const hit = b.native(closestHit, o, d, b.f32(0), scene.far);
  const triangle = part(hit, 'triangle');
  b.branch(b.constantCall(g('equals'), triangle, b.input('wanted', 'u32')), () => {
    // a surface that a path has come to: what it shines itself is not asked for
    const weights = b.constantCall(g('pair'), part(hit, 'u'), part(hit, 'v'));
    const later = { turn: b.u32(1), weights, before: { point: o } };
    const { normal, side, kind, wo, parameters } = surfaces.at({ triangle, ray: b.constantCall(rayOf, o, d), later });
    const inFrame = b.constantCall(local, wi, normal);
    const cosine = part(inFrame, 'z');
    const one = b.f32(1);
    b.branch(b.constantCall(above, wi, side, cosine, one), () => {
      const f = surfaces.ofLobe(kind, g('plus3'), (lobe, k) => b.call(lobe.evaluate, inFrame, wo, ...parameters[k]));
      b.emit(b.call(reflected, f, cosine, b.call(g('repeat'), one), one, one));
    });
  });
  return b.steps;
}

function kernel(steps: readonly Step[]): WgslModule {
  const { body, uses } = sampleCode(steps, 'value');
  return {
    text: `fn rayPart(at: u32) -> vec3f { return vec3f(rays[at], rays[at + 1u], rays[at + 2u]); }
fn item(i: u32) {
  let ray = firstPixel + i;
  let rayOrigin = rayPart(9u * ray);
  let rayDirection = rayPart(9u * ray + 3u);
  let lightDirection = rayPart(9u * ray + 6u);
  let wanted = targets[ray];
  var radiance = vec3f();
  var covered = 0.0;
${body}
  for (var c = 0u; c < 3u + none; c++) { share[3u * ray + c] = radiance[c]; }
}`,
    uses,
  };
}

function makeProgram(structure: Structure): Program {
  const steps = reflectanceSteps(structure);
  let code: WgslModule | undefined;
  const program = defineProgram({
    name: 'reflectance',
    inputs: { ...shared, rays: 'f32[R, 9]', targets: 'u32[R]' },
    options: optionTypes,
    outputs: ({ rays }) => ({ share: { dtype: 'f32', shape: [rays.shape[0], 3] } }),
    dispatches: ({ R }, { dispatchSurfaces }) => {
      code ??= kernel(steps);
      const parts: DispatchSpec[] = [];
      for (let firstPixel = 0; firstPixel < R; firstPixel += dispatchSurfaces) {
        const items = Math.min(dispatchSurfaces, R - firstPixel);
        parts.push({ label: 'trace: reflectance', code, items, options: { firstPixel } });
      }
      return parts;
    },
    reference: (inputs, options) => ({ share: onHost(steps, inputs, options) }),
  });
  return (inputs, options) => program(inputs, options).share;
}

function onHost(
  steps: readonly Step[],
  { scene, tables, bvh, rays, targets }: Readonly<Record<keyof Inputs, HostTensor>>,
  options: Readonly<Record<string, number>>,
): Float64Array {
  const memory = { scene: scene.data, tables: tables.data, bvh: bvh.data, options };
  const share = new Float64Array(3 * targets.data.length);
  for (let ray = 0; ray < targets.data.length; ray++) {
    const [rayOrigin, rayDirection, lightDirection] = [0, 3, 6].map((k) =>
      [0, 1, 2].map((c) => rays.data[9 * ray + k + c]),
    );
    const given = { rayOrigin, rayDirection, lightDirection, wanted: [targets.data[ray]] };
    share.set(new Interpreter(steps, memory, given).value().radiance, 3 * ray);
  }
  return share;
}
