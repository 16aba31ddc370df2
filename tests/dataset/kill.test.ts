import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDataset } from '@chiaro/faces/node';

const program = fileURLToPath(new URL('./program.mjs', import.meta.url));

/** When a process is killed: so many milliseconds after it has begun so many samples. */
interface Moment {
  readonly samples: number;
  readonly delay: number;
}

/** How a process ended, and the samples that it had begun. */
interface End {
  readonly how: 'ended' | 'killed';
  readonly samples: readonly number[];
}

/** Runs program.mjs (on the compiled packages) in a folder, to its end or until it is killed. */
function run(folder: string, count: number, kill?: Moment): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder, String(count)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, errors, armed] = ['', '', kill !== undefined];
    const samples = (): number[] => [...text.matchAll(/sample (\d+)\n/g)].map(([, index]) => Number(index));
    child.stderr.on('data', (data) => (errors += String(data)));
    child.stdout.on('data', (data) => {
      text += String(data);
      if (!kill || !armed || samples().length < kill.samples) return;
      armed = false;
      setTimeout(() => child.kill('SIGKILL'), kill.delay);
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve({ how: 'killed', samples: samples() });
      else if (code === 0) resolve({ how: 'ended', samples: samples() });
      else reject(new Error(`code ${code}: ${errors}`));
    });
  });
}

const hashes = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    );

/** @throws unless every sample that the folder says it has is whole and right. */
async function check(folder: string, why: string): Promise<void> {
  const set = await openDataset(folder);
  let there = 0;
  for (let k = 0; k < set.manifest.count; k++) {
    if (!set.has(k)) continue;
    there++;
    const { index, image } = await set.sample(k);
    expect([index.data[0], image.data[7]], why).toEqual([k, Math.fround(Math.sin(k + 0.07))]);
  }
  expect(there, why).toBe(set.length);
}

/** How many kills must hit a writer that lives and has begun samples. */
const kills = Number(process.env['CHIARO_KILLS'] ?? 4);

// one process, and three at once; new moments at every run of the test, told when it fails
for (const [writers, perKill] of [
  [1, 15],
  [3, 50],
] as const)
  test(
    `a folder whose ${writers} writers are killed ${kills} times at random moments always opens, and ends with the same bits`,
    async () => {
      const count = 4 * Math.ceil((perKill * kills) / 4); // more than is made before the last kill; whole shards
      const [whole, killed] = ['whole', 'killed'].map((name) => mkdtempSync(join(tmpdir(), `chiaro-dataset-${name}-`)));
      const all = (folder: string, moments: readonly (Moment | undefined)[]): Promise<End[]> =>
        Promise.all(moments.map((moment) => run(folder, count, moment)));
      try {
        const clean = await all(whole, new Array<undefined>(writers).fill(undefined));
        // nothing is made twice, nothing left out
        const begun = clean.flatMap(({ samples }) => samples).sort((a, b) => a - b);
        expect(begun).toEqual(Array.from({ length: count }, (_, k) => k));
        const told: Moment[][] = [];
        let ends = 0;
        while (ends < kills) {
          // no more of them than kills are left: each that dies is one
          const moments = Array.from({ length: Math.min(writers, kills - ends) }, () => ({
            samples: 1 + Math.floor(Math.random() * 6),
            delay: Math.random() * 12,
          }));
          told.push(moments);
          const round = await all(killed, moments);
          const died = round.filter(({ how }) => how === 'killed').length;
          await check(killed, JSON.stringify(told));
          if (died === 0) break; // the set was finished first
          ends += died;
        }
        expect(ends, JSON.stringify(told)).toBe(kills);
        expect((await all(killed, new Array<undefined>(writers).fill(undefined))).map(({ how }) => how)).not.toContain(
          'killed',
        );
        expect(hashes(killed), JSON.stringify(told)).toEqual(hashes(whole));
        expect(hashes(killed)).toHaveLength(count / 4 + 1); // the shards, the manifest, nothing else
      } finally {
        for (const folder of [whole, killed]) rmSync(folder, { recursive: true });
      }
    },
    60_000 + 30_000 * kills,
  );
