import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { framesToTrack } from '../registration/checkClip.js';
import { openPhotoClip } from './photoClip.js';

const root = mkdtempSync(join(tmpdir(), 'chiaro-frames-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const portrait = fileURLToPath(
  new URL('../../../../packages/faces/assets/photos/nasa_astronaut_collins.jpg', import.meta.url),
);
const [width, height] = [240, 200];

/** A folder of frames: a face, moved to the right, or a grey wall. */
async function folderOf(frames: readonly (number | 'wall')[], last = height): Promise<string> {
  const folder = mkdtempSync(join(root, 'clip-'));
  for (const [k, what] of frames.entries()) {
    const size = { width, height: k === frames.length - 1 ? last : height };
    const picture =
      what === 'wall'
        ? sharp({ create: { ...size, channels: 3, background: '#808080' } })
        : sharp({ create: { ...size, channels: 3, background: '#404850' } }).composite([
            {
              input: await sharp(portrait).resize(180, size.height, { position: 'top' }).toBuffer(),
              left: what,
              top: 0,
            },
          ]);
    await picture.png().toFile(join(folder, `${k}.png`));
  }
  return folder;
}

describe('frames of a camera', { timeout: 120_000 }, () => {
  it('become a clip of their middle squares, with the landmarks of the face, and none where it is gone', async () => {
    const told: number[] = [];
    const options = { size: 50, onProgress: (done: number) => void told.push(done) };
    const { clip, landmarks } = await openPhotoClip(await folderOf([20, 40, 'wall']), options);
    expect(clip.frames.map(({ bytes }) => bytes.length)).toEqual([7500, 7500, 7500]);
    expect(clip.focal).toBeCloseTo((1.2 * width * 50) / height, 6);
    expect(told).toEqual([1, 2, 3]);
    expect(landmarks.map((marks) => marks?.length)).toEqual([136, 136, undefined]);
    // the face moved by 20 pixels of the file, 5 of the clip
    const [a, b] = [landmarks[0]!, landmarks[1]!];
    const moved = (c: number): number => Array.from(a, (x, k) => (k % 2 === c ? (b[k] - x) / 68 : 0)).reduce((s, x) => s + x); // prettier-ignore
    expect(Math.abs(moved(0) - 5)).toBeLessThan(0.4);
    expect(Math.abs(moved(1))).toBeLessThan(0.4);
    expect(Math.min(...Array.from(a)) > 0 && Math.max(...Array.from(a)) < 50).toBe(true);
    expect(() => framesToTrack(clip, landmarks, 3)).toThrow(/only 2 of 3 frames show a face, 3 key frames are asked/);
    expect(() => framesToTrack(clip, landmarks, 12)).toThrow(/3 frames are fewer than the 12 key frames/);
    const known = await openPhotoClip(await folderOf([20]), { size: 50, focal: 400 });
    expect(known.clip.focal).toBeCloseTo(100, 6);
  });

  it('say what is wrong with them', async () => {
    const open = async (folder: string): Promise<unknown> => openPhotoClip(folder, { size: 50 });
    await expect(open(await folderOf(['wall', 20]))).rejects.toThrow(/0\.png: the first frame shows no face/);
    await expect(open(await folderOf([20, 30], 180))).rejects.toThrow(
      /1\.png: frame 2 of 2 has 240 x 180 pixels, the first one 240 x 200/,
    );
    await expect(open(root)).rejects.toThrow(/no photograph is in there/);
  });
});
