import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDataset } from '@chiaro/faces/node';

const program = fileURLToPath(new URL('./program.mjs', import.meta.url));

/** Runs program.mjs (on the compiled packages) in a folder, to its end or until so many samples and milliseconds. */
function run(folder: string, kill?: { readonly samples: number; readonly delay: number }): Promise<'ended' | 'killed'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [samples, errors] = [0, ''];
    child.stderr.on('data', (text) => (errors += String(text)));
    child.stdout.on('data', (text) => {
      const before = samples;
      samples += String(text).split('sample').length - 1;
      if (kill && before < kill.samples && samples >= kill.samples) setTimeout(() => child.kill('SIGKILL'), kill.delay);
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code === 0) resolve('ended');
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

test('a folder whose writer is killed at random moments always opens, and ends with the same bits', async () => {
  const [whole, killed] = ['whole', 'killed'].map((name) => mkdtempSync(join(tmpdir(), `chiaro-dataset-${name}-`)));
  try {
    expect(await run(whole)).toBe('ended');
    // new moments at every run of the test, told when it fails
    const kills = Number(process.env['CHIARO_KILLS'] ?? 4);
    const moments = Array.from({ length: kills }, () => ({
      samples: 1 + Math.floor(Math.random() * 6),
      delay: Math.random() * 12,
    }));
    const ends: string[] = [];
    for (const moment of moments) {
      ends.push(await run(killed, moment));
      const set = await openDataset(killed);
      for (let k = 0; k < set.length; k++) {
        const { index, image } = await set.sample(k);
        expect([index.data[0], image.data[7]], JSON.stringify(moments)).toEqual([k, Math.fround(Math.sin(k + 0.07))]);
      }
    }
    expect(ends).toContain('killed');
    expect(await run(killed)).toBe('ended');
    expect(hashes(killed), JSON.stringify(moments)).toEqual(hashes(whole));
    expect(hashes(killed)).toHaveLength(14); // 13 shards, the manifest, nothing else
  } finally {
    for (const folder of [whole, killed]) rmSync(folder, { recursive: true });
  }
}, 120_000);
