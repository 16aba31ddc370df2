import { concat, elementwise, noGrad, parse, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { rowsOfBits } from '../bvh/index.js';
import type { TraceCall } from '../pathTrace.js';
import { areaVector } from '../primary.js';
import { numbersTo } from './edgeWeights.js';
import type { EdgeWeights } from './edgeWeights.js';
import type { SegmentInputs, SegmentOptions } from './segmentProgram.js';
import type { StillScene } from './stillScene.js';

const { functions } = parse(`
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

/** The tables of a call, by which edges are chosen as often as weights say. All constants. */
export const segmentTables = (call: TraceCall, still: StillScene, weights: EdgeWeights): SegmentTables =>
  noGrad(() => {
    const { packed, inputs, numbers } = call;
    const { lamps, joined, layout } = packed;
    const { edgeCount } = still;
    const scene = packed.scene.detach();

    let at = inputs.bvh.size;
    const tails: Tensor[] = [];
    const add = (t: Tensor): number => {
      tails.push(t.flatten());
      return (at += t.size) - t.size;
    };
    const sums = {
      edgeSumsAt: add(shares(weights.cells.sum(1).unsqueeze(0))),
      filmSumsAt: add(shares(weights.film)),
      cellsAt: add(shares(weights.cells)),
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
