import { GradientError, ShapeError, concat, stack, zeros } from '../engine.js';
import type { Generator, Tensor } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { antialiased } from './boundary/antialiased.js';
import { withBoundary, withDerivativeOf } from './boundary/boundary.js';
import { edgeTableOf } from './boundary/edgeTable.js';
import { primaryTerm } from './boundary/primary.js';
import { secondarySurfaces, secondaryTerm } from './boundary/secondary.js';
import { develop } from './film.js';
import type { PathTraced } from './film.js';
import { packScene } from './pack.js';
import type { PackedScene } from './pack.js';
import { filmProgram } from './programs.js';
import type { TraceInputs, TraceOptions } from './programs.js';
import type { Scene } from './scene.js';
import { randomKey, spread } from './spread.js';

/** A part of an image, in pixels from its top left corner. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Choices of `pathTrace`. */
export interface PathTraceOptions {
  /** Samples per pixel; 16 by default. Powers of two and other products of small numbers are spread best. */
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
  /**
   * Gradients at edges that move: `none` (default), the interior term only; `primary`: also those of the edges that the
   * camera sees, outlines, borders and creases, by samples; `antialias`: those of outlines and borders by rasterizing; or
   * `all`: those of `primary`, of shadows, and of indirect light that is blocked. `all` takes a depth of 10 at most, and
   * meshes whose edges have one or two triangles.
   */
  readonly boundary?: 'none' | 'primary' | 'antialias' | 'all';
  /** Points of edges that the camera sees to be sampled; by default `spp` for every pixel around the image. */
  readonly edgeSamples?: number;
  /**
   * Lines through edges that `all` estimates the gradients of shadows by; by default a quarter of the image's samples, and
   * at least 4096. Before every further surface of a path half as many.
   */
  readonly shadowSamples?: number;
  /**
   * Whether a tenth of these lines only finds out which edges bring most, and the others go there more often; false by
   * default. Means do not change. It pays where few of many edges throw shadows that are seen.
   */
  readonly guided?: boolean;
  /** Where random numbers come from; the default generator if neither this nor `seed` is given. */
  readonly generator?: Generator;
  /** Fixes the random numbers of this call: a whole number from 0 to 2^32 - 1. */
  readonly seed?: number;
  /**
   * How the samples of a pixel are spread: each by itself (`independent`); over the cells of a grid in two dimensions at a
   * time, the place in the pixel and the direction of each search for light (`stratified`, the default); or by Sobol's
   * sequence, scrambled, in four dimensions at a time (`sobol`; Burley 2020, Practical Hash-based Owen Scrambling), which
   * has the least noise at powers of two. All are unbiased.
   */
  readonly sampler?: 'independent' | 'stratified' | 'sobol';
  /**
   * Independent sets that the samples are of by turns, 1 by default. The spread of several tells how sure the image is:
   * `variance` and `confidence` of the result. 4 and more are worth having; `spp` must be a multiple, and each set is only
   * spread as evenly as its own samples can be. A film is kept of each.
   */
  readonly batches?: number;
  /** The part of the image to render, in pixels; all of it by default. Its pixels are those of the whole, to the bit. */
  readonly crop?: Crop;
  /**
   * Film filter: one pixel wide; a tent that falls to zero one pixel away, along both sides of a pixel; or a Gaussian of half a
   * pixel's deviation, cut at two pixels. Each is the density that places of samples are drawn from. `box` by default.
   */
  readonly filter?: 'box' | 'tent' | 'gaussian';
  /** How light is found: at the emitters, by the surface's lobe, or both, combined by the power heuristic (default). */
  readonly sampling?: 'mis' | 'light' | 'bsdf';
}

/** Most segments of a path whose every edge has gradients. */
const deepest = 10;

/** Invocations that a small image is spread over. */
const invocations = 4096;

/**
 * Searches for light that a dispatch makes at most, as long as nothing is measured: a surface has one by each technique.
 * SwiftShader on two cores, the slowest adapter tested, takes well under a second for them; no other one gets slower by it.
 */
const dispatchSearches = 2 ** 15;

