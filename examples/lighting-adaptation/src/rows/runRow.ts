import { join } from 'node:path';
import { deviceInfo, noGrad, tensor } from '@chiaro/autograd';
import { loadFaceRecognition, type MorphableModel } from '@chiaro/faces';
import type { ClipName } from '../clips/wildClips.js';
import type { PresetName } from '../config.js';
import {
  headErrors,
  measureFrame,
  verticesNear,
  type FrameMeasures,
  type HeadErrors,
  type JudgedTruth,
} from '../evaluation/measureFrame.js';
import { strangerDescriptor } from '../evaluation/stranger.js';
import { recognitionWeights } from '../evaluation/recognition.js';
import { comparisonTable, meanMeasures, type TableRow } from '../evaluation/tables.js';
import type { Experiment, Learned } from '../experiment.js';
import { saveClipAnimation } from '../figures/clipAnimation.js';
import { saveClipFigure } from '../figures/clipFigure.js';
import { litSubject } from './litSubject.js';
import { registerRow, type RowRegistration } from './registerRow.js';
import { rows, type RowName } from './rows.js';

/** A row of one clip and seed. */
export interface Entry {
  readonly preset: PresetName;
  readonly row: RowName;
  readonly seed: number;
  /** 1 is the stage's person, whose light G learned; others have an avatar of their own. */
  readonly subject: number;
  readonly clip: string;
  /** Means over the frames that are judged. */
  readonly measures: FrameMeasures;
  /** The same of where step 1, landmarks alone, put the heads: all rows begin there. */
  readonly landmarks: HeadErrors;
  readonly frames: number;
  readonly seconds: number;
  readonly adapter: string;
}

/** Names an entry. */
export const keyOf = ({
  preset,
  row,
  seed,
  subject,
  clip,
}: Pick<Entry, 'preset' | 'row' | 'seed' | 'subject' | 'clip'>): string =>
  `${preset} ${row} ${seed} ${subject} ${clip}`;

/** Millimetres about the landmarks of the lips. */
const lipReach = 8;

/** Vertices of the face proper and of the lips. */
async function regions(model: MorphableModel): Promise<{ face: number[]; lips: number[] }> {
  const mask = await model.faceMask.data();
  const marks = Array.from(model.landmarkIds()).slice(48);
  return {
    face: Array.from({ length: mask.length }, (_, v) => v).filter((v) => mask[v] > 0.5),
    lips: verticesNear(model.data.positions, marks, lipReach),
  };
}

/** Which row of which clip. */
export interface RowJob extends Pick<RowRegistration, 'onProgress' | 'signal' | 'everyFrame'> {
  readonly preset: PresetName;
  readonly row: RowName;
  readonly seed: number;
  readonly subject: number;
  readonly clip: string;
}

/** Registers a clip as a row does, draws what it found into `relighting.png` and `tracked.webp` of its folder, and judges it. */
export async function runRow(
  experiment: Experiment,
  learned: Learned,
  { preset, row, seed, subject: person, clip: name, ...following }: RowJob,
): Promise<Entry> {
  const start = performance.now();
  const plan = rows[row];
  const whole = experiment.clips.find((clip) => clip.name === name)!;
  const subject = await litSubject(experiment, learned, whole, plan, seed);
  const folder = join(experiment.folder, `seed-${seed}`, row, name);
  const { registration: options, clip: sizes } = experiment.preset;
  const first = join(experiment.folder, `seed-${seed}`, 'step-1', `${name}.json`);
  const how = { folder, first, options, judged: sizes.judged, ...following };
  const registered = await registerRow(subject, whole, plan, how);
  const { clip, state, judged } = registered;
  await saveClipFigure(join(folder, 'relighting.png'), subject, registered);
  await saveClipAnimation(join(folder, 'tracked.webp'), subject, clip, state);
  const recognition = await loadFaceRecognition(recognitionWeights());
  const measure = {
    recognition,
    stranger: await strangerDescriptor(experiment.model, recognition, sizes.size),
    ...(await regions(experiment.model)),
  };
  const light = tensor(Float32Array.from(state.adapted!.light));
  const measures: FrameMeasures[] = [];
  const begun: HeadErrors[] = [];
  for (const k of judged) {
    const { bytes, truth } = clip.frames[k];
    const head = state.initial[k]!;
    const { positions } = noGrad(() => subject.avatar.decode(tensor([[...head.code]]), tensor([[0, 0, 1]])));
    begun.push(headErrors(await positions.data(), head, truth!, measure));
    measures.push(await measureFrame(subject, bytes, truth as JudgedTruth, state.heads[k]!, light, measure));
  }
  return {
    ...{ preset, row, seed, subject: person, clip: name, measures: meanMeasures(measures) },
    ...{ landmarks: meanMeasures(begun), frames: judged.length },
    ...{ seconds: (performance.now() - start) / 1000, adapter: (await deviceInfo()).name },
  };
}

/** Of the clips whose light stays; of the one whose light moves, which the method does not model; and of other persons. */
export function tablesOf(entries: readonly Entry[]): string {
  const moving: ClipName = 'moving';
  const table = (title: string, some: readonly Entry[]): string => {
    const names = (Object.keys(rows) as RowName[]).filter((name) => some.some(({ row }) => row === name));
    const of = <T extends HeadErrors>(row: RowName, what: (entry: Entry) => T): T[] => {
      const mine = some.filter((entry) => entry.row === row);
      const seeds = [...new Set(mine.map(({ seed }) => seed))];
      return seeds.map((seed) => meanMeasures(mine.filter((entry) => entry.seed === seed).map(what)));
    };
    const lines: TableRow[] = names.map((row) => ({ name: rows[row].title, seeds: of(row, (e) => e.measures) }));
    // step 1 is the same in all rows of as many frames
    const whole = names.find((row) => rows[row].keyFrames !== 'half');
    if (whole) lines.unshift({ name: 'landmarks alone (step 1)', seeds: of(whole, (e) => e.landmarks) });
    return `${title}\n\n${comparisonTable(lines)}`;
  };
  const [own, others] = [1, 2].map((from) => entries.filter(({ subject }) => (subject === 1) === (from === 1)));
  const [still, moved] = [own.filter(({ clip }) => clip !== moving), own.filter(({ clip }) => clip === moving)];
  return [
    ...(still.length > 0 ? [table('Light that stays:', still)] : []),
    ...(moved.length > 0 ? [table('A lamp that moves, which one code for a clip cannot be:', moved)] : []),
    ...(others.length > 0
      ? [table('Other persons, with avatars of their own and the light that the first one taught:', others)]
      : []),
  ].join('\n\n');
}
