import { describe, expect, it } from 'vitest';
import { Adam } from '@chiaro/nn';
import { Parameter } from '../engine.js';
import { FitRun, type Phase } from './run.js';

/** A run with a clock that goes on only where a test says so. */
function fakeRun(budgetSeconds: number): { run: FitRun; spend: (seconds: number) => void; notes: readonly string[] } {
  let now = 100;
  const notes: string[] = [];
  const run = new FitRun({ budgetSeconds, seed: 1, onNote: (note) => notes.push(note) }, () => now);
  return { run, spend: (seconds) => (now += seconds), notes };
}

/** A phase; its step `k` (from 0) spends time. */
function phase(name: string, share: number, spend: (k: number) => void, steps = 1000): Phase {
  const parameter = new Parameter([1]);
  const adam = new Adam(parameter);
  const step = (_: number, k: number): Parameter => {
    spend(k);
    return parameter;
  };
  return { name, stage: 'model', detail: name, steps, share, adam, terms: ['loss'], step };
}

const stepsOf = (run: FitRun): number => run.stages.find(({ stage }) => stage === 'model')!.steps;

describe('FitRun', () => {
  it('makes good in a phase what was lost before it, and its stages have all seconds', async () => {
    const { run, spend, notes } = fakeRun(2);
    await run.stage('pose', 'slow work without steps', () => spend(1));
    await run.optimise(phase('first', 0.5, () => spend(0.01))); // of one second, what it asks for among 100 %
    expect(run.seconds).toBeCloseTo(1.5, 1);
    spend(0.1); // belongs to what comes next
    await run.optimise(phase('second', 0.25, () => spend(0.01)));
    expect(run.seconds).toBeCloseTo(1.8, 1);
    expect(notes).toHaveLength(2);
    expect(run.stages.map(({ stage }) => stage)).toEqual(['pose', 'model']);
    expect(run.stages.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(run.seconds, 9);
  });

  it('stops after any step where steps are slow', async () => {
    const { run, spend, notes } = fakeRun(20);
    await run.optimise(phase('slow', 0.5, () => spend(3), 30));
    expect(stepsOf(run)).toBe(3); // 9 of 10 seconds
    expect(notes).toEqual(['slow: 3 of 30 steps fit into the time; give more seconds for a better result']);
    const alone = fakeRun(20);
    await alone.run.optimise(phase('slower', 0.5, () => alone.spend(8), 30));
    expect(stepsOf(alone.run)).toBe(1); // a second step like half of the first would be late
  });

  it('does not take first steps that compile kernels, or a pause, for the lasting speed', async () => {
    const { run, spend, notes } = fakeRun(20);
    await run.optimise(phase('compiling', 0.5, (k) => spend(k < 2 ? 3 : 0.1), 30));
    expect([stepsOf(run), notes]).toEqual([30, []]);
    expect(run.seconds).toBeCloseTo(8.8);
    const paused = fakeRun(20);
    await paused.run.optimise(phase('paused', 0.5, (k) => paused.spend(k === 3 ? 6 : 0.1), 30));
    expect([stepsOf(paused.run), paused.notes]).toEqual([30, []]);
  });

  it('looks at the values as rarely as ever where time suffices', async () => {
    const { run, spend } = fakeRun(1000);
    await run.optimise(phase('quick', 0.5, (k) => spend(k === 0 ? 5 : 0.1), 12));
    expect(run.stages[0].curves[0].steps).toEqual([1, 5, 10, 12]);
  });

  it('leaves out a phase that would spend its time on beginning, and hands its share on', async () => {
    const { run, spend, notes } = fakeRun(100);
    const round = phase('round', 0.1, () => spend(1), 5);
    expect(run.affords(round, 4.9)).toBe(true);
    expect(run.affords(round, 5.1)).toBe(false);
    expect(run.isDone('round')).toBe(true);
    expect(notes).toEqual(['round: left out, the time does not suffice; give more seconds for a better result']);
    await run.optimise(phase('next', 0.45, () => spend(1)));
    expect(stepsOf(run)).toBe(50); // 45 of 90
  });

  it('gives the last phase all but what is reserved for the work after it', async () => {
    const { run, spend } = fakeRun(100);
    await run.optimise({ ...phase('last', 0.1, () => spend(1)), reserve: 30 });
    expect(stepsOf(run)).toBe(70);
  });
});