/**
 * Renders emitters that the camera sees and their light, reflected once, with shadows (direct light) or, with a `depth` of
 * more than 2, by any number of surfaces. At every surface light is sought at all emitters and by the surface's lobe
 * (Veach 1997), and the path goes on where the lobe's sample met another surface (Kajiya 1986).
 *
 * Differentiable, in both modes, in everything that is a tensor in the scene and the camera: positions, texture
 * coordinates and normals of meshes, values of lobes, normal maps, emitters, pose and intrinsics. Gradients are those of
 * the interior: visibility (silhouettes, edges of shadows) counts as constant, but for what `boundary` asks for. So does
 * a triangle's own horizon, below which light is cut. Where the shading normal is the triangle's, light fades out there and
 * nothing is missing; where a normal map or interpolated normals lean away from it by an angle t, turning an evenly lit
 * white surface gives sin(t) / 2 per radian that a whole derivative would not have. Sampling is detached, and the reverse
 * pass replays the samples (Vicini et al. 2021, Path Replay Backpropagation): memory depends on neither their number nor
 * `depth`. The points of a path keep their places in their triangles and move with them; only the first is where the
 * camera's ray meets it.
 *
 * @throws ShapeError where a value does not fit its place, GradientError where an option asks for more than there is.
 */
export function pathTrace(scene: Scene, camera: Camera, options: PathTraceOptions = {}): PathTraced {
  checkOptions(options, camera.size);
  checkEdges(scene, options);
  const call = traceCall(scene, camera, options);
  const { packed, inputs, numbers } = call;
  const { height, width } = options.crop ?? camera.size;
  const film = filmProgram(packed.structure, packed.needs)(inputs, numbers);
  const images = develop(film, { samples: numbers.toSample, batches: numbers.batches, height, width });
  return { ...images, image: withEdges(images.image, call, camera, options) };
}

/** A scene packed for a call, and what its program is given. */
export interface TraceCall {
  readonly packed: PackedScene;
  readonly inputs: TraceInputs;
  readonly numbers: TraceOptions;
  /** The same for paths of another number of segments, from 1 to the call's own. */
  numbersAt(depth: number): TraceOptions;
}

/** The options of a film of a part of the image. */
export const showing = ({
  x,
  y,
  width,
  height,
}: Crop): Pick<TraceOptions, 'pixels' | 'pixelCount' | 'firstPixel' | 'cropColumn' | 'cropRow' | 'cropWidth'> => ({
  ...{ pixels: width * height, pixelCount: width * height, firstPixel: 0 },
  ...{ cropColumn: x, cropRow: y, cropWidth: width },
});

/** What the program of a call is given. */
export function traceCall(scene: Scene, camera: Camera, options: PathTraceOptions): TraceCall {
  checkOptions(options, camera.size);
  const { spp = 16, filter = 'box', depth = 2, rouletteFrom = 4, batches = 1 } = options;
  const packed = packScene(scene, camera, { filter, bounces: depth > 2 });
  const { height, width } = camera.size;
  const numbers = {
    ...packed.layout,
    ...spread(options),
    ...techniques(packed, options),
    ...{ turns: depth - 1, rouletteFrom },
    dispatchSurfaces: Math.max(1, Math.floor(dispatchSearches / (packed.lightCount + 1))),
    ...{ batches, fromSample: 0, toSample: spp },
    imageWidth: width,
    ...showing(options.crop ?? { x: 0, y: 0, width, height }),
    // where there are few pixels several layers, a share of the samples each, so that all invocations have work; by the
    // whole image, so that a part of it has the same sums
    sampleStride: batches * Math.min(spp / batches, Math.max(1, Math.floor(invocations / (height * width * batches)))),
    ...{ firstSample: 0, lastSample: spp },
    ...{ none: 0, one: 1, two: 2, three: 3, four: 4 },
  };
  const tables = concat([randomKey(options), packed.records]);
  const numbersAt = (other: number): TraceOptions => ({
    ...numbers,
    ...techniques(packed, { ...options, depth: other }),
    turns: other - 1,
  });
  return { packed, inputs: { scene: packed.scene, bvh: packed.bvh, tables }, numbers, numbersAt };
}

