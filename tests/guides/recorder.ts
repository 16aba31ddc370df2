import { formatWithOptions } from 'node:util';
import { agrees } from './page.js';

/** Where a page and its code disagree. */
export interface Disagreement {
  readonly line: number;
  readonly printed: string;
  readonly expected: string;
}

/** What the code of a page prints, checked as it runs. */
export class Recorder {
  readonly disagreements: Disagreement[] = [];
  checked = 0;
  #printed: string[] = [];

  readonly console = {
    log: (...values: unknown[]): void => {
      this.#printed.push(formatWithOptions({ breakLength: 100 }, ...values));
    },
  };

  /** Everything printed since the last call is what line `line` of the page speaks of. */
  expect(line: number, expected: string): void {
    const printed = this.#printed.join('\n');
    this.#printed = [];
    this.checked++;
    if (!agrees(printed, expected)) this.disagreements.push({ line, printed, expected });
  }
}

const recorders = new Map<string, Recorder>();

/** The recorder of a snippet. */
export function recorderOf(name: string): Recorder {
  let recorder = recorders.get(name);
  if (!recorder) recorders.set(name, (recorder = new Recorder()));
  return recorder;
}
