import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { ChiaroError } from '../engine.js';
import type { FitClipOptions } from '../fit/frames/fitClip.js';
import type { FrameSource } from '../fit/frames/frameReader.js';
import type { FittedFrame } from '../fit/frames/frameState.js';
import type { HostImage } from '../fit/types.js';
import { sampleResult } from '../report/sample.testing.js';
import { runCommand } from './command.js';
import { knownFrames } from './frameFiles.js';
import type { CLIOptions } from './options.js';
import { photoList } from '../node/photoList.js';
import type { RunEnvironment } from './run.js';

const root = mkdtempSync(join(tmpdir(), 'chiaro-frames-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, 'talk');
mkdirSync(folder);
const { result } = sampleResult(16);

const frameOf = (index: number, pass: FittedFrame['pass']): FittedFrame => ({
  ...{ index, name: `f${index}`, landmarks: new Array<number>(136).fill(40), rotation: [0, 0.1 * index, 0] },
  ...{ translation: [0, 0, -900], expression: [0.5, 0], light: [1, 2, 3], ambient: 2, photometric: 0.01, pass },
  alone: { rotation: [0, 0, 0], translation: [0, 0, -900], expression: [0.5, 0] },
});
const grey: HostImage = { width: 8, height: 8, channels: 3, data: new Float32Array(192).fill(0.2) };

const calls: [sources: readonly string[], options: FitClipOptions][] = [];
/** Is ended after one frame the first time. */
const fitClip: RunEnvironment['fitClip'] = async (sources: readonly FrameSource[], options) => {
  calls.push([sources.map(({ name }) => name), options]);
  await options.onCheckpoint?.({ formatVersion: 1, stage: 'texture', step: 3, arrays: {}, info: {} });
  await options.onFrame?.(frameOf(0, 'forwards'));
  if (!options.resume) throw new ChiaroError('interrupted');
  const frames = [0, 2].map((index) => frameOf(index, 'both'));
  for (const frame of frames) await options.onFrame?.(frame);
  const leftOut = [{ index: 1, name: '2.png', reason: 'no face was found' }];
  return {
    clip: { person: [result], width: 80, height: 80, focal: 300, frames, leftOut },
    blendshapeNames: ['smile', 'blink, left'],
    head: result.mesh,
    pictures: ({ index }) =>
      Promise.resolve({ photo: grey, overlay: grey, relit: { ...grey, data: grey.data.map((x) => x * index) } }),
  };
};

async function run(given: Partial<CLIOptions> = {}) {
  let text = '';
  const stream = () => new Writable({ write: (chunk: Buffer, _, done) => ((text += chunk.toString()), done()) });
  const never = () => Promise.reject(new ChiaroError('not this one'));
  const options = { photos: [], out: join(root, 'out'), budgetSeconds: 60, resume: false, samePerson: false };
  const code = await runCommand(
    { ...options, frames: folder, ...given },
    {
      ...{ fit: never, fitPerson: never, countFaces: never, fitClip },
      ...{ log: stream(), out: stream(), signal: new AbortController().signal },
    },
  );
  return { code, text };
}

it('fits a folder of frames, keeps each as it is found, goes on with them, and knows when all is done', async () => {
  for (const [name, red] of [
    ['10.png', 90],
    ['1.png', 30],
    ['2.png', 60],
  ] as const)
    // prettier-ignore
    await sharp({ create: { width: 80, height: 80, channels: 3, background: { r: red, g: 9, b: 9 } } }).toFile(
      join(folder, name),
    );
  const out = join(root, 'out');
  const stopped = await run();
  expect(stopped).toMatchObject({ code: 1, text: expect.stringMatching(/to go on: the same command\n$/) });
  expect(readdirSync(join(out, 'frames'))).toEqual(['1.json']);

  const { code, text } = await run();
  expect([code, text]).toEqual([0, expect.stringMatching(/resuming {4}with 1 frames[^]*fitted 2 frames, 1 left out/)]);
  expect(calls[1][0]).toEqual(['1.png', '2.png', '10.png']); // as people count
  expect(calls[1][1].known).toEqual([frameOf(0, 'forwards')]);
  expect(readdirSync(out).sort()).toEqual([
    'clip.webp',
    'frames',
    'frames.csv',
    'frames.json',
    'head.glb',
    'index.html',
  ]);
  expect(readdirSync(join(out, 'frames')).sort()).toEqual(['1.jpg', '1.json', '10.jpg', '10.json']);
  const moving = await sharp(join(out, 'clip.webp'), { animated: true }).metadata();
  expect([moving.pages, moving.pageHeight, moving.width]).toEqual([2, 8, 28]);
  const lines = readFileSync(join(out, 'frames.csv'), 'utf8').split('\n');
  expect(lines[0]).toMatch(/^index,frame,"rotation x, rad".*,smile,"blink, left"$/);
  expect(lines[2]).toMatch(/^2,f2,0,0\.2,0,0,0,-900,0\.282.*,0\.5,0$/);
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toMatch(/no face was found/);

  expect((await run()).text).toMatch(/^done before/);
  expect(calls).toHaveLength(2);
  await run({ seed: 2 }); // other options: nothing of it counts
  expect(calls[2][1].known).toEqual([]);
});

it('takes no frame from a file that is damaged or of another run', async () => {
  const list = await photoList([folder]);
  const into = join(root, 'damaged');
  mkdirSync(join(into, 'frames'), { recursive: true });
  const file = { format: 'chiaro-frame', formatVersion: 1, run: 'a', frame: frameOf(0, 'both') };
  const known = async (content: unknown): Promise<number> => {
    writeFileSync(join(into, 'frames', '1.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return (await knownFrames(into, list, 'a')).length;
  };
  expect(await known(file)).toBe(1);
  for (const broken of [
    '{"format": "chiaro-fr',
    null,
    { ...file, run: 'b' },
    { ...file, frame: { ...file.frame, rotation: [0, 1] } },
    { ...file, frame: { ...file.frame, light: ['1'] } },
    { ...file, frame: { ...file.frame, index: 1 } },
    { ...file, frame: { ...file.frame, alone: { rotation: [0, 0, 0] } } },
  ])
    expect(await known(broken)).toBe(0);
});
