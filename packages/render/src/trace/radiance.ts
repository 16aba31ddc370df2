import { ShapeError, concat, defineProgram } from '../engine.js';
import type { DispatchSpec, HostTensor, Tensor, WgslModule } from '../engine.js';
import { Interpreter } from './integrand/interpret.js';
import type { Step } from './integrand/steps.js';
import { sampleCode } from './integrand/wgsl.js';
import { rayPathSteps } from './path.js';
import type { TraceCall } from './pathTrace.js';
import { keyOf, optionTypes, shared, surfacesOfPath } from './programs.js';
import { noNeeds } from './structure.js';
import type { Structure } from './structure.js';

/** Choices of `radianceAlong`. */
export interface RadianceOptions {
  /** Segments of a path, the ray being the first; those of the call by default, and never more. 0 gives black. */
  readonly depth?: number;
  /** Paths per ray, of which the mean is taken; 1 by default. */
  readonly spp?: number;
  /** Ray i draws the random numbers of line i % lines: rays of one line share them. Each has its own by default. */
  readonly lines?: number;
  /** Hits nearer than this many lengths of the direction do not count; 0 by default. */
  readonly tMin?: number;
  /**
   * Whether rays that meet nothing see the environment: as the camera does (default), or always (`true`), as light.
   */
  readonly sky?: boolean;
}

/**
 * Radiance that comes along given rays of the scene of a call: emission that they meet, and what surfaces reflect along
 * them, by the call's integrator and random key. Detached: a constant for derivatives.
 *
 * @param origins [R, 3]
 * @param directions [R, 3] of unit length
 * @returns [R, 3] linear RGB
 * @throws ShapeError for other shapes, or more segments than the call has.
 */
export function radianceAlong(
  call: TraceCall,
  origins: Tensor,
  directions: Tensor,
  options: RadianceOptions = {},
): Tensor {
  const { packed, inputs, numbers, numbersAt } = call;
  const count = origins.shape[0] ?? 0;
  const { depth = numbers.turns + 1, spp = 1, lines = count, tMin = 0, sky = false } = options;
  if ([origins, directions].some((t) => t.rank !== 2 || t.shape[0] !== count || t.shape[1] !== 3)) {
    throw new ShapeError(
      `radianceAlong: needs origins and directions [R, 3], got [${origins.shape.join(', ')}] and ` +
        `[${directions.shape.join(', ')}]`,
    );
  }
  if (depth > numbers.turns + 1) {
    throw new ShapeError(`radianceAlong: ${depth} segments in a call of ${numbers.turns + 1}`);
  }
  const { structure } = packed;
  // neither lens nor film has a part in it
  const ofRays: Structure = {
    ...structure,
    ...{ lens: 'perspective', filter: 'box', background: structure.environment && (sky || structure.background) },
  };
  const { scene, tables, bvh } = inputs;
  const rays = concat([origins.detach(), directions.detach()], 1);
  const given = {
    ...numbersAt(Math.max(1, depth)),
    ...{ pixels: count, spp, batches: 1, strataColumns: spp, strataRows: 1, sobolDigits: 0 },
    ...{ lines: Math.max(1, lines), tMin },
  };
  const light = rayProgram(ofRays)({ scene: scene.detach(), tables, bvh, rays }, given);
  return depth < 1 ? light.mul(0) : light;
}

const rayOptions = { ...optionTypes, spp: 'u32', lines: 'u32', tMin: 'f32' } as const;
type RayOptions = { readonly [K in keyof typeof rayOptions]: number };
type RayInputs = Readonly<Record<'scene' | 'tables' | 'bvh' | 'rays', Tensor>>;
type RayProgram = (inputs: RayInputs, options: RayOptions) => Tensor;

const programs = new Map<string, RayProgram>();

function rayProgram(structure: Structure): RayProgram {
  const key = keyOf(structure, noNeeds(structure));
  let program = programs.get(key);
  if (program === undefined) programs.set(key, (program = makeProgram(structure)));
  return program;
}

/** A kernel over rays. */
function rayKernel(steps: readonly Step[]): WgslModule {
  const { body, uses } = sampleCode(steps, 'value');
  return {
    text: `fn rayPart(at: u32) -> vec3f { return vec3f(rays[at], rays[at + 1u], rays[at + 2u]); }
fn item(i: u32) {
  let ray = firstPixel + i;
  let pixel = ray % lines;
  let rayOrigin = rayPart(6u * ray);
  let rayDirection = rayPart(6u * ray + 3u);
  var radiance = vec3f();
  var covered = 0.0;
  for (var sampleIndex = 0u; sampleIndex < spp; sampleIndex++) {
${body}
  }
  for (var c = 0u; c < 3u + none; c++) { light[3u * ray + c] = radiance[c] / f32(spp); }
}`,
    uses,
  };
}

/** Dispatches that none of takes long. */
function inParts(
  code: WgslModule,
  { pixels, spp, turns, dispatchSurfaces }: Readonly<Record<string, number>>,
): DispatchSpec[] {
  const range = Math.max(1, Math.floor(dispatchSurfaces / (spp * surfacesOfPath(turns))));
  const parts: DispatchSpec[] = [];
  for (let firstPixel = 0; firstPixel < pixels; firstPixel += range) {
    const items = Math.min(range, pixels - firstPixel);
    parts.push({ label: 'trace: rays', code, items, options: { firstPixel } });
  }
  return parts;
}

function makeProgram(structure: Structure): RayProgram {
  const steps = rayPathSteps(structure);
  let code: WgslModule | undefined;
  const program = defineProgram({
    name: 'radianceAlong',
    inputs: { ...shared, rays: 'f32[R, 6]' },
    options: rayOptions,
    outputs: ({ rays }) => ({ light: { dtype: 'f32', shape: [rays.shape[0], 3] } }),
    dispatches: (_, options) => inParts((code ??= rayKernel(steps)), options),
    reference: (inputs, options) => ({ light: onHost(steps, inputs, options) }),
  });
  return (inputs, options) => program(inputs, options).light;
}

function onHost(
  steps: readonly Step[],
  { scene, tables, bvh, rays }: Readonly<Record<'scene' | 'tables' | 'bvh' | 'rays', HostTensor>>,
  options: Readonly<Record<string, number>>,
): Float64Array {
  const memory = { scene: scene.data, tables: tables.data, bvh: bvh.data, options };
  const light = new Float64Array(3 * options.pixels);
  for (let ray = 0; ray < options.pixels; ray++) {
    const [rayOrigin, rayDirection] = [0, 3].map((k) => [0, 1, 2].map((c) => rays.data[6 * ray + k + c]));
    for (let s = 0; s < options.spp; s++) {
      const given = { pixel: [ray % options.lines], sampleIndex: [s], rayOrigin, rayDirection };
      const { radiance } = new Interpreter(steps, memory, given).value();
      radiance.forEach((v, c) => (light[3 * ray + c] += v / options.spp));
    }
  }
  return light;
}
