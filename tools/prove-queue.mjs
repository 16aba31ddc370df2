/**
 * Kills processes of a queue at random and looks at what comes out: three workers and the process that writes the set, each
 * killed (-9) and started again several times. The set must be whole, bit for bit that of one process, and no sample that was
 * finished may be made again.
 *
 *   npm install bullmq; redis-server --port 6399 --save ''
 *   node scripts/run.mjs tools/prove-queue.mjs --queue redis://localhost:6399 [--count 320] [--kills 20] [--seed 1]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDataset, writeDataset } from '@chiaro/faces/node';
import { randomSource } from './face-model/random.mjs';
import { sampleOf } from './queue/program.mjs';

const { values: options } = parseArgs({
  options: {
    queue: { type: 'string' },
    count: { type: 'string', default: '320' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
if (options.queue === undefined) throw new Error('--queue names the server: redis://host:port');
const [count, kills, seed] = ['count', 'kills', 'seed'].map((name) => Number(options[name]));
const root = mkdtempSync(join(tmpdir(), 'chiaro-queue-'));
const [folder, alone, log] = ['set', 'alone', 'made.txt'].map((name) => join(root, name));
const program = fileURLToPath(new URL('./queue/program.mjs', import.meta.url));
const random = randomSource(seed);

const start = (role) => {
  const process_ = { role, child: spawn(process.execPath, [program, role, options.queue, folder, String(count), log]) };
  process_.child.stderr.on('data', (text) => process.stderr.write(`${role}: ${text}`));
  process_.ended = new Promise((resolve) => process_.child.on('close', (code, signal) => resolve(signal ?? code)));
  return process_;
};

const running = ['write', 'work', 'work', 'work'].map(start);
let killed = { write: 0, work: 0 };
for (let k = 0; k < kills; k++) {
  await new Promise((resolve) => setTimeout(resolve, 300 + 1500 * random.uniform()));
  if (running[0].child.exitCode !== null) break;
  const at = Math.floor(running.length * random.uniform());
  running[at].child.kill('SIGKILL');
  await running[at].ended;
  killed = { ...killed, [running[at].role]: killed[running[at].role] + 1 };
  running[at] = start(running[at].role);
}
const code = await running[0].ended;
for (const { child } of running.slice(1)) child.kill('SIGTERM');

const made = readFileSync(log, 'utf8').trim().split('\n').map(Number);
const set = await openDataset(folder);
await writeDataset(alone, {
  ...{ count, shardSize: 16, settings: set.manifest.settings },
  make: (index) => Promise.resolve(sampleOf(index)),
});
const shards = readdirSync(alone).filter((name) => name.startsWith('shard-'));
const equal = shards.filter((name) => readFileSync(join(alone, name)).equals(readFileSync(join(folder, name))));
process.stdout.write(
  [
    `killed: ${killed.work} times a worker, ${killed.write} times the writer; the last writer ended with ${code}`,
    `samples in the set: ${set.length} of ${count}; made: ${made.length}, of them twice: ${made.length - new Set(made).size}`,
    `shards equal to those of one process, byte for byte: ${equal.length} of ${shards.length}`,
    `left in the folder: ${readdirSync(folder, { recursive: true }).filter((name) => /samples.|tmp/.test(name)).length} unfinished files`,
    '',
  ].join('\n'),
);
rmSync(root, { recursive: true });
process.exit(set.length === count && equal.length === shards.length && made.length === new Set(made).size ? 0 : 1);
