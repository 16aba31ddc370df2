import { arange, concat, elementwise, parse, stack, tensor, where, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import { rayCast } from '../bvh/index.js';
import type { TraceCall } from '../pathTrace.js';
import { areaVector, pointOf } from '../primary.js';
import { radianceAlong } from '../radiance.js';
import { numbersFunction } from '../samplers.js';
import { pixelsPerArea } from './filmDensity.js';
import { filmFilters } from './filmWeights.js';
import { behindKind } from './motion.js';
import { noTriangle, reflectance } from './reflectance.js';
import { Segments, drawSegments } from './segmentProgram.js';
import type { SegmentTables } from './segmentTables.js';
import { StillScene } from './stillScene.js';
import { goOn } from './towardsCamera.js';
import type { Arrival } from './towardsCamera.js';

const { functions } = parse(`
  fn isOnFilm(place: vec3f, low: f32, high: vec2f) -> bool {
    return place.z > 0.0 && place.x > low && place.y > low && place.x < high.x && place.y < high.y;
  }
  // minus one over the density of a segment, per pixels and length of the edge
  fn weigh(density: vec2f, pixels: f32, cosine: f32) -> f32 { return -pixels / ((density.x + density.y) * cosine); }
  // of lines that begin at edges and at the film, per length of the edge, steradian, and pixel per area
  fn densities(ofEdges: f32, ofFilm: f32, pixels: f32, area: f32, atEdges: f32, atFilm: f32) -> vec2f {
    return vec2f(atEdges * ofEdges, atFilm * ofFilm * pixels / area);
  }
  fn shareOfFilm(density: vec2f) -> f32 { return density.y / max(density.x + density.y, 1e-30); }
  fn cosineOf(m: vec3f, d: vec3f) -> f32 { return abs(dot(m, d)) * inverseSqrt(max(dot(m, m), 1e-36)); }
  fn deltaScale(reach: f32, clear: f32, parallel: i32) -> f32 {
    if (clear < 0.9999 * reach) { return 0.0; }
    return select(1.0 / (reach * reach), 1.0, parallel != 0);
  }
`);
const fn = (name: string) => functions.get(name)!;
const column = (t: Tensor): Tensor => t.unsqueeze(1);

/** In place of a sample's number: neither the film nor the segments have it. */
const ofStarts = 0xffff0001;
/** In place of the triangle that a line begins at: it does not begin at the film. */
const atEdge = -2;
/** Tells the random numbers of lines that are thrown away from those of the others. */
const apart = 0x9e3779b9;

/** What lines through edges before one surface of a call's paths are traced in. */
export class LineSetting {
  readonly still: StillScene;
  /** How far around the image light counts for it, in pixels. */
  readonly pad: number;
  /** Whether lines in any direction can meet light: what has an extent, or what surfaces behind the edge reflect. */
  readonly meets: boolean;

  /** @param surface its number: 1 is the one that the camera sees. */
  constructor(
    readonly call: TraceCall,
    readonly camera: Camera,
    readonly surface: number,
    still?: StillScene,
  ) {
    const { lamps, structure } = call.packed;
    this.still = still ?? new StillScene(call.packed);
    this.pad = Math.max(0, filmFilters[structure.filter].reach - 0.5);
    this.meets = lamps.sky || lamps.areas.length > 0 || call.numbers.turns > surface;
  }

  /** The same with other random numbers, whatever they are for. */
  apart(): LineSetting {
    const { inputs } = this.call;
    const [key, rest] = [inputs.tables.narrow(0, 0, 1), inputs.tables.narrow(0, 1, inputs.tables.shape[0] - 1)];
    const tables = concat([key.add(tensor(Uint32Array.of(0, apart, 0, 0), [1, 4])), rest]);
    return new LineSetting({ ...this.call, inputs: { ...inputs, tables } }, this.camera, this.surface, this.still);
  }

  /** Of some number of lines, those that may begin at points that the camera sees. */
  onFilm(count: number): number {
    return this.surface === 1 && this.meets ? Math.ceil(count / 2) : 0;
  }

  /** Width and height of what counts for the image, in pixels. */
  get filmSize(): readonly [number, number] {
    const { height, width } = this.camera.size;
    return [width + 2 * this.pad, height + 2 * this.pad];
  }
}

/** Lines through edges, and what they bring to the image. */
export interface Lines {
  readonly segments: Segments;
  /** [N, 2] where on the film they end. */
  readonly places: Tensor;
  /** [N, 3] the jump of radiance at the edge over the density of the line; 0 of lines that bring nothing. */
  readonly jump: Tensor;
  /** [N] int32 what lies behind the edges: see `behindKind`. */
  readonly kinds: Tensor;
  /** [N] the share of draws from the film in the density; means nothing where the jump is 0. */
  readonly fromFilm: Tensor;
}

/**
 * Draws lines by tables and follows them, one end to the camera, the other one to the light.
 *
 * @param filmShare [1] the share of lines that begin at the film, at most a half, which it is by default.
 */
export function traceLines(setting: LineSetting, tables: SegmentTables, count: number, filmShare?: Tensor): Lines {
  const { structure } = setting.call.packed;
  const most = setting.onFilm(count);
  const atFilm = filmShare ? filmShare.mul(count).floor().minimum(most) : tensor([most]);
  const starts = most > 0 ? startsOnFilm(setting, most, atFilm) : zeros([1, 4]);
  const numbers = { ...tables.numbers, atFilm: most, count, firstSegment: setting.surface * 2 ** 24 };
  const segments = new Segments(drawSegments(structure, { ...tables.inputs, starts }, numbers));
  const arrival = towardsCamera(setting, segments, most, starts);
  const view = onFilm(setting, arrival);
  const { light, kinds } = lightBehind(setting, segments, view.taken);
  const density = densities(setting, segments, view.pixels, most > 0 ? atFilm : tensor([0]));
  const weight = elementwise(fn('weigh'), density, view.pixels, view.cosines);
  const reflected = view.reflected.mul(arrival.carried);
  const jump = where(column(view.taken), reflected.mul(light).mul(column(weight)), 0);
  return { segments, places: view.places, jump, kinds, fromFilm: elementwise(fn('shareOfFilm'), density) };
}

/**
 * Points that the camera sees, evenly on the film and what counts around it, and their triangles: [count, 4], the first
 * `used` of them for lines that begin there.
 */
function startsOnFilm({ call, camera, still, pad, filmSize }: LineSetting, count: number, used: Tensor): Tensor {
  const { tables, bvh } = call.inputs;
  const key = tables.select(0, 0).narrow(0, 0, 2);
  const numbers = arange(count, undefined, 1, { dtype: 'uint32' });
  const places = elementwise(numbersFunction, numbers, ofStarts, 0, key)
    .narrow(1, 0, 2)
    .mul(tensor([...filmSize]))
    .sub(pad);
  const isUsed = numbers.to('float32').lt(used);
  const { origins, directions } = camera.rays(places);
  const from = origins.expand([count, 3]).where(column(isUsed), 1e7);
  const { triangles, barycentrics } = rayCast(bvh, from, directions);
  const points = elementwise(pointOf, barycentrics.narrow(1, 1, 2), ...still.cornersOf(triangles.clamp(0)));
  return concat([points, column(triangles.to('float32').where(isUsed, atEdge))], 1);
}

/** From the surface before each edge on to the one that the camera sees. Lines from the film must meet what they began at. */
function towardsCamera(
  { call, still, surface }: LineSetting,
  segments: Segments,
  most: number,
  starts: Tensor,
): Arrival {
  const before = segments.whole('before');
  const [first, rest] = [before.narrow(0, 0, most), before.narrow(0, most, segments.count - most)];
  const began = starts.select(1, 3).to('int32');
  const started = most > 0 ? concat([where(began.eq(atEdge), first, began), rest]) : before;
  let last: Arrival = {
    triangles: before,
    points: segments.vector('x'),
    directions: segments.vector('direction'),
    carried: tensor([1, 1, 1]).expand([segments.count, 3]),
    taken: segments.float('grazing').gt(0).logicalAnd(before.ge(0)).logicalAnd(before.eq(started)),
  };
  for (let turn = 1; turn < surface; turn++) last = goOn(call, still, last, turn + 64 * surface);
  return last;
}

/** Where lines end on the film. */
interface View {
  /** [N, 2] */
  readonly places: Tensor;
  /** [N] bool */
  readonly taken: Tensor;
  /** [N, 3] the share of light that the surface there sends to the camera; 0 where something hides it. */
  readonly reflected: Tensor;
  /** [N] pixels per area of the surface. */
  readonly pixels: Tensor;
  /** [N] cosine of the angle at which light comes to the surface. */
  readonly cosines: Tensor;
}

function onFilm({ call, camera, still, pad }: LineSetting, last: Arrival): View {
  const { height, width } = camera.size;
  const seen = camera.toPixels(last.points);
  const taken = elementwise(fn('isOnFilm'), seen, -pad, tensor([width + pad, height + pad])).logicalAnd(last.taken);
  const places = where(column(taken), seen.narrow(1, 0, 2), 0.5);
  const { origins, directions } = camera.rays(places);
  const reflected = reflectance(call, {
    origins: origins.expand([places.shape[0], 3]),
    directions,
    lights: last.directions,
    targets: last.triangles.to('uint32').where(taken, noTriangle),
  });
  const corners = still.cornersOf(last.triangles.clamp(0));
  return {
    places,
    taken,
    reflected,
    pixels: pixelsPerArea(camera, places, corners),
    cosines: elementwise(fn('cosineOf'), elementwise(areaVector, ...corners), last.directions),
  };
}

/** Radiance that passes the edges, or what comes of the point lights that were aimed at, and from what it comes. */
function lightBehind(
  { call, surface }: LineSetting,
  segments: Segments,
  taken: Tensor,
): { readonly light: Tensor; readonly kinds: Tensor } {
  const { packed, numbers } = call;
  const origins = where(column(taken), segments.vector('origin'), 1e7);
  const options = { depth: numbers.turns + 1 - surface, sky: true };
  const light = radianceAlong(call, origins, segments.vector('direction'), options);
  const kinds = segments.whole('behind').clamp(-1, 0).add(behindKind.triangle);
  const { deltas } = packed.lamps;
  if (deltas.length === 0) return { light, kinds };
  const parallel = tensor(Int32Array.from(deltas, ({ type }) => Number(type === 'directional')));
  const colours = stack(deltas.map(({ colourAt }) => packed.scene.detach().narrow(0, colourAt, 3)));
  const delta = segments.whole('delta');
  const [isDelta, number] = [delta.ge(0), delta.clamp(0)];
  const isParallel = parallel.indexSelect(0, number);
  const scale = elementwise(fn('deltaScale'), segments.float('reach'), segments.float('clear'), isParallel);
  return {
    light: where(column(isDelta), colours.indexSelect(0, number).mul(column(scale)), light),
    kinds: where(isDelta, isParallel.add(behindKind.point), kinds),
  };
}

/** Of lines that begin at edges and of those that begin at the film: [N, 2]. */
function densities({ filmSize }: LineSetting, segments: Segments, pixels: Tensor, atFilm: Tensor): Tensor {
  const area = filmSize[0] * filmSize[1];
  const atEdges = atFilm.neg().add(segments.count);
  return elementwise(
    fn('densities'),
    segments.float('ofEdges'),
    segments.float('ofFilm'),
    pixels,
    area,
    atEdges,
    atFilm,
  );
}
