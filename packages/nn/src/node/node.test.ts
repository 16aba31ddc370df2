import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FormatError, tensor } from '../engine.js';
import type { TrainingProgress, TrainingRecord } from '../train/index.js';
import { small } from '../train/run.testing.js';
import {
  csvLog,
  folderStore,
  jsonlLog,
  progressDisplay,
  progressLines,
  readJsonl,
  ResultsFile,
  stepsChart,
  trainInFolder,
} from './index.js';

const made = (): string => mkdtempSync(join(tmpdir(), 'chiaro-train-'));

const step = (n: number, values: TrainingRecord['values']): TrainingRecord => ({
  ...{ kind: 'step', step: n, epoch: n > 2 ? 1 : 0, seconds: n / 2, learningRate: 0.1, values },
});

describe('logs', () => {
  it('forget what will come again, and a line that was cut short', async () => {
    const folder = made();
    const [json, steps] = [join(folder, 'a/log.jsonl'), join(folder, 'a/steps.csv')];
    const all = () => [jsonlLog(json), csvLog(steps, 'step')];
    const write = async (from: number, to: number): Promise<void> => {
      for (const log of all()) {
        await log.start({ epoch: from > 2 ? 1 : 0, batch: 0, step: from });
        for (let n = from + 1; n <= to; n++) {
          log.write(step(n, { loss: n === 2 ? NaN : 1 / n, 'a,"b"': n }));
          if (n === 2) log.write({ kind: 'epoch', step: 2, epoch: 0, seconds: 1, values: { accuracy: 0.5 } });
        }
        await log.flush();
      }
    };
    await write(0, 5);
    const expected = [readFileSync(json, 'utf8'), readFileSync(steps, 'utf8')];
    for (const file of [json, steps]) writeFileSync(file, readFileSync(file, 'utf8').slice(0, -7));
    await write(3, 5);
    expect([readFileSync(json, 'utf8'), readFileSync(steps, 'utf8')]).toEqual(expected);
    expect(expected[1]!.split('\n').slice(0, 3)).toEqual([
      'step,epoch,seconds,learningRate,loss,"a,""b"""',
      '1,0,0.500,0.1,1,1',
      '2,0,1.000,0.1,NaN,2',
    ]);
    const records = await readJsonl(json);
    expect(records.map((r) => `${r.kind} ${r.step}`).join()).toBe('step 1,step 2,epoch 2,step 3,step 4,step 5');
    expect(records[1]!.values['loss']).toBeNaN();
    writeFileSync(json, '{"step":1}\n');
    await expect(readJsonl(json)).rejects.toThrow(FormatError);
    await write(2, 3); // the epoch's validation is kept only by a place behind it
    expect((await readJsonl(json)).map((r) => r.step)).toEqual([3]);
  });
});

it('a run in a folder leaves checkpoint, best weights, logs and a page with curves; nothing temporary', async () => {
  const folder = join(made(), 'new');
  const out = new PassThrough();
  const dots = tensor([0, 0.25, 1], [3, 1, 1, 1]);
  const { trainer } = small({ pictures: (epoch) => ({ dots: dots.mul(epoch + 1) }) });
  const result = await trainInFolder(trainer, folder, { title: 'A <small> run', stream: out });
  const files = readdirSync(folder).sort();
  expect(files.filter((name) => !name.startsWith('best-'))).toEqual(
    ['epochs.csv', 'last.safetensors', 'log.jsonl', 'pictures', 'report.html', 'steps.csv', 'tensorboard'].sort(),
  );
  expect(readdirSync(join(folder, 'pictures'))).toEqual(['dots-000012.png', 'dots-000024.png', 'dots-000036.png']);
  expect(readdirSync(join(folder, 'tensorboard')).sort()).toEqual(['train', 'validation']);
  expect(files.filter((name) => name.startsWith('best-')).length).toBe(2);
  expect(readFileSync(join(folder, 'epochs.csv'), 'utf8').split('\n')[0]).toBe('step,epoch,seconds,loss');
  const page = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(page).toContain('<h1>A &lt;small&gt; run</h1>');
  expect(page).not.toMatch(/https?:(?!\/\/www\.w3\.org)|NaN|undefined/);
  expect(page.match(/<figure>/g)!.length).toBe(3); // loss with validation, learning rate, picture
  expect(page).toMatch(/<img src="pictures\/dots-000036\.png".*dots.*step 36/);
  expect(page.match(/<circle/g)!.length).toBe(3);
  expect(page.match(/class="best"/g)!.length).toBe(2);
  const text = String(out.read());
  expect(text).toMatch(/epoch 3\/3 {2}validated {2}loss [\d.]+ {2}after [\d.]+ s\n/);
  await result.loadBest(1);
  expect(stepsChart(await readJsonl(join(folder, 'log.jsonl')), 'loss')).toMatch(/^<svg xmlns/);
  expect(() => stepsChart([], 'loss')).toThrow(/no two points/);
});

