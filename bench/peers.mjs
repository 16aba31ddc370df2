// npm run bench:peers -- [--cases a,b] [--peers a,b] [--rounds N] [--seconds S] [--json FILE]
// The tensor cases in Chiaro and in its peers: one process per peer and case, outputs compared element by element.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, round, table, writeRows } from './lib/rows.mjs';
import { verdicts } from './lib/summary.mjs';
import { peerCases } from './lib/peerCases.mjs';
import { expectElements } from './lib/tensorCases.mjs';
import { installPeers } from './peers/install.mjs';
import { peers } from './peers/peers.mjs';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: Object.keys(peerCases).join() },
    peers: { type: 'string', default: Object.keys(peers).join() },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3' },
    timeout: { type: 'string', default: '240' },
    json: { type: 'string' },
  },
});

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const known = (what, names, all) => {
  for (const name of names) if (!(name in all)) throw new Error(`--${what} ${name}: there are ${Object.keys(all)}`);
  return names;
};
const cases = known('cases', values.cases.split(','), peerCases);
// ours first: the others are compared with its outputs
const whos = [...new Set(['chiaro', ...known('peers', values.peers.split(','), peers)])];
const python = process.env.CHIARO_BENCH_PYTHON ?? '/usr/bin/python3';
const withTorch = spawnSync(python, ['-c', 'import torch']).status === 0;

/** Runs one peer and case in a process of its own. */
function runPeer(who, name, outputFile, folder) {
  const { python: script } = peers[who];
  if (script && !withTorch) return { missing: true };
  const command = script
    ? [python, here(`peers/${script}`), name, outputFile, values.seconds]
    : [process.execPath, here('peers/run.mjs'), who, name, outputFile, values.seconds, folder];
  const { stdout, stderr, error, signal, status } = spawnSync(command[0], command.slice(1), {
    timeout: Number(values.timeout) * 1000,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (error?.code === 'ETIMEDOUT') return { error: `not done after ${values.timeout} s` };
  const line = stdout.split('\n').findLast((each) => each.startsWith('{'));
  if (!line) return { error: `died (${signal ?? status}): ${stderr.trim().split('\n').at(-1)?.slice(0, 200)}` };
  // a library may swallow what Dawn reports, but not keep it from printing it
  const reports = `${stdout}\n${stderr}`
    .split('\n')
    .filter((each) => /^(validation|out-of-memory|internal):/.test(each));
  return reports.length > 0 ? { error: `the device reported ${reports.length} errors` } : JSON.parse(line);
}

const readOutput = (file) => new Float32Array(new Uint8Array(readFileSync(file)).buffer);

/** The largest difference of two outputs, as a part of the largest element. */
function difference(output, ours) {
  let [apart, size] = [0, 0];
  ours.forEach((value, k) => {
    apart = Math.max(apart, Math.abs(output[k] - value));
    size = Math.max(size, Math.abs(value));
  });
  return Number((apart / size).toPrecision(2));
}

/** What is wrong with an output, if anything. */
function wrong(check) {
  try {
    check();
  } catch (reason) {
    return { error: `wrong output: ${reason.message}` };
  }
  return {};
}

const combined = (rounds) => {
  const [first] = rounds;
  const bad = rounds.find((each) => each.error);
  const identity = { adapter: first.adapter ?? '' };
  if (bad) return { ...identity, error: bad.error };
  const of = (name) => rounds.map((each) => each[name]);
  return {
    ...identity,
    ms_median: round(median(of('ms_median'))),
    ms_min: Math.min(...of('ms_min')),
    cpu_ms_median: round(median(of('cpu_ms_median'))),
    runs: of('runs').reduce((a, b) => a + b),
    ms_first: round(median(of('ms_first'))),
    kernels: first.kernels,
    ...(first.difference === undefined ? {} : { difference: Math.max(...of('difference')) }),
  };
};

const columns = ['ms_median', 'ms_min', 'cpu_ms_median', 'runs', 'ms_first', 'kernels', 'difference'];
const rows = [];
const scratch = mkdtempSync(join(tmpdir(), 'chiaro-peers-'));
try {
  const folder = installPeers();
  if (whos.includes('torch-cpu') && !withTorch) {
    console.log(
      `torch-cpu is skipped: ${python} has no torch (Debian: apt install python3-torch libopenblas0-pthread)`,
    );
  }
  for (const name of cases) {
    const { inputs, check, tolerance } = peerCases[name];
    const results = new Map(whos.map((who) => [who, []]));
    let ours;
    for (let i = 0; i < Number(values.rounds); i++) {
      for (const who of whos) {
        const file = join(scratch, who);
        let result = runPeer(who, name, file, folder);
        if (result.missing) continue;
        if (!result.error && who === 'chiaro') {
          ours = readOutput(file);
          result = { ...result, ...(i === 0 && wrong(() => check(ours, inputs()))) };
        } else if (!result.error && ours) {
          const output = readOutput(file);
          const verdict = wrong(() => expectElements(output, ours.length, tolerance, (k) => ours[k]));
          result = { ...result, ...verdict, difference: difference(output, ours) };
        }
        results.get(who).push(result);
        process.stderr.write('.');
      }
    }
    const own = [...results].filter(([, each]) => each.length > 0);
    const caseRows = own.map(([who, each]) => ({ suite: 'peers', case: name, who, ...combined(each) }));
    rows.push(...caseRows);
    if (values.json) writeRows(values.json, rows);
    console.log(`\n${name}`);
    console.log(
      table(
        ['who', ...columns, ''],
        caseRows.map((row) => [row.who, ...columns.map((c) => row[c]), row.error ?? '']),
      ),
    );
    if (caseRows.some((row) => row.who.startsWith('chiaro') && row.error)) process.exitCode = 1;
  }
  console.log(`\n${verdicts(rows, table)}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
