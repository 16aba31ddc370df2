import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChiaroError, DeviceLostError } from '../engine.js';
import type { fitPhotos } from '../fit/fitPhotos.js';
import type { FitCheckpoint, FitFace } from '../fit/types.js';
import { sampleResult } from '../report/sample.testing.js';
import { runCommand } from './command.js';
import type { CLIOptions } from './options.js';
import { photoList } from '../node/photoList.js';

const root = mkdtempSync(join(tmpdir(), 'chiaro-batch-'));
const photos = join(root, 'photos');
const { result } = sampleResult(16);
afterAll(() => rmSync(root, { recursive: true }));

const picture = (red: number) =>
  sharp({ create: { width: 80, height: 80, channels: 3, background: { r: red, g: 90, b: 80 } } });

beforeAll(async () => {
  mkdirSync(join(photos, 'within'), { recursive: true });
  for (const [name, red] of [
    ['2.png', 10],
    ['10.jpg', 20],
    ['wall.png', 30],
    ['2.jpg', 40],
  ] as const)
    await picture(red).toFile(join(photos, name));
  writeFileSync(join(photos, 'broken | file.jpg'), 'no image at all');
  writeFileSync(join(photos, 'notes.txt'), 'no photograph');
});

const fitted: string[] = [];
const fit: FitFace = (photo, { face }) => {
  if (photo.name === 'wall.png') return Promise.reject(new ChiaroError('wall.png: no face was found'));
  fitted.push(face === undefined ? photo.name : `${photo.name} ${face}`);
  return Promise.resolve(result);
};

/** Stops at its checkpoint the first time, and succeeds from there. */
const together: Parameters<typeof fitPhotos>[] = [];
const fitPerson = async (...given: Parameters<typeof fitPhotos>) => {
  const [shots, { onCheckpoint, resume }] = given;
  together.push(given);
  await onCheckpoint?.({ formatVersion: 1, stage: 'model', step: 3, arrays: {}, info: {} });
  if (resume === undefined) throw new ChiaroError('interrupted');
  return shots.map(() => result);
};

let folders = 0;
async function run(given: Partial<CLIOptions>, fitter: FitFace = fit, control = new AbortController()) {
  let text = '';
  const stream = () => new Writable({ write: (chunk: Buffer, _, done) => ((text += chunk.toString()), done()) });
  const out = join(root, `out-${folders}`);
  fitted.length = 0;
  const options = { photos: [photos], out, budgetSeconds: 60, resume: false, samePerson: false, ...given };
  const countFaces = () => Promise.resolve(2);
  const signal = control.signal;
  const fits = { fit: fitter, fitPerson, fitClip: () => Promise.reject(new ChiaroError('no clip')) };
  const code = await runCommand(options, { ...fits, countFaces, log: stream(), out: stream(), signal });
  return { code, text, out, fitted: [...fitted] };
}
const entries = (out: string): Record<string, unknown>[] =>
  (JSON.parse(readFileSync(join(out, 'batch.json'), 'utf8')) as { entries: Record<string, unknown>[] }).entries;

it('lists photographs as people count, with names of their own', async () => {
  const list = await photoList([photos, join(photos, '2.png')]);
  expect(list.map(({ name }) => name)).toEqual(['2', '2-png', '10', 'broken | file', 'wall', '2-2']);
  await expect(photoList([join(photos, 'within')])).rejects.toThrow(/no photograph is in there/);
  await expect(photoList([join(root, 'nowhere')])).rejects.toThrow(/cannot read .*nowhere/);
});

it('goes over a folder, tells what cannot be fitted, and goes on', async () => {
  folders++;
  const { code, text, out, fitted } = await run({});
  expect(code).toBe(1);
  expect(fitted).toEqual(['2.jpg', '2.png', '10.jpg']);
  expect(text).toMatch(/\[1\/5\] .*2\.jpg {2}at most 5 min 00 s to go/);
  expect(text).toMatch(/not fitted: broken \| file\.jpg: this is no image[^]*not fitted: wall\.png: no face was found/);
  expect(text).toMatch(/fitted 3 of 5; look at .*index\.html\n$/);
  expect(entries(out).map(({ folder, failure }) => folder ?? failure)).toEqual([
    '2',
    '2-png',
    '10',
    expect.stringMatching(/this is no image/),
    'wall.png: no face was found',
  ]);
  for (const folder of ['2', '2-png', '10']) expect(readdirSync(join(out, folder))).toContain('report.html');
  const [markdown, page] = ['batch.md', 'index.html'].map((name) => readFileSync(join(out, name), 'utf8'));
  expect(markdown).toContain('| [2.jpg](<2/report.html>) | 0.931 | ');
  expect(markdown).toContain('| broken \\| file.jpg | this is no image');
  // all rows have as many cells, escaped bars aside
  const widths = markdown
    .trim()
    .split('\n')
    .map((line) => line.replace(/\\\|/g, '').split('|').length);
  expect(new Set(widths).size).toBe(1);
  expect(page).toMatch(/3 faces fitted, 2 not[^]*<img src="2-png\/photo\.png"[^]*<td>mean<\/td>/);
});

