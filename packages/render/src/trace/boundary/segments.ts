import { parse } from '../../engine.js';
import { g } from '../glue.js';
import { part } from '../integrand/steps.js';
import type { Operand, Step } from '../integrand/steps.js';
import { LightSearch } from '../lightSearch.js';
import { closestHit, numbers, randomKey, search, tableRow, weightEntry } from '../natives.js';
import { areaVector, opposite, pointOf, towards } from '../primary.js';
import { evenInTriangle, texelOf } from '../sampling.js';
import { SceneSteps } from '../sceneSteps.js';
import { noNeeds } from '../structure.js';
import type { Structure } from '../structure.js';
import { luneDirection, lunePlace, luneSize, offTheEdge } from './lune.js';

/** Bins of the angle from the edge, in each of its two lunes. */
export const bins = 8;
/** Columns of an edge's table: bins of both lunes, then aims at the sky, at shining triangles, at delta lights. */
export const columns = { sky: 2 * bins, areas: 2 * bins + 1, deltas: 2 * bins + 2, count: 2 * bins + 3 } as const;
/** In place of a sample's number: no sample of the film has it. */
const apart = 0xffff0000;

const { functions } = parse(`
  fn inBin(column: u32, u: vec4f) -> vec3f {
    return vec3f(select(0.0, 1.0, column >= ${bins}), (f32(column % ${bins}) + u.x) / ${bins}.0, u.y);
  }
  fn binOf(place: vec3f) -> u32 { return u32(place.x) * ${bins} + u32(clamp(place.y * ${bins}.0, 0.0, ${bins - 1}.0)); }
  fn isGrazing(place: vec3f, skipped: u32) -> u32 { return u32(place.z > 0.0 && place.z < 1.0 && skipped == 0); }
  // A point beside the edge, on its free side: rays from there in a direction of the lunes miss its triangles.
  fn beside(y: vec3f, n: vec3f) -> vec3f {
    let size = max(max(abs(y.x), abs(y.y)), max(abs(y.z), 1e-3));
    return y + n * (2e-5 * size * inverseSqrt(max(dot(n, n), 1e-36)));
  }
  fn along(t: f32, a: vec3f, b: vec3f) -> vec3f { return a + t * (b - a); }

  // A share of the edge by a number, even in the angle that it takes up as seen from x: Kulla and Fajardo 2012.
  struct Line { s: f32, d: f32, low: f32, high: f32, length: f32 }
  fn lineFrom(v0: vec3f, v1: vec3f, x: vec3f) -> Line {
    let l = length(v1 - v0);
    let t = (v1 - v0) / max(l, 1e-30);
    let s = dot(x - v0, t);
    let d = max(length(x - v0 - s * t), 1e-12);
    return Line(s, d, atan2(-s, d), atan2(l - s, d), l);
  }
  fn equiangular(v0: vec3f, v1: vec3f, x: vec3f, u: f32) -> f32 {
    let line = lineFrom(v0, v1, x);
    return clamp((line.s + line.d * tan(mix(line.low, line.high, u))) / max(line.length, 1e-30), 0.0, 1.0);
  }
  fn shareOf(ofEdge: f32, ofFilm: f32, film: u32) -> f32 { return select(ofEdge, ofFilm, film != 0); }

  // Density of what begins at the film, per length of the edge, steradian, and pixel per area: x is drawn evenly from the
  // film, the point of the edge as above.
  fn filmDensity(chance: f32, v0: vec3f, v1: vec3f, x: vec3f, y: vec3f, d: vec3f, m: vec3f) -> f32 {
    let line = lineFrom(v0, v1, x);
    return chance * line.d / (max(line.high - line.low, 1e-12) * max(cosineOf(m, d), 1e-12));
  }
  fn cosineOf(m: vec3f, d: vec3f) -> f32 { return abs(dot(m, d)) * inverseSqrt(max(dot(m, m), 1e-36)); }
  // of a bin of the lunes, even in both angles, per steradian
  fn binDensity(share: f32, size: vec2f, place: vec3f) -> f32 {
    return share * ${bins}.0 / max(PI * size.y * sin(PI * place.y), 1e-12);
  }
  // of points that have a density per area, at a distance along d
  fn perSteradian(density: f32, distance: f32, d: vec3f, m: vec3f) -> f32 {
    return density * distance * distance / max(cosineOf(m, d), 1e-9);
  }
  fn perLength(chance: f32, size: vec2f, density: f32) -> f32 { return chance * density / max(size.x, 1e-30); }
  fn countedFrom(triangle: u32, first: u32) -> u32 { return triangle - first; }
  fn isBefore(a: u32, b: u32) -> u32 { return u32(a < b); }
  fn chooseLight(u: f32, count: u32) -> u32 { return min(u32(u * f32(count)), count - 1); }
  fn share1(share: f32, count: u32) -> f32 { return share / f32(count); }
  fn toDelta(kind: u32, v: vec3f, y: vec3f) -> vec3f {
    let d = select(v - y, -v, kind == 1);
    return d * inverseSqrt(max(dot(d, d), 1e-36));
  }
  fn deltaReach(kind: u32, v: vec3f, y: vec3f) -> f32 { return select(length(v - y), 1e30, kind == 1); }
  fn deltaNumber(isDelta: u32, number: u32) -> f32 { return select(-1.0, f32(number), isDelta != 0); }
  fn reachOf(isDelta: u32, ofLight: f32, ofSurface: f32) -> f32 { return select(ofSurface, ofLight, isDelta != 0); }
  fn numberOf(triangle: u32) -> f32 { return select(f32(triangle), -1.0, triangle == 0xffffffff); }
  fn aimedShare(isDelta: u32, ofBins: f32, density: f32) -> f32 {
    return select(1.0 - ofBins / max(density, 1e-30), 1.0, isDelta != 0);
  }
  fn apartBy(x: vec3f, y: vec3f) -> f32 { return length(y - x); }
`);
const fn = (name: string) => functions.get(name)!;

