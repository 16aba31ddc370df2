import { ChiaroError, Tensor } from '../engine.js';

/** What a step gives: the loss, alone or with other numbers to be shown. All are tensors of one element. */
export type StepResult = Tensor | { readonly loss: Tensor; readonly [metric: string]: Tensor };

/** A training step: gradients, optimisers and all. Synchronous; it may be recorded by `compile`. */
export type StepFunction<Batch> = (batch: Batch) => StepResult;

/** A step's results by name, `loss` first. */
export function partsOf(result: StepResult): { readonly loss: Tensor } & Readonly<Record<string, Tensor>> {
  const parts = result instanceof Tensor ? { loss: result } : result;
  const given: Readonly<Record<string, unknown>> = { ...parts, loss: parts.loss };
  const wrong = Object.entries(given).find(([, t]) => !(t instanceof Tensor && t.size === 1));
  if (!wrong) return { ...parts };
  throw new ChiaroError(
    `Trainer: step must return its loss, or { loss, ... }, as tensors of one element; got ${wrong[0]}: ${String(wrong[1])}`,
  );
}

/** The numbers of one step. */
export type Values = Readonly<Record<string, number>>;

/** Reads numbers of steps without stopping the loop: they arrive in order, at most `ahead` steps late. */
export class InFlight<Info> {
  #waiting: { readonly info: Info; readonly values: Promise<Values> }[] = [];

  constructor(
    private readonly ahead: number,
    private readonly arrived: (info: Info, values: Values) => void | Promise<void>,
  ) {}

  /** Takes the results of a step; waits only for those of the step `ahead` before it. */
  async push(info: Info, parts: Readonly<Record<string, Tensor>>): Promise<void> {
    const read = Object.entries(parts).map(async ([name, t]) => [name, await t.item()] as const);
    const values = Promise.all(read).then((entries): Values => Object.fromEntries(entries));
    values.catch(() => undefined); // it is thrown when its turn comes
    this.#waiting.push({ info, values });
    await this.drain(this.ahead);
  }

  /** Waits until at most so many steps are under way. */
  async drain(most = 0): Promise<void> {
    while (this.#waiting.length > most) {
      const { info, values } = this.#waiting.shift()!;
      await this.arrived(info, await values);
    }
  }
}
