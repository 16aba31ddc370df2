import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./program.mjs', import.meta.url));

/** When a process is killed: so many milliseconds after it asked for a batch. */
interface Moment {
  readonly batch: number;
  readonly delay: number;
}

/** Runs program.mjs (on the compiled packages) in a folder, to its end or until it is killed; tells which. */
function run(folder: string, kill?: Moment, by: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<'ended' | 'killed'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [batches, errors] = [0, ''];
    child.stderr.on('data', (text) => (errors += String(text)));
    child.stdout.on('data', (text) => {
      const before = batches;
      batches += String(text).split('batch').length - 1;
      if (kill && before < kill.batch && batches >= kill.batch) setTimeout(() => child.kill(by), kill.delay);
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL' || errors.includes('InterruptedError')) resolve('killed');
      else if (code === 0) resolve('ended');
      else reject(new Error(`code ${code}: ${errors}`));
    });
  });
}

/** The log without times. */
const told = (folder: string): string =>
  readFileSync(join(folder, 'log.jsonl'), 'utf8').replace(/"seconds":[\d.e-]+/g, '"seconds":0');

test('a training run that is killed at random moments ends with the same bits as one that is not', async () => {
  const [whole, killed] = ['whole', 'killed'].map((name) => mkdtempSync(join(tmpdir(), `chiaro-${name}-`)));
  expect(await run(whole!)).toBe('ended');

  // new moments at every run of the test, told when it fails: before the first checkpoint, early, anywhere
  const moments = [5, 20, 45].map((most): Moment => ({
    batch: Math.ceil(Math.random() * most),
    delay: Math.random() * 20,
  }));
  const ends: string[] = [];
  for (const moment of moments) ends.push(await run(killed!, moment));
  // asked to end, it makes a checkpoint first
  const place = (): string => readFileSync(join(killed!, 'last.safetensors'), 'latin1').slice(0, 200);
  const before = place();
  if ((await run(killed!, { batch: 2, delay: 0 }, 'SIGTERM')) === 'killed') expect(place()).not.toBe(before);
  expect(await run(killed!)).toBe('ended');

  expect(ends, JSON.stringify(moments)).toContain('killed');
  for (const file of ['final.safetensors', ...readdirSync(whole!).filter((name) => name.startsWith('best-'))]) {
    const same = readFileSync(join(killed!, file)).equals(readFileSync(join(whole!, file)));
    expect(same, `${file}, killed at ${JSON.stringify(moments)}`).toBe(true);
  }
  expect(told(killed!)).toBe(told(whole!));
});
