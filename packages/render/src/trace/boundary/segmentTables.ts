import { concat, elementwise, noGrad, parse, tensor, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { rowsOfBits } from '../pack.js';
import type { TraceCall } from '../pathTrace.js';
import { areaVector } from '../primary.js';
import { luneSize } from './lune.js';
import { bins } from './segments.js';
import type { SegmentInputs, SegmentOptions } from './segmentProgram.js';
import type { StillScene } from './stillScene.js';

const { functions } = parse(`
  // edges of triangles that lie in a plane, but for rounding, are none
  fn widthOf(size: vec2f) -> f32 { return select(size.y, 0.0, size.y < 3e-4); }
  fn cellWeight(size: vec2f, bin: f32, share: f32) -> f32 {
    let s = sin(PI * (bin + 0.5) / ${bins}.0);
    return share * size.x * widthOf(size) * s * s * ${(2 / bins).toFixed(8)};
  }
  fn lightWeight(size: vec2f, share: f32) -> f32 { return size.x * widthOf(size) * share; }
  // Draws from the film hit the lunes of an edge with a chance like their width: the root has the least variance.
  fn filmWeight(size: vec2f) -> f32 { return size.x * sqrt(widthOf(size)); }
  fn halfLength(m: vec3f) -> f32 { return 0.5 * length(m); }
  fn luminance(c: vec3f) -> f32 { return dot(abs(c), vec3f(0.2126, 0.7152, 0.0722)) + 1e-6; }
`);
const fn = (name: string) => functions.get(name)!;

/** [R, N] weights -> [R, N + 1] exclusive sums over their total. */
function shares(weights: Tensor): Tensor {
  const sums = weights.cumSum(1).pad([
    [0, 0],
    [1, 0],
  ]);
  return sums.div(sums.narrow(1, weights.shape[1], 1).maximum(1e-30));
}

/** What segments are drawn by. */
export interface SegmentTables {
  readonly inputs: Omit<SegmentInputs, 'starts'>;
  readonly numbers: Omit<SegmentOptions, 'count' | 'atFilm' | 'firstSegment'>;
}

/** The tables of a call. All constants. `meets`: whether lines in any direction can find light. */
export const segmentTables = (call: TraceCall, still: StillScene, meets: boolean): SegmentTables =>
  noGrad(() => {
    const { packed, inputs, numbers } = call;
    const { lamps, joined, layout } = packed;
    const { edgeCount } = still;
    const scene = packed.scene.detach();

    const size = elementwise(luneSize, ...still.edgeCorners(numbersTo(edgeCount))).unsqueeze(1);
    const bin = tensor(Float32Array.from({ length: 2 * bins }, (_, k) => k % bins));
    const has = [lamps.sky, lamps.areas.length > 0, lamps.deltas.length > 0].map(Number);
    const lights = Math.max(1, has[0] + has[1] + has[2]);
    const cells = concat(
      [
        elementwise(fn('cellWeight'), size, bin, Number(meets)),
        elementwise(fn('lightWeight'), size, tensor(has.map((h) => h / lights))),
      ],
      1,
    );
    const filmWeights = elementwise(fn('filmWeight'), size).reshape([1, edgeCount]);

    let at = inputs.bvh.size;
    const tails: Tensor[] = [];
    const add = (t: Tensor): number => {
      tails.push(t.flatten());
      return (at += t.size) - t.size;
    };
    const sums = {
      edgeSumsAt: add(shares(cells.sum(1).unsqueeze(0))),
      filmSumsAt: add(shares(filmWeights)),
      cellsAt: add(shares(cells)),
    };
    const firstShine = lamps.areas.at(0)?.firstTriangle ?? joined.triangleCount;
    const shineCount = joined.triangleCount - firstShine;
    const shine = { shineSumsAt: 0, shineDensityAt: 0 };
    if (shineCount > 0) {
      const areas = elementwise(
        fn('halfLength'),
        elementwise(areaVector, ...still.cornersOf(numbersTo(shineCount).add(firstShine))),
      );
      const brightness = concat(
        lamps.areas.map((a) => elementwise(fn('luminance'), scene.narrow(0, a.radianceAt, 3)).expand([a.count])),
      );
      const power = areas.mul(brightness);
      shine.shineSumsAt = add(shares(power.unsqueeze(0)));
      shine.shineDensityAt = add(brightness.div(power.sum()));
    }
    const emitters = layout.emittersAt + (lamps.sky ? 8 : 0);
    return {
      inputs: {
        scene,
        tables: concat([inputs.tables, still.edgeRows]),
        bvh: concat([inputs.bvh, rowsOfBits([...tails, zeros([1])])]),
      },
      numbers: {
        ...numbers,
        ...{ edgeCount, edgesAt: inputs.tables.size, deltasAt: emitters, deltaCount: lamps.deltas.length },
        ...{ ...sums, ...shine, shineCount, firstShine },
      },
    };
  });

const numbersTo = (count: number): Tensor => tensor(Int32Array.from({ length: count }, (_, k) => k));
