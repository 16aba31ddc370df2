import { arange, concat, elementwise, parse, stack, where, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { numbersTo } from './edgeWeights.js';
import type { EdgeWeights } from './edgeWeights.js';
import type { LineSetting, Lines } from './lines.js';
import { bins, columns } from './segments.js';

/** Cells along each axis of the grid that edges are grouped by. */
const side = 10;
const places = side ** 3;
/** Columns of an edge are grouped by lune, and those that aim at lights. */
const groups = 3;
/** Lines that what is expected of a cell counts as much as: fewer in it tell little. */
const belief = 32;
/** Least share of the plain weights in the guided ones: no line's density falls below it. */
const floor = 0.1;
/** Most that a line tells, over what those that bring anything do on average. */
const most = 5;
/** Least share of lines from the film. */
const leastFilm = 1 / 16;

const { functions } = parse(`
  fn middle(a: vec3f, b: vec3f) -> vec3f { return 0.5 * (a + b); }
  // Cells are narrow where there are many edges, and the outer ones reach to infinity.
  fn placeOf(p: vec3f, centre: vec3f, spread: f32) -> i32 {
    let t = (p - centre) / max(spread, 1e-30);
    let cell = clamp(floor((0.5 + 0.5 * t / (1.0 + abs(t))) * ${side}.0), vec3f(0.0), vec3f(${side - 1}.0));
    return i32((cell.x * ${side}.0 + cell.y) * ${side}.0 + cell.z);
  }
  fn worth(jump: vec3f, across: vec3f) -> f32 {
    return dot(abs(jump), vec3f(0.2126, 0.7152, 0.0722)) * length(across);
  }
  // what is expected of each line in a cell: of those that were there, and of all as if some more had been
  fn expected(found: f32, lines: f32, average: f32) -> f32 {
    return (found + ${belief}.0 * average) / (lines + ${belief}.0);
  }
  fn guided(plain: f32, factor: f32, total: f32) -> f32 {
    return plain * (${floor} + ${1 - floor} * factor / max(total, 1e-30));
  }
`);
const fn = (name: string) => functions.get(name)!;

/** By what further lines are drawn. */
export interface Guide {
  readonly weights: EdgeWeights;
  /** [1] the share of lines that begin at the film. */
  readonly filmShare: Tensor;
}

/**
 * Weights of edges by what lines brought that were drawn by plain ones. Edges are grouped by place, and directions by lune;
 * a group's share is the sum of what its lines brought, each by how likely it was to come from the group: the proportions of
 * a mixture that come nearest to the integrand (Cappé et al. 2008, Adaptive importance sampling in general mixture
 * classes). Groups of few lines stay near their plain weight.
 *
 * The lines that taught must not be used again: only what is drawn independently of them is unbiased.
 */
export function guideBy({ still }: LineSetting, plain: EdgeWeights, lines: Lines): Guide {
  const { segments, jump, fromFilm } = lines;
  const raw = elementwise(fn('worth'), jump, segments.vector('across'));
  const average = raw.sum().div(raw.gt(0).sum().maximum(1));
  const worth = raw.minimum(average.mul(most));
  const total = worth.sum();
  const ofFilm = worth.mul(fromFilm).sum();

  // what is known of edges' groups
  const cells = plain.cells.div(plain.cells.sum());
  const place = placesOf(still.edgeCorners(numbersTo(still.edgeCount)));
  const groupOf = place
    .mul(groups)
    .unsqueeze(1)
    .add(arange(groups, undefined, 1, { dtype: 'int32' })); // [E, 3]
  const lune = (k: number): Tensor => cells.narrow(1, k * bins, bins).sum(1);
  const lights = cells.narrow(1, columns.sky, columns.count - columns.sky).sum(1);
  const plainShare = stack([lune(0), lune(1), lights], 1);
  const sums = (of: Tensor, values: Tensor): Tensor =>
    zeros([places * groups]).indexAdd(0, of.reshape([-1]), values.reshape([-1]));

  // what lines say of them
  const first = place.indexSelect(0, segments.whole('edge')).mul(groups);
  const atEdges = worth.mul(fromFilm.neg().add(1));
  const [aimed, around] = [segments.float('aimed'), segments.float('aimed').neg().add(1)].map((t) => atEdges.mul(t));
  const found = sums(
    concat([first.add(2), first.add(segments.whole('lune'))]),
    concat([aimed, around].map((t) => t.where(worth.gt(0), 0))),
  );
  const share = sums(groupOf, plainShare);
  const factors = elementwise(fn('expected'), found, share.mul(segments.count), total.div(segments.count).add(1e-30));
  const all = share.mul(factors).sum();

  const factor = factors.indexSelect(0, groupOf.reshape([-1])).reshape([still.edgeCount, groups]);
  const spread = (k: number, width: number): Tensor => factor.narrow(1, k, 1).expand([still.edgeCount, width]);
  const ofColumns = concat([spread(0, bins), spread(1, bins), spread(2, columns.count - columns.sky)], 1);
  return {
    weights: { ...plain, cells: elementwise(fn('guided'), cells, ofColumns, all) },
    filmShare: where(total.gt(0), ofFilm.div(total), 0.5).clamp(leastFilm, 0.5).reshape([1]),
  };
}

/** [E] int32: cells of a grid that edges are in, of which most lie about where most edges do. */
function placesOf([v0, v1]: readonly Tensor[]): Tensor {
  const middles = elementwise(fn('middle'), v0, v1);
  const centre = middles.mean(0);
  const spread = middles.sub(centre).abs().mean(0).max();
  return elementwise(fn('placeOf'), middles, centre, spread);
}
