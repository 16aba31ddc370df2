import type { Tensor } from '@chiaro/autograd';
import { imageGrid, saveImage } from '@chiaro/render';
import type { LitSubject } from '../registration/subject.js';
import type { RegisteredClip } from '../rows/registerRow.js';
import { clipRow } from './clipRow.js';

/** Frames on the figure. */
const most = 5;

/** `relightingRow` of some judged frames of a registered clip, evenly chosen. @param subject with its adapted light model. */
export async function saveClipFigure(
  path: string,
  subject: LitSubject,
  { clip, state, judged }: RegisteredClip,
): Promise<void> {
  const count = Math.min(most, judged.length);
  const rows: (readonly Tensor[])[] = [];
  for (let k = 0; k < count; k++) {
    const frame = judged[Math.floor((k * judged.length) / count)];
    const head = state.heads[frame]!;
    rows.push(await clipRow(subject, clip, frame, head, state.adapted!.light));
  }
  await saveImage(path, imageGrid(rows.flat(), { columns: rows[0].length }));
}
