import {
  ChiaroError,
  compile,
  concat,
  detectAnomaly,
  isFinite,
  leavesOf,
  Parameter,
  realize,
  Tensor,
} from '../engine.js';
import { Module } from '../layers/index.js';
import type { Place } from './checkpoint.js';
import type { TrainingState } from './state.js';
import { partsOf, type StepFunction } from './step.js';

/** A step of a training run made its loss, or something that it learns, NaN or infinite. */
export class NonFiniteError extends ChiaroError {
  override readonly name = 'NonFiniteError';

  constructor(
    /** The step that did it; the run's state is as it was before. */
    readonly place: Place,
    /** What was not finite, in the order in which it was computed: `batch`, `net/conv1 (Conv2d)`, `gradient of net/conv1.weight`, ... */
    readonly found: readonly string[],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** For each tensor whether all its elements are finite. */
async function areFinite(tensors: readonly Tensor[]): Promise<boolean[]> {
  if (tensors.length === 0) return [];
  const flags = concat(tensors.map((t) => isFinite(t.detach()).all().to('int32').reshape([1])));
  return Array.from(await flags.data(), (flag) => flag !== 0);
}

const isReal = (x: unknown): x is Tensor => x instanceof Tensor && (x.dtype === 'float32' || x.dtype === 'float16');

/** What a step needs that is run again to find out where it went wrong. */
export interface Suspect<Batch> {
  readonly state: TrainingState;
  /** The step, uncompiled if there is such a thing. */
  readonly step: StepFunction<Batch>;
  readonly run: (batch: Batch) => readonly Tensor[];
}

/**
 * Repeats steps until one makes something non-finite.
 * @param suspect.run a step as it was run, giving its loss.
 * @returns the error that says what; undefined if all steps go well.
 */
export async function findNonFinite<Batch>(
  { state, step, run }: Suspect<Batch>,
  batches: AsyncIterable<{ readonly place: Place; readonly batch: Batch }>,
): Promise<NonFiniteError | undefined> {
  const cells = [...state.cells].filter(([, cell]) => isReal(cell));
  const check = compile(() => concat(cells.map(([, cell]) => isFinite(cell.detach()).all().to('int32').reshape([1]))));
  try {
    for await (const { place, batch } of batches) {
      const before = state.hold();
      try {
        const results = run(batch);
        await realize(...results);
        const flags = [...(await check().data()), ...(await areFinite(results)).map(Number)];
        if (!flags.includes(0)) continue;
        const after = cells.filter((_, i) => flags[i] === 0).map(([name]) => name);
        before.restore();
        const seen = await trace(state, step, batch);
        before.restore();
        return errorOf(place, seen, after);
      } finally {
        before.release();
      }
    }
    return undefined;
  } finally {
    check.dispose();
  }
}

/** What a step computed that was not finite. */
interface Seen {
  readonly batch: boolean;
  readonly outputs: readonly string[];
  readonly gradients: readonly string[];
  /** What `detectAnomaly` said. */
  readonly cause: Error | undefined;
}

/** Runs a step with an eye on all modules and gradients. */
async function trace<Batch>(state: TrainingState, step: StepFunction<Batch>, batch: Batch): Promise<Seen> {
  const outputs: [string, Tensor][] = [];
  const gradients: [string, Tensor][] = [];
  const undo: (() => void)[] = [];
  for (const [root, module] of state.all(Module)) {
    const modules = [
      [root, module] as const,
      ...[...module.namedModules()].map(([n, m]) => [`${root}/${n}`, m] as const),
    ];
    for (const [name, each] of modules) {
      const hook = each.registerForwardHook((_module, _input, output) => {
        outputs.push([`${name} (${each.constructor.name})`, output]);
        return undefined;
      });
      undo.push(() => hook.remove());
    }
  }
  for (const [name, cell] of state.cells) {
    if (!(cell instanceof Parameter)) continue;
    const hook = cell.registerHook((gradient) => {
      gradients.push([`gradient of ${name}`, gradient]);
      return undefined;
    });
    undo.push(() => hook.remove());
  }
  let cause: Error | undefined;
  try {
    await detectAnomaly(() => partsOf(step(batch)).loss);
  } catch (error) {
    cause = error as Error;
  } finally {
    undo.forEach((each) => each());
  }
  const bad = async (list: readonly [string, Tensor][]): Promise<string[]> => {
    const fine = await areFinite(list.map(([, t]) => t));
    return list.filter((_, i) => !fine[i]).map(([name]) => name);
  };
  const inputs = leavesOf(batch).filter(isReal);
  return {
    batch: (await areFinite(inputs)).includes(false),
    outputs: await bad(outputs),
    gradients: await bad(gradients),
    cause,
  };
}

function errorOf(place: Place, { batch, outputs, gradients, cause }: Seen, after: readonly string[]): NonFiniteError {
  const found = [...(batch ? ['batch'] : []), ...outputs, ...gradients, ...after];
  const begins = batch
    ? 'The batch itself holds NaN or infinities.'
    : outputs.length > 0
      ? `The first layer whose output is not finite is ${outputs[0]}.`
      : gradients.length > 0
        ? `All layers' outputs are finite; the first gradient that is not is the ${gradients[0]}.`
        : after.length > 0
          ? `The first thing that is not finite after the step is ${after[0]}.`
          : 'All layers, gradients and parameters are finite: it is the loss itself.';
  const how = cause ? ` In detail: ${cause.message}.` : '';
  return new NonFiniteError(
    place,
    found,
    `step ${place.step + 1} (epoch ${place.epoch}, batch ${place.batch}) went NaN or infinite. ${begins}${how} ` +
      'The state is as before that step. A lower learning rate, warm-up or clipGradNorm may help.',
    { cause },
  );
}
