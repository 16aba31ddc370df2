import { tensor } from '@chiaro/autograd';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import type { Head } from '../registration/heads.js';
import { clipOf, ColourGain, linearAvatar } from '../registration/testSubject.testing.js';
import { saveClipAnimation } from './clipAnimation.js';

const folder = mkdtempSync(join(tmpdir(), 'chiaro-animation-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (x: number): Head => ({ rotation: [0, x / 50, 0], translation: [x, 0, -1000], code: [0.4, 0, 0, 0] });

it('animates a tracked clip: the relit avatar looks as the frame does', { timeout: 120_000 }, async () => {
  const { avatar, landmarks } = await linearAvatar(32);
  const subject = { avatar, landmarks, camera: { size: 40, focal: 130 }, light: new ColourGain() };
  const [heads, light] = [[at(-10), at(10)], [0.2, 0, -0.3]]; // prettier-ignore
  const { clip } = await clipOf(subject, heads, tensor(light));
  const state = { initial: heads, heads: [heads[0], heads[1]], adapted: { keys: [0], light, model: [] } };
  const file = join(folder, 'clip.webp');
  await saveClipAnimation(file, subject, clip, state);
  const { pages, delay, width, pageHeight } = await sharp(file, { animated: true }).metadata();
  expect([pages, delay, width, pageHeight]).toEqual([2, [100, 100], 160, 40]);
  const { data, info } = await sharp(file, { page: 1 }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const middle = (picture: number): number[] =>
    [...data.subarray(3 * (20 * info.width + 40 * picture + 20))].slice(0, 3);
  const [captured, full, relit] = [0, 1, 2].map(middle);
  const apart = (a: number[], b: number[]): number => Math.max(...a.map((x, c) => Math.abs(x - b[c])));
  expect(apart(captured, relit)).toBeLessThan(8);
  expect(apart(captured, full)).toBeGreaterThan(10);
  await expect(saveClipAnimation(join(folder, 'clip.png'), subject, clip, state)).rejects.toThrow(/.webp or a .gif/);
  const untracked = { ...state, heads: [null, null] };
  await expect(saveClipAnimation(file, subject, clip, untracked)).rejects.toThrow(/no frame is tracked/);
});
