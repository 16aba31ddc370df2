import { concat, noGrad, where } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Camera } from '../../camera/index.js';
import type { TraceCall } from '../pathTrace.js';
import type { BoundaryTerm } from './boundary.js';
import { plainWeights } from './edgeWeights.js';
import { guideBy } from './guide.js';
import type { Guide } from './guide.js';
import { LineSetting, traceLines } from './lines.js';
import type { Lines } from './lines.js';
import { behindKind, edgeMotion } from './motion.js';
import type { EdgeRecords } from './motion.js';
import { segmentTables } from './segmentTables.js';

/** Which surface edges are before, and by how many samples they are found. */
export interface SecondaryOptions {
  /** Number of the surface of a path: 1 is the one that the camera sees. */
  readonly surface: number;
  readonly samples: number;
  /** Whether some of the samples say where the others go. */
  readonly guided: boolean;
}

/** The surfaces of paths of `turns` surfaces, with half as many samples for each further one. */
export const secondarySurfaces = (turns: number, samples: number, guided: boolean): SecondaryOptions[] =>
  Array.from({ length: turns }, (_, k) => ({
    surface: k + 1,
    samples: Math.max(64, Math.ceil(samples / 2 ** k)),
    guided,
  }));

/** The share of lines that say where the others go. */
const pilotShare = 0.1;

/**
 * Edges before surface number `surface` of a path (1: the one that the camera sees), as they hide what that surface would
 * see: shadows, and indirect light that is blocked.
 */
export const secondaryTerm = (call: TraceCall, camera: Camera, options: SecondaryOptions): BoundaryTerm =>
  noGrad(() => {
    const setting = new LineSetting(call, camera, options.surface);
    const lines = linesOf(setting, options);
    const records = recordsOf(setting, lines);
    const { lens } = call.packed.structure;
    return { places: lines.places, light: lines.jump, motion: (moving) => edgeMotion(lens, moving, records) };
  });

function linesOf(setting: LineSetting, { samples, guided }: SecondaryOptions): Lines {
  const { call, still, meets } = setting;
  const plain = plainWeights(call.packed, still, meets);
  const draw = (from: LineSetting, count: number, { weights, filmShare }: Partial<Guide> = {}): Lines =>
    traceLines(from, segmentTables(from.call, still, weights ?? plain), count, filmShare);
  if (!guided) return draw(setting, samples);
  const pilot = Math.ceil(pilotShare * samples);
  const guide = guideBy(setting, plain, draw(setting.apart(), pilot));
  return draw(setting, samples - pilot, guide);
}

const column = (t: Tensor): Tensor => t.unsqueeze(1);

/** How the edges of lines move across. */
function recordsOf({ still, surface }: LineSetting, { segments, places, jump, kinds }: Lines): EdgeRecords {
  const [before, behind, delta] = (['before', 'behind', 'delta'] as const).map((name) => segments.whole(name));
  const isParallel = kinds.eq(behindKind.parallel);
  const r = segments.float('distance');
  const near = r.div(r.add(segments.float('reach'))).where(kinds.ne(behindKind.nothing), 0);
  // the camera fixes the first surface's point, all others keep theirs
  const keeps = surface > 1 ? 1 : 0;
  const floats = concat(
    [
      ...[places, column(segments.float('share')), segments.vector('across'), segments.weights('behind')],
      segments.weights('before').mul(keeps),
      ...[column(where(isParallel, r, near)), column(near.where(isParallel.logicalNot(), 0))],
    ],
    1,
  );
  const ends = still.endsOf(segments.whole('edge'));
  const words = concat(
    [
      ...[ends, column(kinds.where(jump.abs().sum(1).gt(0), behindKind.unused))],
      column(before.mul(0).add(keeps)),
      still.verticesOf(before.clamp(0)),
      where(column(delta.ge(0)), column(delta), still.verticesOf(behind.clamp(0))),
      ends.mul(0),
    ],
    1,
  ).to('uint32');
  return { floats, words };
}