it('does again only what changed or failed', async () => {
  const again = await run({});
  expect(again.fitted).toEqual([]);
  expect(again.text).toMatch(/2\.jpg: done before/);
  await picture(99).toFile(join(photos, '10.jpg'));
  await picture(77).toFile(join(photos, 'wall.png'));
  rmSync(join(again.out, '2-png', 'fit.json'));
  const some = await run({}, (photo, options) => fit({ ...photo, name: photo.name.replace('wall', 'face') }, options));
  expect(some.fitted).toEqual(['2.png', '10.jpg', 'face.png']);
  expect(entries(some.out)).toHaveLength(5);
  expect((await run({ seed: 4 })).fitted).toEqual(['2.jpg', '2.png', '10.jpg']);
});

it('goes on with the photograph that was interrupted, and ends where the GPU is gone', async () => {
  folders++;
  const control = new AbortController();
  const checkpoint: FitCheckpoint = { formatVersion: 1, stage: 'model', step: 7, arrays: {}, info: {} };
  const stops: FitFace = async (photo, options) => {
    if (photo.name !== '2.png') return fit(photo, options);
    control.abort(new ChiaroError('stopped'));
    await options.onCheckpoint?.(checkpoint);
    throw control.signal.reason;
  };
  const stopped = await run({}, stops, control);
  expect(stopped).toMatchObject({ code: 130, text: expect.stringMatching(/to go on: the same command\n$/) });
  const resumed: unknown[] = [];
  const lost: FitFace = (photo, options) => {
    resumed.push([photo.name, options.resume?.step]);
    return photo.name === '2.png' ? fit(photo, options) : Promise.reject(new DeviceLostError('the GPU is gone'));
  };
  const ended = await run({}, lost);
  expect(resumed).toEqual([
    ['2.png', 7],
    ['10.jpg', undefined],
  ]);
  expect(ended).toMatchObject({ code: 1, text: expect.stringMatching(/error: the GPU is gone\n$/) });
  expect(entries(ended.out).map(({ folder }) => folder)).toEqual(['2', '2-png']);
});

it('fits all faces of a photograph, each in a folder of its own', async () => {
  folders++;
  const all = await run({ photos: [join(photos, '2.jpg')], face: 'all' });
  expect(all.fitted).toEqual(['2.jpg 1', '2.jpg 2']);
  expect(entries(all.out).map(({ folder, face, faces }) => [folder, face, faces])).toEqual([
    ['2-face-1', 1, 2],
    ['2-face-2', 2, 2],
  ]);
  expect((await run({ photos: [join(photos, '2.jpg')], face: 'all' })).fitted).toEqual([]);
  folders++;
  expect((await run({ photos: [join(photos, '2.jpg')], face: 2 })).fitted).toEqual(['2.jpg 2']);
});

it('fits photographs of one person together, and goes on with them', async () => {
  folders++;
  const shots = [join(photos, '2.jpg'), join(photos, '10.jpg')];
  const stopped = await run({ photos: shots, samePerson: true });
  expect(stopped).toMatchObject({
    code: 1,
    text: expect.stringMatching(/error: interrupted\nto go on: the same command\n$/),
  });
  expect(readdirSync(stopped.out)).toEqual(['fit-state.safetensors']);
  const other = await run({ photos: [...shots].reverse(), samePerson: true, out: `${stopped.out}-other` });
  expect(other.code).toBe(1);
  const { code, out, text } = await run({ photos: shots, samePerson: true });
  expect(code).toBe(0);
  expect(text).toMatch(/resuming {4}at model, step 3[^]*2\.jpg: SSIM[^]*10\.jpg: SSIM/);
  expect(together.map(([list, { budgetSeconds, resume }]) => [list.length, budgetSeconds, resume?.step])).toEqual([
    [2, 120, undefined],
    [2, 120, undefined],
    [2, 120, 3],
  ]);
  expect(readdirSync(out).sort()).toEqual(['10', '2', 'index.html', 'person.md']);
  expect(readdirSync(join(out, '10'))).toContain('fit.json');
  const alone = await run({ photos: [shots[0]], samePerson: true });
  expect(alone.text).toMatch(/needs several photographs/);
});