/** The steps, and what they leave: see `segmentFloats`. */
interface SegmentOperands {
  readonly steps: readonly Step[];
  readonly outputs: readonly Operand[];
}

/** Floats that describe a segment: where each is, and how many there are. */
export const segmentFloats = {
  /** Number of the edge, and where on it the point is. */
  edge: 0,
  share: 1,
  /** Number of the delta light that was aimed at, -1 for none. */
  delta: 2,
  /** 1 where the segment grazes an edge. Where it is 0, all further floats mean nothing. */
  grazing: 3,
  /** Unit direction to the light; across it and the edge, away from the triangles; the point beside the edge. */
  direction: 4,
  across: 7,
  origin: 10,
  /** Triangle that x is on and weights of its second and third corner; the same behind the edge. -1: there is none. */
  before: 13,
  behind: 16,
  /** Distances of what is behind (to the delta light) and of x. */
  reach: 19,
  distance: 20,
  /** Densities, per length, of draws from edges (times steradian) and from the film (times pixels per area). */
  ofEdges: 21,
  ofFilm: 22,
  x: 23,
  /** Distance of the nearest surface behind the edge. */
  clear: 26,
  /** Which lune the direction is in, 0 or 1; how much of the edges' density is that of aims at lights. */
  lune: 27,
  aimed: 28,
  count: 29,
} as const;

/**
 * The steps that draw a segment: a point of an edge and a direction in which it grazes both triangles, what lies behind it
 * and which surface x before it. `film` samples begin at a point that the camera sees (`start`), the others at the edge,
 * towards light or anywhere in the lunes. All ways to find a segment are counted in its densities.
 */