it('files that cannot be written are refused, the old ones kept', async () => {
  const folder = made();
  const store = folderStore(folder);
  await store.write('a', Uint8Array.of(1));
  writeFileSync(join(folder, 'file'), '');
  await expect(folderStore(join(folder, 'file')).write('a', Uint8Array.of(2))).rejects.toThrow(/cannot write/);
  expect(await store.read('a')).toEqual(Uint8Array.of(1));
  await store.remove('a');
  await store.remove('a');
  expect(existsSync(join(folder, 'a'))).toBe(false);
  expect(await store.read('a')).toBeUndefined();
});

it('results take the places of earlier ones with their key', async () => {
  const results = new ResultsFile(join(made(), 'new', 'results.json'), ({ row }: { row: string }) => row);
  expect(await results.read()).toEqual([]);
  await results.put([{ row: 'a', error: 3 }, { row: 'b' }] as { row: string }[]);
  await results.put([{ row: 'a' }]);
  expect(await results.read()).toEqual([{ row: 'b' }, { row: 'a' }]);
  writeFileSync(results.path, '{"row": "a"}');
  await expect(results.put([{ row: 'c' }])).rejects.toThrow(FormatError);
});

describe('progress', () => {
  const at = (batch: number, changes: Partial<TrainingProgress> = {}): TrainingProgress => ({
    ...{ phase: 'train', epoch: 1, epochs: 12, batch, batches: 200, step: 200 + batch, steps: 2400 },
    ...{ values: { loss: 0.12345 }, rate: 4.94, etaSeconds: 430, seconds: 61, ...changes },
  });

  it('is lines where there is no terminal: one every ten seconds, one per epoch', () => {
    const out = new PassThrough();
    let now = 0;
    const display = progressDisplay(out, () => now);
    for (const [time, batch] of [
      [0, 1],
      [9_000, 50],
      [10_001, 84],
    ] as const) {
      now = time;
      display.update(at(batch));
    }
    display.update(at(200, { phase: 'validate' }));
    display.update(at(200, { phase: 'epoch', values: { accuracy: 0.987654 } }));
    expect(String(out.read()).split('\n')).toEqual([
      'epoch  2/12    0 %  1/200  4.9/s  ETA 7 min 10 s  loss 0.1235',
      'epoch  2/12   42 %  84/200  4.9/s  ETA 7 min 10 s  loss 0.1235',
      'epoch  2/12  validated  accuracy 0.9877  after 1 min 01 s',
      '',
    ]);
  });

  it('of other work is a line every ten seconds, with the rate of what was done meanwhile', () => {
    const out = new PassThrough();
    let now = 0;
    const tell = progressLines(out, () => now);
    for (const [time, done] of [
      [0, 40],
      [9_000, 58],
      [10_000, 60],
      [12_000, 100],
    ] as const) {
      now = time;
      tell('rendered', done, 100);
    }
    expect(String(out.read()).split('\n')).toEqual([
      'rendered: 40 of 100',
      'rendered: 60 of 100, 2.0 a second, 20 s left',
      'rendered: 100 of 100, 5.0 a second, 0 s left',
      '',
    ]);
  });

  it('is a bar on a terminal, with lines above', () => {
    const out = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    const display = progressDisplay(out);
    display.update(at(100, { rate: 0.25 }));
    display.update(at(200, { phase: 'epoch', values: { accuracy: 0.5 } }));
    display.note('a note');
    display.stop();
    const text = String(out.read());
    expect(text).toMatch(/━{12}─{12} {2}50 % {2}100\/200 {2}4 s each/);
    expect(text).toContain('validated  accuracy 0.5');
    expect(text).toContain('a note');
  });
});
