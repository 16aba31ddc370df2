import { arange, concat, elementwise, noGrad, parse, stack, tensor, where, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import { rayCast } from '../bvh/index.js';
import type { TraceCall } from '../pathTrace.js';
import { areaVector, pointOf } from '../primary.js';
import { radianceAlong } from '../radiance.js';
import { numbersFunction } from '../samplers.js';
import type { BoundaryTerm } from './boundary.js';
import { pixelsPerArea } from './filmDensity.js';
import { behindKind, edgeMotion } from './motion.js';
import { noTriangle, reflectance } from './reflectance.js';
import { drawSegments } from './segmentProgram.js';
import { segmentFloats as at } from './segments.js';
import { segmentTables } from './segmentTables.js';
import { StillScene } from './stillScene.js';
import { goOn } from './towardsCamera.js';
import type { Arrival } from './towardsCamera.js';

const { functions } = parse(`
  fn isOnFilm(place: vec3f, low: f32, high: vec2f) -> bool {
    return place.z > 0.0 && place.x > low && place.y > low && place.x < high.x && place.y < high.y;
  }
  // Minus one over the density of a segment, per pixels and length of the edge; area: that of the film.
  fn weigh(ofEdges: f32, ofFilm: f32, pixels: f32, cosine: f32, area: f32, atEdges: f32, atFilm: f32) -> f32 {
    return -pixels / ((atEdges * ofEdges + atFilm * ofFilm * pixels / area) * cosine);
  }
  fn cosineOf(m: vec3f, d: vec3f) -> f32 { return abs(dot(m, d)) * inverseSqrt(max(dot(m, m), 1e-36)); }
  fn deltaScale(reach: f32, clear: f32, parallel: i32) -> f32 {
    if (clear < 0.9999 * reach) { return 0.0; }
    return select(1.0 / (reach * reach), 1.0, parallel != 0);
  }
`);
const fn = (name: string) => functions.get(name)!;

/** Which surface edges are before, and by how many samples they are found. */
export interface SecondaryOptions {
  /** Number of the surface of a path: 1 is the one that the camera sees. */
  readonly surface: number;
  readonly samples: number;
}

/** The surfaces of paths of `turns` surfaces, with half as many samples for each further one. */
export const secondarySurfaces = (turns: number, samples: number): SecondaryOptions[] =>
  Array.from({ length: turns }, (_, k) => ({ surface: k + 1, samples: Math.max(64, Math.ceil(samples / 2 ** k)) }));

/** In place of a sample's number: neither the film nor the segments have it. */
const ofStarts = 0xffff0001;

/** Points that the camera sees, evenly on the film and `pad` pixels around it, and their triangles: [count, 4]. */
function startsOnFilm(call: TraceCall, camera: Camera, still: StillScene, count: number, pad: number): Tensor {
  const { height, width } = camera.size;
  const { tables, bvh } = call.inputs;
  const key = tables.select(0, 0).narrow(0, 0, 2);
  const u = elementwise(numbersFunction, arange(count, undefined, 1, { dtype: 'uint32' }), ofStarts, 0, key);
  const places = u
    .narrow(1, 0, 2)
    .mul(tensor([width + 2 * pad, height + 2 * pad]))
    .sub(pad);
  const { origins, directions } = camera.rays(places);
  const { triangles, barycentrics } = rayCast(bvh, origins.expand([count, 3]), directions);
  const points = elementwise(pointOf, barycentrics.narrow(1, 1, 2), ...still.cornersOf(triangles.clamp(0)));
  return concat([points, triangles.to('float32').unsqueeze(1)], 1);
}

/**
 * Edges before surface number `surface` of a path (1: the one that the camera sees), as they hide what that surface would
 * see: shadows, and indirect light that is blocked.
 */
export const secondaryTerm = (call: TraceCall, camera: Camera, { samples, surface }: SecondaryOptions): BoundaryTerm =>
  noGrad(() => {
    const { packed, numbers } = call;
    const { lamps, structure } = packed;
    const { height, width } = camera.size;
    const still = new StillScene(packed);
    const pad = structure.filter === 'box' ? 0 : 1.5;
    // light that has an extent, or is reflected by what lies behind the edge, can be met by chance
    const meets = lamps.sky || lamps.areas.length > 0 || numbers.turns > surface;
    const atFilm = surface === 1 && meets ? Math.ceil(samples / 2) : 0;
    const starts = atFilm > 0 ? startsOnFilm(call, camera, still, atFilm, pad) : zeros([1, 4]);
    const tables = segmentTables(call, still, meets);
    const segments = drawSegments(
      structure,
      { ...tables.inputs, starts },
      { ...tables.numbers, atFilm, count: samples, firstSegment: surface * 2 ** 24 },
    );
    const float = (k: number): Tensor => segments.select(1, k);
    const whole = (k: number): Tensor => float(k).to('int32');
    const vector = (k: number): Tensor => segments.narrow(1, k, 3);
    const column = (t: Tensor): Tensor => t.unsqueeze(1);
    const [direction, before, behind] = [vector(at.direction), whole(at.before), whole(at.behind)];

    // from x to the camera
    const rest = before.narrow(0, atFilm, samples - atFilm);
    const started = atFilm > 0 ? concat([starts.select(1, 3).to('int32'), rest]) : rest;
    let last: Arrival = {
      ...{
        triangles: before,
        points: vector(at.x),
        directions: direction,
        carried: tensor([1, 1, 1]).expand([samples, 3]),
      },
      taken: float(at.grazing).gt(0).logicalAnd(before.ge(0)).logicalAnd(before.eq(started)),
    };
    for (let turn = 1; turn < surface; turn++) last = goOn(call, still, last, turn + 64 * surface);
    const seen = camera.toPixels(last.points);
    const taken = elementwise(fn('isOnFilm'), seen, -pad, tensor([width + pad, height + pad])).logicalAnd(last.taken);
    const places = where(column(taken), seen.narrow(1, 0, 2), 0.5);
    const toCamera = camera.rays(places);
    const reflected = reflectance(call, {
      origins: toCamera.origins.expand([samples, 3]),
      directions: toCamera.directions,
      lights: last.directions,
      targets: last.triangles.to('uint32').where(taken, noTriangle),
    });

    // light, over the density of all ways to find it
    const origins = where(column(taken), vector(at.origin), 1e7);
    let light = radianceAlong(call, origins, direction, { depth: numbers.turns + 1 - surface, sky: true });
    let kinds = behind.clamp(-1, 0).add(behindKind.triangle);
    const delta = whole(at.delta);
    const isDelta = delta.ge(0);
    if (lamps.deltas.length > 0) {
      const parallel = tensor(Int32Array.from(lamps.deltas, ({ type }) => Number(type === 'directional')));
      const colours = stack(lamps.deltas.map(({ colourAt }) => packed.scene.detach().narrow(0, colourAt, 3)));
      const number = delta.clamp(0);
      const isParallel = parallel.indexSelect(0, number);
      const scale = elementwise(fn('deltaScale'), float(at.reach), float(at.clear), isParallel);
      light = where(column(isDelta), colours.indexSelect(0, number).mul(column(scale)), light);
      kinds = where(isDelta, isParallel.add(behindKind.point), kinds);
    }
    const corners = still.cornersOf(last.triangles.clamp(0));
    const weight = elementwise(
      fn('weigh'),
      float(at.ofEdges),
      float(at.ofFilm),
      pixelsPerArea(camera, places, corners),
      elementwise(fn('cosineOf'), elementwise(areaVector, ...corners), last.directions),
      ...[(width + 2 * pad) * (height + 2 * pad), samples - atFilm, atFilm],
    );
    const jump = where(column(taken), reflected.mul(last.carried).mul(light).mul(column(weight)), 0);

    // how the edge moves across
    const isParallel = kinds.eq(behindKind.parallel);
    const r = float(at.distance);
    const near = r.div(r.add(float(at.reach))).where(kinds.ne(behindKind.nothing), 0);
    const keeps = surface > 1 ? 1 : 0;
    const floats = concat(
      [
        ...[places, column(float(at.share)), vector(at.across), segments.narrow(1, at.behind + 1, 2)],
        segments.narrow(1, at.before + 1, 2).mul(keeps),
        ...[column(where(isParallel, r, near)), column(near.where(isParallel.logicalNot(), 0))],
      ],
      1,
    );
    const ends = still.endsOf(whole(at.edge));
    const words = concat(
      [
        ...[ends, column(kinds.where(jump.abs().sum(1).gt(0), behindKind.unused))],
        column(before.mul(0).add(keeps)),
        still.verticesOf(before.clamp(0)),
        where(column(isDelta), column(delta), still.verticesOf(behind.clamp(0))),
        ends.mul(0),
      ],
      1,
    ).to('uint32');
    return { places, light: jump, motion: (moving) => edgeMotion(structure.lens, moving, { floats, words }) };
  });
