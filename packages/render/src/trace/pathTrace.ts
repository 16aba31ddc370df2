import { GradientError, ShapeError, concat, randBits, tensor } from '../engine.js';
import type { Generator, Tensor } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { packScene } from './pack.js';
import type { PackedScene } from './pack.js';
import { filmProgram } from './programs.js';
import type { TraceInputs, TraceOptions } from './programs.js';
import type { Scene } from './scene.js';

/** Choices of `pathTrace`. */
export interface PathTraceOptions {
  /** Samples per pixel; 16 by default. Powers of two and other products of small numbers are stratified best. */
  readonly spp?: number;
  /**
   * Segments of a path: 1 shows what shines, 2 (default) adds direct light, every further one a bounce. From 1 to 65536.
   */
  readonly depth?: number;
  /**
   * Surfaces that every path is let to reach; from then on Russian roulette ends some and counts the others for them,
   * which changes no mean. 4 by default; a number of at least `depth` switches it off.
   */
  readonly rouletteFrom?: number;
  /** Gradients at silhouettes and shadow edges: `none`, the interior term only, is all there is so far. */
  readonly boundary?: 'none';
  /** Where random numbers come from; the default generator if neither this nor `seed` is given. */
  readonly generator?: Generator;
  /** Fixes the random numbers of this call: a whole number from 0 to 2^32 - 1. */
  readonly seed?: number;
  /** Film filter: one pixel wide, or a Gaussian of half a pixel's deviation. `box` by default. */
  readonly filter?: 'box' | 'gaussian';
  /** How light is found: at the emitters, by the surface's lobe, or both, combined by the power heuristic (default). */
  readonly sampling?: 'mis' | 'light' | 'bsdf';
}

/** A rendered image. */
export interface PathTraced {
  /** [H, W, 3] linear RGB. */
  readonly image: Tensor;
  /** [H, W] share of the samples that hit a shape; no gradient. */
  readonly mask: Tensor;
}

/** Invocations that a small image is spread over. */
const invocations = 4096;

/**
 * Renders emitters that the camera sees and their light, reflected once, with shadows (direct light) or, with a `depth` of
 * more than 2, by any number of surfaces. At every surface light is sought at all emitters and by the surface's lobe
 * (Veach 1997), and the path goes on where the lobe's sample met another surface (Kajiya 1986).
 *
 * Differentiable, in both modes, in everything that is a tensor in the scene and the camera: positions, texture
 * coordinates and normals of meshes, values of lobes, normal maps, emitters, pose and intrinsics. Gradients are those of
 * the interior: visibility (silhouettes, edges of shadows) counts as constant. So does a triangle's own horizon, below
 * which light is cut. Where the shading normal is the triangle's, light fades out there and nothing is missing; where a
 * normal map or interpolated normals lean away from it by an angle t, turning an evenly lit white surface gives sin(t) / 2
 * per radian that a whole derivative would not have. Sampling is detached, and the reverse pass replays the samples
 * (Vicini et al. 2021, Path Replay Backpropagation): memory depends on neither their number nor `depth`. The points of a
 * path keep their places in their triangles and move with them; only the first is where the camera's ray meets it.
 *
 * @throws ShapeError where a value does not fit its place, GradientError where an option asks for more than there is.
 */
export function pathTrace(scene: Scene, camera: Camera, options: PathTraceOptions = {}): PathTraced {
  checkOptions(options);
  const { packed, inputs, numbers } = traceCall(scene, camera, options);
  const { height, width } = camera.size;
  const film = filmProgram(packed.structure, packed.needs)(inputs, numbers);
  const image = film
    .sum(0)
    .mul(1 / numbers.spp)
    .reshape([height, width, 4]);
  return { image: image.narrow(2, 0, 3), mask: image.select(2, 3).detach() };
}

