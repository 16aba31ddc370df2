import { concat, FormatError } from '@chiaro/autograd';
import { linearToBytes } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import sharp from 'sharp';
import type { Clip } from '../clips/clip.js';
import type { RegistrationState } from '../registration/registerClip.js';
import type { LitSubject } from '../registration/subject.js';
import { clipRow } from './clipRow.js';

/** Of `relightingRow`: captured, fully lit avatar, relit avatar, and relit from the side. */
const shown = [0, 1, 5, 6] as const;

/** Milliseconds of a frame. */
const frameTime = 100;

/**
 * A tracked clip as an animated picture that repeats: captured, fully lit avatar, relit avatar, and the same from the side.
 * Frames without a head are left out.
 * @param path ends in `.webp` or `.gif`. @param subject with its adapted light model.
 * @throws FormatError for another ending, or where no frame is tracked.
 */
export async function saveClipAnimation(
  path: string,
  subject: LitSubject,
  clip: Clip,
  { heads, adapted }: RegistrationState,
): Promise<void> {
  const ending = /\.(webp|gif)$/.exec(path)?.[1];
  if (ending === undefined) throw new FormatError(`${path}: an animated picture is a .webp or a .gif file`);
  const frames: Uint8Array[] = [];
  for (const [k, head] of heads.entries()) {
    if (!head || !adapted) continue;
    const row = await clipRow(subject, clip, k, head, adapted.light);
    const picture = concat(
      shown.map((at) => row[at]),
      1,
    );
    frames.push(linearToBytes(Float32Array.from(await picture.data())));
  }
  if (frames.length === 0) throw new FormatError(`${clip.name}: no frame is tracked, so there is nothing to animate`);
  const raw = { width: shown.length * clip.size, height: clip.size, channels: 3 as const };
  const pictures = await Promise.all(frames.map((bytes) => sharp(bytes, { raw }).png().toBuffer()));
  const delay = frames.map(() => frameTime);
  const joined = sharp(pictures, { join: { animated: true } });
  const file = ending === 'gif' ? joined.gif({ delay, loop: 0 }) : joined.webp({ delay, loop: 0, quality: 90 });
  await host.writeFile(path, await file.toBuffer());
}
