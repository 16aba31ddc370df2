import { ChiaroError, compile } from '../engine.js';
import { ReduceOnPlateau } from '../optim/index.js';
import type { RunOptions, TrainerOptions, TrainingResult } from './options.js';
import { Run } from './run.js';
import { TrainingState } from './state.js';
import { partsOf } from './step.js';

/**
 * Trains: epochs over batches, validation, schedules, checkpoints, best weights, early stopping, a guard against NaN. A
 * run that was killed goes on from its last checkpoint and ends with the same weights, bit for bit, as one that was not.
 *
 * It prints nothing and knows no files; `trainInFolder` of `@chiaro/nn/node` adds both. The modules belong to the caller,
 * who finds them trained when `run` resolves.
 *
 * @example
 * const trainer = new Trainer({
 *   state: { net, adam, schedule },
 *   data: loader,
 *   epochs: 10,
 *   step: ({ images, labels }) => {
 *     const loss = crossEntropy(net.forward(images), labels);
 *     loss.backward();
 *     adam.step();
 *     adam.zeroGrad();
 *     return loss;
 *   },
 *   validate: async () => ({ accuracy: await accuracy(net, heldOut) }),
 *   watch: { metric: 'accuracy', better: 'higher', patience: 3 },
 * });
 * const { best, loadBest } = await trainer.run({ onProgress: ({ step, values }) => show(step, values.loss) });
 */
export class Trainer<Batch> {
  readonly #state: TrainingState;

  /** @throws ChiaroError for options out of their range or without what they need. */
  constructor(private readonly options: TrainerOptions<Batch>) {
    const { epochs, validate, watch, ahead = 4, checkpoint = {} } = options;
    this.#state = new TrainingState(options.state);
    if (!(Number.isInteger(epochs) && epochs >= 0)) {
      throw new ChiaroError(`Trainer: epochs must be a whole number of 0 or more, got ${epochs}`);
    }
    if (!(Number.isInteger(ahead) && ahead >= 0)) {
      throw new ChiaroError(`Trainer: ahead must be a whole number of 0 or more, got ${ahead}`);
    }
    const { everySteps = 1, everySeconds = 1 } = checkpoint;
    if (!(everySteps > 0 && everySeconds > 0)) {
      throw new ChiaroError(
        `Trainer: checkpoint.everySteps and everySeconds must be above 0, got ${everySteps} and ${everySeconds}`,
      );
    }
    if (watch && !validate) throw new ChiaroError('Trainer: watch needs validate, whose metrics it watches');
    const [plateau] = this.#state.all(ReduceOnPlateau);
    if (plateau && !watch) throw new ChiaroError(`Trainer: ${plateau[0]} is told what watch sees; give watch`);
  }

  /**
   * Trains until all epochs are done, or until nothing gets better.
   * @throws FormatError where the checkpoint cannot be resumed, which is left as it is; ChiaroError where it is one of
   * another run; NonFiniteError that says where NaN or an infinity came from; the signal's reason.
   */
  async run(options: RunOptions = {}): Promise<TrainingResult> {
    const { step, compile: compiles = true } = this.options;
    // what one step returns is checked while it is recorded
    const compiled = compiles ? compile((batch: Batch) => partsOf(step(batch))) : undefined;
    try {
      const run = new Run(this.options, this.#state, compiled ?? ((batch) => partsOf(step(batch))), options);
      return await run.toEnd();
    } finally {
      compiled?.dispose();
    }
  }
}
