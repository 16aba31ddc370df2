import { defineProgram } from '../../engine.js';
import type { DispatchSpec, HostTensor, Tensor, WgslModule } from '../../engine.js';
import { Interpreter } from '../integrand/interpret.js';
import { sampleCode } from '../integrand/wgsl.js';
import { keyOf, optionTypes, shared } from '../programs.js';
import { noNeeds } from '../structure.js';
import type { Structure } from '../structure.js';
import { segmentFloats, segmentSteps } from './segments.js';

/** Addresses and sizes of the tables that segments are drawn by, beside those of the scene. */
const segmentOptions = {
  ...optionTypes,
  edgeCount: 'u32',
  edgesAt: 'u32',
  edgeSumsAt: 'u32',
  filmSumsAt: 'u32',
  cellsAt: 'u32',
  shineSumsAt: 'u32',
  shineDensityAt: 'u32',
  shineCount: 'u32',
  firstShine: 'u32',
  deltasAt: 'u32',
  deltaCount: 'u32',
  atFilm: 'u32',
  count: 'u32',
  // tells the random numbers of one list of segments from those of another
  firstSegment: 'u32',
} as const;
export type SegmentOptions = { readonly [K in keyof typeof segmentOptions]: number };

export interface SegmentInputs {
  readonly scene: Tensor;
  /** The scene's tables, and behind them the rows of `occluderRows`. */
  readonly tables: Tensor;
  /** The tree with the tables of sums behind it. */
  readonly bvh: Tensor;
  /** [atFilm, 4]: points that the camera sees and their triangles, -1 where it sees none, -2 of lines that begin at edges. */
  readonly starts: Tensor;
}
/** Segments as `drawSegments` gives them; see `segmentFloats`. */
export class Segments {
  /** @param rows [N, segmentFloats.count] */
  constructor(private readonly rows: Tensor) {}

  get count(): number {
    return this.rows.shape[0];
  }

  /** [N] */
  float(name: keyof typeof segmentFloats): Tensor {
    return this.rows.select(1, segmentFloats[name]);
  }

  /** [N] int32 */
  whole(name: keyof typeof segmentFloats): Tensor {
    return this.float(name).to('int32');
  }

  /** [N, 3] */
  vector(name: 'direction' | 'across' | 'origin' | 'x'): Tensor {
    return this.rows.narrow(1, segmentFloats[name], 3);
  }

  /** [N, 2] weights of the second and third corner of a triangle. */
  weights(of: 'before' | 'behind'): Tensor {
    return this.rows.narrow(1, segmentFloats[of] + 1, 2);
  }
}

type Program = (inputs: SegmentInputs, options: SegmentOptions) => Tensor;

const programs = new Map<string, Program>();

/** Segments [count, segmentFloats.count]; see `segmentSteps`. */
export function drawSegments(structure: Structure, inputs: SegmentInputs, options: SegmentOptions): Tensor {
  const ofDraws: Structure = {
    ...structure,
    lens: 'perspective',
    filter: 'box',
    normalMaps: false,
    flat: false,
    kinds: [],
  };
  const key = keyOf(ofDraws, noNeeds(ofDraws));
  let program = programs.get(key);
  if (program === undefined) programs.set(key, (program = makeProgram(ofDraws)));
  return program(inputs, options);
}

function startOnHost([x, y, z, triangle]: Iterable<number>): Record<string, readonly number[]> {
  const film = triangle > -1.5;
  return { film: [Number(film)], start: [x, y, z], skipped: [Number(film && triangle < 0)] };
}

function makeProgram(structure: Structure): Program {
  const { steps, outputs } = segmentSteps(structure);
  const width = segmentFloats.count;
  const kernel = (): WgslModule => {
    const { body, uses } = sampleCode(steps, 'value');
    return {
      text: `fn item(i: u32) {
  let line = firstPixel + i;
  let segment = firstSegment + line;
  var film = 0u;
  var start = vec3f();
  var skipped = 0u;
  if (line < atFilm) {
    start = vec3f(starts[4u * line], starts[4u * line + 1u], starts[4u * line + 2u]);
    let triangle = starts[4u * line + 3u];
    film = u32(triangle > -1.5);
    skipped = film * u32(triangle < 0.0);
  }
${body}
${outputs.map(({ text }, k) => `  segments[${width}u * line + ${k}u] = f32(${text});`).join('\n')}
}`,
      uses,
    };
  };
  let code: WgslModule | undefined;
  const program = defineProgram({
    name: 'drawSegments',
    inputs: { ...shared, starts: 'f32[F, 4]' },
    options: segmentOptions,
    outputs: (_, { count }) => ({ segments: { dtype: 'f32', shape: [count, width] } }),
    dispatches: (_, { count, dispatchSurfaces }) => {
      code ??= kernel();
      const parts: DispatchSpec[] = [];
      for (let firstPixel = 0; firstPixel < count; firstPixel += dispatchSurfaces) {
        const items = Math.min(dispatchSurfaces, count - firstPixel);
        parts.push({ label: 'trace: segments', code, items, options: { firstPixel } });
      }
      return parts;
    },
    reference: ({ scene, tables, bvh, starts }: Readonly<Record<keyof SegmentInputs, HostTensor>>, options) => {
      const memory = { scene: scene.data, tables: tables.data, bvh: bvh.data, options };
      const segments = new Float64Array(options.count * width);
      for (let segment = 0; segment < options.count; segment++) {
        const given = {
          ...{ segment: [options.firstSegment + segment] },
          ...startOnHost(segment < options.atFilm ? starts.data.subarray(4 * segment, 4 * segment + 4) : [0, 0, 0, -2]),
        };
        const run = new Interpreter(steps, memory, given);
        run.value();
        segments.set(
          outputs.map((output) => run.valueOf(output)[0]),
          segment * width,
        );
      }
      return { segments };
    },
  });
  return (inputs, options) => program({ ...inputs }, options).segments;
}
