import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { ChiaroError } from '../engine.js';
import { faceToGLB } from '../export/glb.js';
import type { FittedClip } from '../fit/frames/fitClip.js';
import type { FrameSource } from '../fit/frames/frameReader.js';
import { loadPhoto } from '../photo/photo.js';
import { clipPage } from '../report/clipPage.js';
import { duration } from '../report/format.js';
import { claimed, fitHooks } from './claimed.js';
import { writeFolder } from './folder.js';
import { animation, frameFolder, framesCSV, hasStrip, knownFrames, writeFrame, writeStrip } from './frameFiles.js';
import type { CLIOptions } from './options.js';
import { photoList } from '../node/photoList.js';
import type { ListedPhoto } from '../node/photoList.js';
import type { ProgressDisplay } from './progress.js';
import { defaultSeed, reported } from './run.js';
import type { RunEnvironment } from './run.js';
import { removeState, stateOf } from './stateFile.js';

const names = ['clip.webp', 'frames.csv', 'head.glb', 'frames.json', 'index.html'];

/** SHA-256 of all frames and of what is asked for, without holding them all. */
async function fingerprintOf(listed: readonly ListedPhoto[], asked: unknown): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(asked));
  for (const { path, name } of listed) hash.update(name).update(await host.readFile(path));
  return hash.digest('hex');
}

/** Whether a folder holds the finished result of a run. */
async function isFinished(folder: string, run: string): Promise<boolean> {
  const path = join(folder, 'frames.json');
  if (!existsSync(path)) return false;
  try {
    const file = JSON.parse(new TextDecoder().decode(await host.readFile(path))) as { readonly run?: unknown } | null;
    return file?.run === run;
  } catch {
    return false;
  }
}

/** The pictures of all frames that have none yet. */
async function writePictures(
  { clip, pictures }: FittedClip,
  listed: readonly ListedPhoto[],
  folder: string,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<void> {
  const left = clip.frames.filter(({ index }) => !hasStrip(folder, listed[index].name));
  const begun = performance.now();
  const [steps, before] = [clip.frames.length, clip.frames.length - left.length];
  display.update({ stage: 'render', detail: 'frames', step: before, steps, rate: 0 });
  for (const [k, frame] of left.entries()) {
    signal.throwIfAborted();
    const { path, name } = listed[frame.index];
    await writeStrip(folder, name, await pictures(frame, await loadPhoto(path)));
    const rate = (1000 * (k + 1)) / (performance.now() - begun);
    const etaSeconds = (left.length - k - 1) / rate;
    display.update({ stage: 'render', detail: 'frames', step: before + k + 1, steps, rate, etaSeconds });
  }
}

/** Fits and writes; `saved` is told of all that is kept. */
async function fitAndWrite(
  { frames: from, out: folder, budgetSeconds, model, seed = defaultSeed, smoothness }: CLIOptions,
  { fitClip, log, out, signal }: RunEnvironment,
  saved: () => void,
): Promise<void> {
  const listed = await photoList([from!]);
  const asked = { model, seed, budgetSeconds, smoothness };
  const hash = await fingerprintOf(listed, asked);
  if (await isFinished(folder, hash)) {
    out.write(`done before; look at ${resolve(folder, 'index.html')}\n`);
    return;
  }
  const run = { photoPath: resolve(from!), photoHash: hash, model, seed };
  const place = { folder, log, signal };
  await claimed(place, async (display) => {
    const state = await stateOf(folder, run);
    const known = state ? await knownFrames(folder, listed, hash) : [];
    // pictures of another run would pass for this one's
    if (!state) await rm(frameFolder(folder), { recursive: true, force: true });
    await mkdir(frameFolder(folder), { recursive: true });
    display.note(`frames      ${listed.length}, ${listed[0].name} to ${listed.at(-1)!.name}`);
    display.note(`result      ${folder}, planned for ${duration(budgetSeconds)} and the time of the frames`);
    if (state) {
      saved();
      display.note(`resuming    with ${known.length} frames that were found before`);
    }
    const sources = listed.map(({ path }): FrameSource => {
      const name = path.split(/[/\\]/).at(-1)!;
      return { name, read: () => loadPhoto(path, { name }) };
    });
    const fitted = await fitClip(sources, {
      ...{ model, seed, budgetSeconds, smoothness, known },
      resume: state?.checkpoint,
      ...fitHooks(place, display, run, saved),
      onFrame: (frame) => writeFrame(folder, listed[frame.index].name, hash, frame),
    });
    await writePictures(fitted, listed, folder, display, signal);
    const { clip, blendshapeNames, head } = fitted;
    const shown = clip.frames.map(({ index }) => listed[index].name);
    const moving = await animation(folder, shown);
    const { parameters, textures, adapter } = clip.person[0];
    const kept = parameters.filter(({ name }) => ['identity', 'albedo', 'tint'].includes(name));
    const { width, height, focal, leftOut } = clip;
    const content = {
      ...{
        format: 'chiaro-frames',
        formatVersion: 1,
        run: hash,
        model: clip.person[0].model,
        adapter,
        seed,
        smoothness,
      },
      ...{ width, height, focal, blendshapeNames, leftOut },
      person: kept.map((parameter) => ({ ...parameter, values: Array.from(parameter.values) })),
      frames: clip.frames,
    };
    const text = new TextEncoder();
    await writeFolder(
      folder,
      new Map([
        ['clip.webp', moving],
        ['frames.csv', text.encode(framesCSV(clip, blendshapeNames))],
        ['head.glb', await faceToGLB({ mesh: head, textures, name: 'head' })],
        ['index.html', text.encode(clipPage({ title: from!, clip, animation: moving }, new Date()))],
        ['frames.json', text.encode(`${JSON.stringify(content)}\n`)], // last: it says that all is there
      ]),
      names,
    );
    await removeState(folder);
    display.stop();
    const without = leftOut.length > 0 ? `, ${leftOut.length} left out` : '';
    out.write(`fitted ${clip.frames.length} frames${without}; look at ${resolve(folder, 'index.html')}\n`);
  });
}

/**
 * Fits a folder of frames of one person, in the order of their names, into a folder with a JSON file and a picture for every
 * frame, a table (CSV), the head (GLB), an animated picture and a page. Every frame is written as soon as it is found, and
 * the same command goes on where an earlier one was ended. @returns the exit code, see `reported`.
 */
export function runFrames(options: CLIOptions, environment: RunEnvironment): Promise<number> {
  let resumable = false;
  return reported(
    environment,
    async () => {
      if (options.frames === undefined) throw new ChiaroError('--frames needs a folder');
      await fitAndWrite(options, environment, () => (resumable = true));
      return 0;
    },
    () => (resumable && existsSync(options.out) ? 'the same command' : undefined),
  );
}
