/**
 * The picture of a fitted clip of docs/results/fit-frames.md, in three commands: frames are rendered, fitted, and shown.
 *
 *   node scripts/run.mjs tools/clip-picture.mjs --render out/clip [--clip 1] [--frames 6] [--every 1] [--size 160] [--spp 25]
 *   npm start -- --frames out/clip --out out/clip-fit
 *   node scripts/run.mjs tools/clip-picture.mjs --show out/clip-fit [--columns 6] [--to docs/images/fit-clip.jpg]
 *
 * Rows of the picture: the frame, the fitted face over it, the fitted face relit.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backgroundImage, faceClips, loadFaceModel, photograph, synthesize } from '@chiaro/faces';
import sharp from 'sharp';
import { progress } from './evaluate/progress.mjs';
import { wholeNumbersOf } from './options.mjs';
import { writeSheet } from './synthesis/sheet.mjs';

const { values: options } = parseArgs({
  options: {
    render: { type: 'string' },
    clip: { type: 'string', default: '1' },
    frames: { type: 'string', default: '6' },
    every: { type: 'string', default: '1' },
    size: { type: 'string', default: '160' },
    spp: { type: 'string', default: '25' },
    show: { type: 'string' },
    columns: { type: 'string', default: '6' },
    to: { type: 'string', default: 'docs/images/fit-clip.jpg' },
  },
});
const [clip, frames, every, size, spp, columns] = wholeNumbersOf(
  options,
  ['clip', 'frames', 'every', 'size', 'spp', 'columns'],
  1,
);
if ((options.render === undefined) === (options.show === undefined))
  throw new Error('give --render or --show a folder');

/** Frames of a clip with hair and a background, as PNG files. */
async function render(folder) {
  const length = 30;
  if ((frames - 1) * every >= length) throw new Error(`--frames and --every reach over the ${length} frames of a clip`);
  const looks = { hair: 1, backgrounds: ['environment', 'gradient'] };
  const plan = faceClips({ clips: clip, size, frames: [length, length], looks });
  const model = await loadFaceModel();
  const done = progress(frames);
  await mkdir(folder, { recursive: true });
  for (let k = 0; k < frames; k++) {
    const { scene } = await plan.item(model, (clip - 1) * length + k * every);
    const { traced, coverage } = await synthesize(model, scene, { spp });
    const { bytes } = photograph(scene, traced, coverage, backgroundImage(scene));
    const path = join(folder, `${String(k + 1).padStart(2, '0')}.png`);
    await sharp(bytes, { raw: { width: size, height: size, channels: 3 } }).toFile(path);
    done(path);
  }
}

/** Some frames of a result folder side by side, from the strips of the single frames. */
async function show(folder) {
  const clipFile = JSON.parse(await readFile(join(folder, 'frames.json'), 'utf8'));
  const count = clipFile.frames.length;
  const side = 160;
  const rows = [[], [], []];
  for (let c = 0; c < columns; c++) {
    const { name } = clipFile.frames[Math.round((c * (count - 1)) / Math.max(1, columns - 1))];
    const strip = join(folder, 'frames', `${name.replace(/\.[^.]*$/, '')}.jpg`);
    const { width, height } = await sharp(strip).metadata(); // three squares with gaps between them
    for (const [k, row] of rows.entries()) {
      const square = { left: (k * (width - height)) / 2, top: 0, width: height, height };
      row.push(await sharp(strip).extract(square).resize(side, side).raw().toBuffer());
    }
  }
  await writeSheet(options.to, rows, side);
  process.stderr.write(`${options.to}\n`);
}

await (options.render === undefined ? show(options.show) : render(options.render));
process.exit(0); // the GPU's threads would keep the process