export function segmentSteps(structure: Structure): SegmentOperands {
  const scene = new SceneSteps({ ...structure, lens: 'perspective' }, noNeeds(structure));
  const lights = new LightSearch(scene);
  const { b } = scene;
  const [index, film] = [b.input('segment', 'u32'), b.input('film', 'u32')];
  const start = b.input('start', 'vec3f');
  const key = b.native(randomKey);
  const [u, v] = [0, 1].map((k) => b.native(numbers, index, b.u32(apart), b.u32(k), key));
  const entries = (at: Operand): readonly [Operand, Operand] => [at, b.constantCall(g('sum'), at, b.u32(1))];
  const stepAt = (at: Operand): Operand => {
    const [low, high] = entries(at);
    return b.constantCall(g('minus'), b.native(weightEntry, high), b.native(weightEntry, low));
  };

  const sumsAt = b.constantCall(g('choose'), b.option('edgeSumsAt'), b.option('filmSumsAt'), film);
  const edge = part(b.native(search, sumsAt, b.option('edgeCount'), part(u, 'x')), 'index');
  const [chance, filmChance] = ['edgeSumsAt', 'filmSumsAt'].map((at) =>
    stepAt(b.constantCall(g('sum'), b.option(at), edge)),
  );
  const row = b.native(tableRow, b.constantCall(g('rowAt'), b.option('edgesAt'), b.u32(4), edge));
  const rows = b.constantCall(g('rowsAt'), b.option('positionsAt'), b.u32(3), row);
  const corners = b.load(rows, b.option('four'), 4, 3, false);
  const [v0, v1, a] = corners;
  const size = b.constantCall(luneSize, ...corners);
  const cellsAt = b.constantCall(g('rowAt'), b.option('cellsAt'), b.u32(columns.count + 1), edge);
  const column = part(b.native(search, cellsAt, b.u32(columns.count), part(u, 'z')), 'index');
  const shareOfColumn = (c: Operand): Operand => stepAt(b.constantCall(g('sum'), cellsAt, c));

  const share = b.constantCall(
    fn('shareOf'),
    part(u, 'y'),
    b.constantCall(fn('equiangular'), v0, v1, start, part(u, 'y')),
    film,
  );
  const y = b.constantCall(fn('along'), share, v0, v1);
  const atEdge = b.constantCall(g('isZero'), film);
  const wants = (c: number): Operand =>
    b.constantCall(g('both'), atEdge, b.constantCall(g('equals'), column, b.u32(c)));

  // directions
  const inLunes = b.constantCall(g('both'), atEdge, b.constantCall(fn('isBefore'), column, b.u32(columns.sky)));
  const directions = [
    b.branch(film, () => b.constantCall(towards, start, y)),
    b.branch(inLunes, () => b.constantCall(luneDirection, ...corners, b.constantCall(fn('inBin'), column, v))),
  ];
  if (structure.environment) {
    const numbersOfTexel = b.constantCall(g('pair'), part(v, 'x'), part(v, 'y'));
    directions.push(lights.texel(wants(columns.sky), numbersOfTexel).direction);
  }
  const cornersOf = (triangle: Operand): Operand[] => {
    const triangleAt = b.constantCall(g('rowAt'), b.option('trianglesAt'), b.u32(8), triangle);
    return scene.corners('positionsAt', 3, b.native(tableRow, triangleAt), false);
  };
  if (structure.area) {
    const aimed = b.branch(wants(columns.areas), () => {
      const found = b.native(search, b.option('shineSumsAt'), b.option('shineCount'), part(v, 'z'));
      const triangle = b.constantCall(g('sum'), b.option('firstShine'), part(found, 'index'));
      const weights = b.constantCall(evenInTriangle, b.constantCall(g('pair'), part(v, 'x'), part(v, 'y')));
      return b.constantCall(towards, y, b.constantCall(pointOf, weights, ...cornersOf(triangle)));
    });
    directions.push(aimed);
  }
  const isDelta = structure.delta ? wants(columns.deltas) : b.u32(0);
  const lamp = structure.delta
    ? b.branch(isDelta, () => {
        const number = b.constantCall(fn('chooseLight'), part(v, 'x'), b.option('deltaCount'));
        const record = b.native(tableRow, b.constantCall(g('rowAt'), b.option('deltasAt'), b.u32(8), number));
        const vector = scene.colour(part(record, 'y'));
        const reach = b.constantCall(fn('deltaReach'), part(record, 'x'), vector, y);
        return { number, direction: b.constantCall(fn('toDelta'), part(record, 'x'), vector, y), reach };
      })
    : undefined;
  if (lamp) directions.push(lamp.direction);
  const d = directions.reduce((sum, other) => b.constantCall(g('plus3'), sum, other));

  const place = b.constantCall(lunePlace, ...corners, d);
  const n = b.constantCall(offTheEdge, v0, v1, a, d);
  const grazing = b.constantCall(fn('isGrazing'), place, b.input('skipped', 'u32'));
  const o = b.constantCall(fn('beside'), y, n);
  const found = b.branch(grazing, () => {
    const before = b.native(closestHit, o, b.constantCall(opposite, d), b.f32(0), scene.far);
    const met = b.branch(b.constantCall(g('isHit'), part(before, 'triangle')), () => {
      const behind = b.native(closestHit, o, d, b.f32(0), scene.far);
      const weights = b.constantCall(g('pair'), part(before, 'u'), part(before, 'v'));
      const surface = cornersOf(part(before, 'triangle'));
      // from the film x is known better than by the ray, which starts beside the edge
      const x = b.constantCall(g('either3'), start, b.constantCall(pointOf, weights, ...surface), film);
      const m = b.constantCall(areaVector, ...surface);
      const ofBins = b.constantCall(fn('binDensity'), shareOfColumn(b.constantCall(fn('binOf'), place)), size, place);
      let density = ofBins;
      const add = (c: number, other: Operand): void => {
        const counted = b.constantCall(g('times1'), shareOfColumn(b.u32(c)), other);
        density = b.constantCall(g('plus1'), density, counted);
      };
      if (structure.environment) {
        const texel = b.constantCall(
          texelOf,
          d,
          b.constantCall(g('sizes'), b.option('environmentWidth'), b.option('environmentHeight')),
        );
        add(columns.sky, b.native(weightEntry, b.constantCall(g('sum'), b.option('densityAt'), texel)));
      }
      if (structure.area) {
        const number = b.constantCall(fn('countedFrom'), part(behind, 'triangle'), b.option('firstShine'));
        const shines = b.constantCall(fn('isBefore'), number, b.option('shineCount'));
        const ofPoint = b.branch(shines, () => {
          const perArea = b.native(weightEntry, b.constantCall(g('sum'), b.option('shineDensityAt'), number));
          const its = b.constantCall(areaVector, ...cornersOf(part(behind, 'triangle')));
          return b.constantCall(fn('perSteradian'), perArea, part(behind, 't'), d, its);
        });
        add(columns.areas, ofPoint);
      }
      const ofDelta = b.branch(isDelta, () =>
        b.constantCall(fn('share1'), shareOfColumn(b.u32(columns.deltas)), b.option('deltaCount')),
      );
      const plain = b.branch(b.constantCall(g('isZero'), isDelta), () => ({
        ofEdges: b.constantCall(fn('perLength'), chance, size, density),
        ofFilm: b.constantCall(fn('filmDensity'), filmChance, v0, v1, x, y, d, m),
      }));
      const ofEdges = b.constantCall(g('plus1'), plain.ofEdges, b.constantCall(fn('perLength'), chance, size, ofDelta));
      const distance = b.constantCall(fn('apartBy'), x, y);
      const aimed = b.constantCall(fn('aimedShare'), isDelta, ofBins, density);
      return { behind, x, ofEdges, ofFilm: plain.ofFilm, distance, aimed };
    });
    return { before, ...met };
  });
  const { before, behind, x } = found;
  const xyz = (w: Operand): Operand[] => ['x', 'y', 'z'].map((c) => part(w, c));
  const hitOf = (hit: Operand): Operand[] => [
    b.constantCall(fn('numberOf'), part(hit, 'triangle')),
    ...['u', 'v'].map((c) => part(hit, c)),
  ];
  return {
    steps: b.steps,
    outputs: [
      ...[edge, share, lamp ? b.constantCall(fn('deltaNumber'), isDelta, lamp.number) : b.f32(-1), grazing],
      ...[...xyz(d), ...xyz(n), ...xyz(o), ...hitOf(before), ...hitOf(behind)],
      ...[lamp ? b.constantCall(fn('reachOf'), isDelta, lamp.reach, part(behind, 't')) : part(behind, 't')],
      ...[found.distance, found.ofEdges, found.ofFilm, ...xyz(x), part(behind, 't')],
      ...[part(place, 'x'), found.aimed],
    ],
  };
}