/** The image with the gradients of visibility that are asked for. */
function withEdges(image: Tensor, call: TraceCall, camera: Camera, options: PathTraceOptions): Tensor {
  const { height, width } = camera.size;
  const { toSample: spp, turns } = call.numbers;
  const {
    boundary = 'none',
    edgeSamples = 2 * spp * (height + width),
    shadowSamples = Math.max(4096, Math.ceil((height * width * spp) / 4)),
    guided = false,
    crop,
  } = options;
  const { joined, parts, isFlat, positions, structure, lamps } = call.packed;
  if (boundary === 'none') return image;
  if (crop) {
    // edges are those of the whole image, of which the rest has no gradient
    const around: [number, number][] = [
      [crop.y, height - crop.y - crop.height],
      [crop.x, width - crop.x - crop.width],
      [0, 0],
    ];
    return withEdges(image.pad(around), call, camera, { ...options, crop: undefined })
      .narrow(0, crop.y, crop.height)
      .narrow(1, crop.x, crop.width);
  }
  const lights = lamps.deltas.length > 0 ? stack(lamps.deltas.map(({ vector }) => vector)) : zeros([0, 3]);
  const moving = { positions, camera, lights };
  if (boundary === 'antialias') {
    return withDerivativeOf(image, moving, (moved) => antialiased(call, joined.topology, moved));
  }
  return withBoundary(image, moving, structure.filter, (moved) => [
    primaryTerm(call, edgeTableOf(joined, parts, isFlat), moved, edgeSamples),
    ...(boundary === 'all' ? secondarySurfaces(turns, shadowSamples, guided) : []).map((before) =>
      secondaryTerm(call, moved.camera, before),
    ),
  ]);
}

function checkOptions(options: PathTraceOptions, { height, width }: Camera['size']): void {
  const { spp = 16, depth = 2, rouletteFrom = 4, boundary = 'none', seed, batches = 1, crop } = options;
  const { edgeSamples = 1, shadowSamples = 1 } = options;
  const whole = (n: number, least: number, most: number): boolean => Number.isInteger(n) && n >= least && n <= most;
  if (!whole(spp, 1, 2 ** 24)) throw new ShapeError(`pathTrace: spp must be a whole number from 1 to 2^24, got ${spp}`);
  if (!whole(batches, 1, spp) || spp % batches !== 0) {
    throw new ShapeError(
      `pathTrace: batches must be a whole number that spp = ${spp} is a multiple of, got ${batches}`,
    );
  }
  const inside = (at: number, size: number, all: number): boolean => whole(at, 0, all - 1) && whole(size, 1, all - at);
  if (crop && !(inside(crop.x, crop.width, width) && inside(crop.y, crop.height, height))) {
    throw new ShapeError(
      `pathTrace: crop must be a part of the image of ${width} x ${height} pixels, got ${crop.width} x ${crop.height} at ` +
        `(${crop.x}, ${crop.y})`,
    );
  }
  if (seed !== undefined && !whole(seed, 0, 2 ** 32 - 1)) {
    throw new ShapeError(`pathTrace: seed must be a whole number from 0 to 2^32 - 1, got ${seed}`);
  }
  if (!whole(depth, 1, 2 ** 16)) {
    throw new ShapeError(`pathTrace: depth must be a whole number from 1 to 65536, got ${depth}`);
  }
  if (!whole(rouletteFrom, 1, 2 ** 31)) {
    throw new ShapeError(`pathTrace: rouletteFrom must be a whole number from 1 to 2^31, got ${rouletteFrom}`);
  }
  if (!whole(edgeSamples, 1, 2 ** 24)) {
    throw new ShapeError(`pathTrace: edgeSamples must be a whole number from 1 to 2^24, got ${edgeSamples}`);
  }
  if (!whole(shadowSamples, 1, 2 ** 24)) {
    throw new ShapeError(`pathTrace: shadowSamples must be a whole number from 1 to 2^24, got ${shadowSamples}`);
  }
  if (!['none', 'primary', 'antialias', 'all'].includes(boundary)) {
    throw new GradientError(
      `pathTrace: boundary '${String(boundary)}' is not supported; 'none' is, gradients without those of visibility, ` +
        `'primary' and 'antialias', with those of the edges that the camera sees, and 'all', with those of shadows`,
    );
  }
  if (boundary === 'all' && depth > deepest) {
    throw new GradientError(
      `pathTrace: boundary 'all' takes paths of ${deepest} segments at most, got depth ${depth}; take 'primary' for longer ones`,
    );
  }
}

/** Edges of instances have no table yet: their gradients are refused, not left out. */
function checkEdges({ instances = [] }: Scene, { boundary = 'none' }: PathTraceOptions): void {
  if (boundary === 'none' || instances.length === 0) return;
  throw new GradientError(
    `pathTrace: boundary '${boundary}' does not know the edges of instances; take 'none', or give each as a shape with ` +
      `its positions moved`,
  );
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