/** What the program of a call is given. */
export function traceCall(
  scene: Scene,
  camera: Camera,
  options: PathTraceOptions,
): { readonly packed: PackedScene; readonly inputs: TraceInputs; readonly numbers: TraceOptions } {
  const { spp = 16, filter = 'box', depth = 2, rouletteFrom = 4 } = options;
  const packed = packScene(scene, camera, { filter, bounces: depth > 2 });
  const { height, width } = camera.size;
  const pixels = height * width;
  const numbers = {
    ...packed.layout,
    ...strata(spp),
    ...techniques(packed, options),
    ...{ turns: depth - 1, rouletteFrom },
    pixels,
    spp,
    sampleStride: Math.min(spp, Math.max(1, Math.floor(invocations / pixels))),
    imageWidth: width,
    ...{ firstPixel: 0, pixelCount: pixels, firstSample: 0, lastSample: spp },
    ...{ none: 0, one: 1, two: 2, three: 3, four: 4 },
  };
  const tables = concat([randomKey(options), packed.records]);
  return { packed, inputs: { scene: packed.scene, bvh: packed.bvh, tables }, numbers };
}

function checkOptions({ spp = 16, depth = 2, rouletteFrom = 4, boundary = 'none', seed }: PathTraceOptions): void {
  const whole = (n: number, least: number, most: number): boolean => Number.isInteger(n) && n >= least && n <= most;
  if (!whole(spp, 1, 2 ** 24)) throw new ShapeError(`pathTrace: spp must be a whole number from 1 to 2^24, got ${spp}`);
  if (seed !== undefined && !whole(seed, 0, 2 ** 32 - 1)) {
    throw new ShapeError(`pathTrace: seed must be a whole number from 0 to 2^32 - 1, got ${seed}`);
  }
  if (!whole(depth, 1, 2 ** 16)) {
    throw new ShapeError(`pathTrace: depth must be a whole number from 1 to 65536, got ${depth}`);
  }
  if (!whole(rouletteFrom, 1, 2 ** 31)) {
    throw new ShapeError(`pathTrace: rouletteFrom must be a whole number from 1 to 2^31, got ${rouletteFrom}`);
  }
  if ((boundary as string) !== 'none') {
    throw new GradientError(
      `pathTrace: boundary '${String(boundary)}' is not supported; only 'none' is: gradients without those of visibility`,
    );
  }
}

/** [1, 4] words that key the random numbers. */
function randomKey({ seed, generator }: PathTraceOptions): Tensor {
  if (seed !== undefined) return tensor(Uint32Array.of(seed, 0x5eed, 0, 0), [1, 4]);
  return randBits([1, 4], generator ? { generator } : {});
}

/** A nearly square grid of at least `spp` strata, and of no more if there is one. */
function strata(spp: number): { strataColumns: number; strataRows: number } {
  const most = Math.floor(Math.sqrt(spp));
  let strataRows = most;
  while (spp % strataRows !== 0 && 2 * strataRows * strataRows > spp) strataRows--;
  if (spp % strataRows !== 0) strataRows = most;
  return { strataColumns: Math.ceil(spp / strataRows), strataRows };
}

/**
 * Emitters 0 ... lightCount - 1 are sampled, and number lightCount is the surface's lobe, which paths also go on by: there
 * it takes its turn even if light is found at the emitters only.
 */
function techniques(
  { lightCount, structure }: PackedScene,
  { sampling = 'mis', depth = 2 }: PathTraceOptions,
): Pick<TraceOptions, 'firstTechnique' | 'lastTechnique' | 'combine' | 'streams' | 'lobeFinds'> {
  const firstTechnique = sampling === 'bsdf' ? lightCount : 0;
  const lastTechnique = sampling === 'light' && !structure.bounces ? lightCount : lightCount + 1;
  return {
    firstTechnique,
    lastTechnique: depth === 1 || lightCount === 0 ? firstTechnique : lastTechnique,
    combine: Number(sampling === 'mis'),
    streams: lightCount + 1,
    lobeFinds: Number(sampling !== 'light'),
  };
}
