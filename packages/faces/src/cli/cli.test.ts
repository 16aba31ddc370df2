import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { CommanderError } from 'commander';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { ChiaroError, FormatError } from '../engine.js';
import type { FitCheckpoint, FitFace, FitProgress } from '../fit/types.js';
import { sampleResult } from '../report/sample.testing.js';
import { claimFolder, writeFolder } from './folder.js';
import { parseArguments } from './options.js';
import type { CLIOptions } from './options.js';
import { progressDisplay } from './progress.js';
import { runFace } from './run.js';
import type { RunEnvironment, RunOptions } from './run.js';
import { readState, statePath, writeState } from './stateFile.js';

class Sink extends Writable {
  text = '';
  constructor(
    readonly isTTY = false,
    readonly columns = 120,
  ) {
    super();
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  // what cli-progress calls on terminals
  clearLine = (): boolean => true;
  cursorTo = (): boolean => true;
  moveCursor = (): boolean => true;
}

const { result } = sampleResult(16);
const root = mkdtempSync(join(tmpdir(), 'chiaro-cli-'));
const photo = join(root, 'me.png');
const other = join(root, 'other.png');
beforeAll(async () => {
  const picture = (color: string) => sharp({ create: { width: 80, height: 80, channels: 3, background: color } });
  await picture('#a06050').toFile(photo);
  await picture('#506070').toFile(other);
});

const checkpoint: FitCheckpoint = {
  formatVersion: 1,
  stage: 'model',
  step: 17,
  arrays: {
    identity: { shape: [2, 2], data: Float32Array.of(1.5, -2, NaN, 1e-30) },
    counts: { shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
    empty: { shape: [0], data: new Float32Array(0) },
  },
  info: { seconds: 12.5, curves: [{ name: 'total \u00b5', values: [3, 2] }] },
};

const at = (stage: FitProgress['stage'], step: number, steps: number): FitProgress => ({
  stage,
  step,
  steps,
  rate: 2,
  etaSeconds: (steps - step) / 2,
  loss: 1 / (1 + step),
});

/** A fit that saves one checkpoint and succeeds. */
const succeeds: FitFace = async (_photo, { onCheckpoint, onProgress, onNote }) => {
  onNote?.('two faces: the larger one is fitted');
  onProgress?.(at('pose', 0, 10));
  onProgress?.(at('pose', 10, 10));
  await onCheckpoint?.(checkpoint);
  return result;
};

const countFaces: RunEnvironment['countFaces'] = () => Promise.resolve(1);
const fitPerson: RunEnvironment['fitPerson'] = () => Promise.reject(new ChiaroError('one photograph only'));
const fitClip: RunEnvironment['fitClip'] = () => Promise.reject(new ChiaroError('one photograph only'));

let folders = 0;
const freshFolder = (): string => join(root, `out-${folders++}`);

async function run(fit: FitFace, given: Partial<RunOptions> & { out: string }, control = new AbortController()) {
  const [log, out] = [new Sink(), new Sink()];
  const options: RunOptions = { photo, budgetSeconds: 60, resume: false, ...given };
  const code = await runFace(options, { fit, fitPerson, fitClip, countFaces, log, out, signal: control.signal });
  return { code, log: log.text, out: out.text };
}

/** A fit that is interrupted after its checkpoint. */
const stopsWith =
  (control: AbortController): FitFace =>
  async (_photo, { onCheckpoint, signal }) => {
    control.abort(new ChiaroError('stopped'));
    await onCheckpoint?.(checkpoint);
    signal!.throwIfAborted();
    return result;
  };

it('a finished run leaves the whole result and nothing else of its own', async () => {
  const out = freshFolder();
  mkdirSync(out);
  writeFileSync(join(out, 'roughness.png'), 'of an older result');
  writeFileSync(join(out, 'notes.txt'), "the user's own");
  const { code, log, out: said } = await run(succeeds, { out });
  expect(code).toBe(0);
  const files = readdirSync(out);
  expect(files).toEqual(expect.arrayContaining(['report.html', 'fit.json', 'face.glb', 'final.png', 'notes.txt']));
  expect(files.filter((name) => /roughness\.png$|state|tmp|unfinished/.test(name))).toEqual(['texture-roughness.png']);
  expect(log).toMatch(/me\.png, 80 x 80 pixels[^]*two faces[^]*Camera and pose {2}100 %/);
  expect(said).toMatch(/SSIM 0\.931 .*PSNR 31\.8 dB.*\nwrote \d+ files; look at .*report\.html\n$/);
});

it('an interrupted run says how to go on, and goes on where it was', async () => {
  const out = freshFolder();
  const control = new AbortController();
  const stopped = await run(stopsWith(control), { out, seed: 5, model: 'm' }, control);
  expect(stopped.code).toBe(130);
  expect(stopped.log).toContain(`to go on: npm start -- --resume --out ${JSON.stringify(out)}`);
  expect(readdirSync(out)).toEqual(['fit-state.safetensors']);

  for (const [change, message] of [
    [{ photo: other }, /the photograph was .*me\.png/],
    [{ seed: 6 }, /the seed was 5/],
    [{ model: 'n' }, /the model was m/],
  ] as const) {
    const refused = await run(succeeds, { out, resume: true, ...change });
    expect(refused.code).toBe(1);
    expect(refused.log).toMatch(message);
  }
  let seen: Parameters<FitFace> | undefined;
  const resumed = await run((...args) => ((seen = args), succeeds(...args)), { out, photo: undefined, resume: true });
  expect(resumed.code).toBe(0);
  expect(seen![0].name).toBe('me.png');
  expect(seen![1]).toMatchObject({ seed: 5, model: 'm', resume: checkpoint });
  expect(existsSync(statePath(out))).toBe(false);
});

it('errors are one clear line, and leave nothing behind', async () => {
  const none: FitFace = () => Promise.reject(new ChiaroError('no face was found in me.png; give another photograph'));
  const out = freshFolder();
  const noFace = await run(none, { out });
  expect(noFace.code).toBe(1);
  expect(noFace.log.split('\n').filter((line) => /error/.test(line))).toEqual([
    'error: no face was found in me.png; give another photograph',
  ]);
  expect(existsSync(out)).toBe(false);

  const broken = join(root, 'broken.jpg');
  writeFileSync(broken, readFileSync(photo).subarray(0, 60));
  const cases: [Partial<RunOptions> & { out: string }, RegExp][] = [
    [{ out, photo: broken }, /^error: broken\.jpg: the file is damaged.*\n$/],
    [{ out, photo: join(root, 'nowhere.jpg') }, /^error: cannot read .*nowhere\.jpg.*\n$/],
    [{ out, resume: true }, /^error: nothing to resume: .* start without --resume\n$/],
    [{ out: photo }, /^error: cannot write to .*me\.png.* --out\n$/],
  ];
  for (const [options, message] of cases) {
    const { code, log } = await run(succeeds, options);
    expect(code).toBe(1);
    expect(log).toMatch(message);
  }
  expect(existsSync(out)).toBe(false);

  const early = new AbortController();
  early.abort();
  const stops: FitFace = (_photo, { signal }) => Promise.reject(signal!.reason as Error);
  expect(await run(stops, { out }, early)).toMatchObject({
    code: 130,
    log: expect.stringMatching(/nothing was saved/),
  });
  const bug: FitFace = () => Promise.reject(new TypeError('x is undefined'));
  expect((await run(bug, { out })).log).toMatch(/error in Chiaro itself.*TypeError: x is undefined\n\s+at /);
});

it('files come all or none', async () => {
  const out = freshFolder();
  const bytes = new Uint8Array(4);
  await writeFolder(out, new Map([['a', bytes]]), ['a', 'b']);
  await expect(
    writeFolder(
      out,
      new Map([
        ['b', bytes],
        ['c/d', bytes],
      ]),
      ['a', 'b'],
    ),
  ).rejects.toThrow(/choose another folder/);
  expect(readdirSync(out)).toEqual(['a']);
  mkdirSync(join(out, '.unfinished')); // of a process that was killed
  await (
    await claimFolder(out)
  )();
  await writeFolder(out, new Map([['b', bytes]]), ['a', 'b']);
  expect(readdirSync(out)).toEqual(['b']);
});

it('a state comes back exactly; damaged ones are FormatErrors', async () => {
  const out = freshFolder();
  const state = { run: { photoPath: photo, photoHash: 'ab', seed: 3 }, checkpoint };
  await writeState(out, state);
  expect(await readState(out)).toEqual(state);

  const good = readFileSync(statePath(out));
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  let refused = 0;
  for (let k = 0; k < 1000; k++) {
    const bytes = Uint8Array.from(good);
    for (let j = 0; j <= k % 4; j++) bytes[random(bytes.length)] = random(256);
    writeFileSync(statePath(out), k % 5 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    await readState(out).catch((error: unknown) => {
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message).toMatch(/start without --resume$/);
      refused++;
    });
  }
  expect(refused).toBeGreaterThan(300);
});

it('plain lines: begin and end of every stage, and one in ten seconds', () => {
  const sink = new Sink();
  let time = 0;
  const display = progressDisplay(sink, () => time);
  for (let step = 0; step <= 50; step++) {
    time = 500 * step;
    display.update(at('model', step, 50));
  }
  display.update(at('model', 0, 5)); // its second part
  display.update(at('model', 5, 5));
  display.update({ ...at('texture', 0, 8), rate: 0.25, detail: '256 x 256 texels' });
  display.note('a note');
  display.stop();
  const lines = sink.text.trimEnd().split('\n');
  expect(lines.map((line) => line.trim())).toEqual([
    'Shape and light    0 %  0/50  2/s  ETA 25.0 s  loss 1',
    'Shape and light   40 %  20/50  2/s  ETA 15.0 s  loss 0.0476',
    'Shape and light   80 %  40/50  2/s  ETA 5.0 s  loss 0.0244',
    'Shape and light  100 %  50/50  25.0 s  loss 0.0196',
    'Shape and light    0 %  0/5  2/s  ETA 2.5 s  loss 1',
    'Shape and light  100 %  5/5  0.00 s  loss 0.167',
    'Textures           0 %  0/8  4 s each  ETA 4.0 s  loss 1  256 x 256 texels',
    'a note',
  ]);
});

it('on a terminal every stage has a bar that fits the line', () => {
  const sink = new Sink(true, 80);
  const display = progressDisplay(sink);
  for (const stage of ['pose', 'model'] as const) for (const step of [0, 4, 8]) display.update(at(stage, step, 8));
  for (const step of [0, 2, 4]) display.update(at('model', step, 4)); // its second part
  display.note('a note');
  display.stop();
  expect(sink.text).toMatch(/━{28} 100 % {2}8\/8[^]*━{28} 100 % {2}8\/8[^]*━{28} 100 % {2}4\/4/);
  expect(sink.text).toMatch(/Camera and pose {2}━{28} 100 %/);
  expect(sink.text).toMatch(/Shape and light {2}━{28} 100 %/);
  expect(sink.text).toContain('a note');
  // eslint-disable-next-line no-control-regex -- the terminal's own
  const lines = sink.text.replace(/\u001b\[[?\d;]*[a-zA-Z]/g, '\n').split(/[\r\n]/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
});

it('arguments: defaults, and what is wrong is said', () => {
  let said = '';
  const hooks = { writeOut: (text: string) => void (said += text), writeErr: (text: string) => void (said += text) };
  const parse = (...args: string[]): CLIOptions => parseArguments(args, hooks);
  expect(parse()).toMatchObject({ out: join('out', 'example'), budgetSeconds: 480, resume: false });
  expect(parse('a/me.new.jpg', '--quick')).toMatchObject({
    photos: ['a/me.new.jpg'],
    out: join('out', 'me.new'),
    budgetSeconds: 84,
  });
  expect(parse('x.png', '-o', 'd', '-b', '3', '-s', '0', '-m', 'ict', '-r')).toEqual({
    photos: ['x.png'],
    out: 'd',
    budgetSeconds: 180,
    seed: 0,
    model: 'ict',
    face: undefined,
    samePerson: false,
    resume: true,
  });
  expect(parse('--frames', 'clips/talk/', '--smoothness', '0.01,1,0.03,0.2')).toMatchObject({
    photos: [],
    out: join('out', 'talk'),
    frames: 'clips/talk/',
    smoothness: { rotation: 0.01, translation: 1, expression: 0.03, light: 0.2 },
  });
  for (const [args, message] of [
    [['-b', '0'], /above 0/],
    [['-s', '1.5'], /whole number/],
    [['--quick', '-b', '3'], /exclude each other/],
    [['a', 'b', '-r'], /the same command goes on/],
    [['-f', '0'], /from 1, or all/],
    [['a', 'b', '-p', '-f', '1'], /leave out --face/],
    [['--frames', 'f', '-p'], /goes alone/],
    [['--frames', 'f', '--smoothness', '1,2'], /four numbers above 0/],
    [['--smoothness', 'off'], /is for --frames/],
    [['--fast'], /unknown option/],
  ] as const) {
    said = '';
    expect(() => parse(...args)).toThrow(CommanderError);
    expect(said).toMatch(message);
  }
});

it('Ctrl-C ends a process with its state saved, its echo does not matter, and a second one ends it at once', async () => {
  const compiled = new URL('../../dist/cli/process.js', import.meta.url);
  if (!existsSync(compiled)) throw new Error('this test uses the compiled packages: npm run build');
  // a fit that runs until it is told to stop, and then saves only if it is called polite
  const script = `
    import { runProcess } from ${JSON.stringify(compiled.href)};
    await runProcess((photo, { signal, onCheckpoint, onProgress, model }) => new Promise((_, reject) => {
      const timer = setInterval(() => {}, 1000);
      signal.addEventListener('abort', async () => {
        if (model !== 'polite') return process.stderr.write('busy\\n');
        clearInterval(timer);
        await onCheckpoint({ formatVersion: 1, stage: 'pose', step: 3, arrays: {}, info: {} });
        reject(signal.reason);
      });
      onProgress({ stage: 'pose', step: 2, steps: 9, rate: 0 });
    }));`;
  const file = join(root, 'command.mjs');
  writeFileSync(file, script);
  const start = async (model: string, out: string): Promise<{ code: number | null; log: string }> => {
    const args = [file, photo, '-o', out, '-m', model];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    let sent = false;
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (sent || !log.includes('2/9')) return;
      sent = true;
      child.kill('SIGINT');
      child.kill('SIGTERM'); // whoever ends a process often tells its group as well
      if (model === 'busy') setTimeout(() => child.kill('SIGINT'), 1500);
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, log };
  };
  const [polite, busy] = [freshFolder(), freshFolder()];
  const [first, second] = await Promise.all([start('polite', polite), start('busy', busy)]);
  expect(first.code).toBe(130);
  expect(first.log).toMatch(/stopping at the next step[^]*to go on: npm start -- --resume/);
  expect((await readState(polite)).checkpoint).toMatchObject({ stage: 'pose', step: 3 });
  expect(second.code).toBe(130);
  expect(second.log).toContain('busy');
  expect(readdirSync(busy)).toEqual([]);
});
