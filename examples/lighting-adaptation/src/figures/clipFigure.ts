import type { Tensor } from '@chiaro/autograd';
import type { LitSubject } from '../registration/subject.js';
import type { RegisteredClip } from '../rows/registerRow.js';
import { clipRow } from './clipRow.js';
import { saveSheet } from './sheet.js';

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
  await saveSheet(path, rows);
}
