import { expect, it } from 'vitest';
import { Adam } from '@chiaro/nn';
import { Parameter } from '../engine.js';
import { FitRun, type Phase } from './run.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A phase of steps that take as long as one likes. */
function phase(name: string, share: number, ms: number): Phase {
  const parameter = new Parameter([1]);
  const adam = new Adam(parameter);
  const step = async (): Promise<Parameter> => {
    await wait(ms);
    return parameter;
  };
  return { name, stage: 'model', detail: name, steps: 1000, share, adam, cells: {}, terms: ['loss'], step };
}

it('time lost before a phase is made good in it, so that a fit ends when it should', async () => {
  const notes: string[] = [];
  const run = new FitRun({ budgetSeconds: 2, seed: 1, onNote: (note) => notes.push(note) });
  await run.stage('pose', 'slow work without steps', () => wait(1000));
  await run.optimise(phase('first', 0.5, 10)); // of one second, what it asks for among 100 %
  expect(run.seconds).toBeLessThan(2);
  await run.optimise(phase('second', 0.25, 10));
  expect(run.seconds).toBeLessThan(2.5);
  expect(notes).toHaveLength(2);
  expect(run.stages.map(({ stage, steps }) => [stage, steps > 5])).toEqual([
    ['pose', false],
    ['model', true],
  ]);
});
