import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./program.mjs', import.meta.url));

/** Runs program.mjs (on the compiled packages) at a level of CHIARO_DEBUG. */
async function runAt(level: string): Promise<{ stdout: string; stderr: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, CHIARO_DEBUG: level };
  return promisify(execFile)(process.execPath, [program], { env });
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

describe('CHIARO_DEBUG', () => {
  let runs: Awaited<ReturnType<typeof runAt>>[] = [];
  beforeAll(async () => {
    runs = await Promise.all(['', '1', '2', '3'].map(runAt));
  });

  test('standard output is the program’s own at every level', () => {
    for (const { stdout } of runs) expect(stdout).toMatch(/^2048\n7 10 15 22\nkernel "broken" does not compile/);
  });

  test('0: silence, and errors say how to learn more', () => {
    const { stdout, stderr } = runs[0]!;
    expect(stderr).not.toMatch(/kernel|schedule|@compute/);
    expect(stdout).toContain('CHIARO_DEBUG=1 names the lines that made it');
  });

  test('1: a table of kernels after each await, with the operations fused into each and their lines', () => {
    const { stdout, stderr } = runs[1]!;
    expect(count(stderr, /MiB bound {2}GB\/s {2}workgroups {2}kernel/g)).toBe(2);
    // softmax: one kernel for the maximum, the sum and the quotient, all at their lines
    expect(stderr).toMatch(/\d\.\d{3} .* max sub exp sum div {2}<- .*program\.mjs:5, .*program\.mjs:6\n/);
    expect(stderr).toMatch(/matmul 2 x 2 x 2 direct \+ relu {2}<- .*program\.mjs:10\n/);
    expect(stdout).toMatch(/made at .*program\.mjs:20\): .*no matching overload for 'operator \+ \(f32, bool\)'/s);
    expect(stderr).not.toMatch(/@compute|schedule of/);
  });

  test('2: also the WGSL of each kernel, once', () => {
    const { stderr } = runs[2]!;
    const titles = [...stderr.matchAll(/WGSL of "(.*)"/g)].map(([, title]) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(titles.length).toBe(count(stderr, /@compute/g));
    expect(stderr).not.toContain('schedule of');
  });

  test('3: also the schedule, with the reason of every split', () => {
    const { stderr } = runs[3]!;
    expect(count(stderr, /schedule of/g)).toBe(3);
    expect(count(stderr, / why: /g)).toBe(count(stderr, /^ +\d+\. /gm));
    expect(stderr).toMatch(
      /folding \[32\]\n +reads .*\n +writes .*\n +why: a reduction; it does not fit into "normal"/,
    );
  });
});
