import { MultiBar } from 'cli-progress';
import type { Params, SingleBar } from 'cli-progress';
import { stageTitles } from '../fit/types.js';
import type { FitProgress } from '../fit/types.js';
import { duration, significant } from '../report/format.js';

/** A place to print to: a terminal or not. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Shows where a fit is. A stage that begins to count anew has another bar, or other lines: it has several parts. */
export interface ProgressDisplay {
  update(progress: FitProgress): void;
  /** Prints a line without disturbing the bars. */
  note(text: string): void;
  /** Ends the display; what is unfinished stays as it is. */
  stop(): void;
}

const titleWidth = Math.max(...Object.values(stageTitles).map((title) => title.length));
const barWidth = 28;

/** Whether a report begins a stage, or another part of one. */
const begins = (progress: FitProgress, last?: FitProgress): boolean =>
  progress.stage !== last?.stage || progress.step < last.step;

const isDone = ({ step, steps }: FitProgress): boolean => steps > 0 && step >= steps;

/** Numbers behind the title: share, steps, rate, time to go, loss; or the time it took. */
function figuresOf(progress: FitProgress, seconds: number): string {
  const { step, steps, rate, etaSeconds, loss, detail } = progress;
  const parts = [`${step}/${steps}`];
  if (isDone(progress)) parts.push(duration(seconds));
  else {
    if (rate > 0) parts.push(rate >= 0.95 ? `${significant(rate, 2)}/s` : `${significant(1 / rate, 2)} s each`);
    if (etaSeconds !== undefined) parts.push(`ETA ${duration(etaSeconds)}`);
  }
  if (loss !== undefined) parts.push(`loss ${significant(loss)}`);
  if (detail !== undefined) parts.push(detail);
  return parts.join('  ');
}

const percent = ({ step, steps }: FitProgress): string =>
  `${Math.floor(100 * Math.min(1, steps > 0 ? step / steps : 0))
    .toString()
    .padStart(3)} %`;

/** One line of a stage. */
const lineOf = (progress: FitProgress, bar: string, seconds: number): string =>
  `  ${stageTitles[progress.stage].padEnd(titleWidth)}  ${bar}${percent(progress)}  ${figuresOf(progress, seconds)}`;

interface Payload {
  readonly progress: FitProgress;
  readonly seconds: number;
}

/** A bar per stage, the last one moving. */
function barDisplay(stream: TextStream, now: () => number): ProgressDisplay {
  const bars = new MultiBar({
    stream,
    hideCursor: true,
    fps: 8,
    forceRedraw: true,
    gracefulExit: false, // Ctrl-C is ours
    linewrap: null,
    format: (_options, { value, total }: Params, { progress, seconds }: Payload) => {
      const full = Math.round(barWidth * Math.min(1, total > 0 ? value / total : 0));
      const line = lineOf(progress, `${'━'.repeat(full)}${'─'.repeat(barWidth - full)} `, seconds);
      return line.slice(0, (stream.columns ?? 100) - 1);
    },
  });
  let current: { readonly bar: SingleBar; readonly start: number } | undefined;
  let last: FitProgress | undefined;
  return {
    update(progress) {
      if (current === undefined || begins(progress, last)) {
        const bar = bars.create(progress.steps, progress.step, { progress, seconds: 0 } satisfies Payload);
        current = { bar, start: now() };
      }
      last = progress;
      current.bar.setTotal(progress.steps);
      current.bar.update(progress.step, { progress, seconds: (now() - current.start) / 1000 } satisfies Payload);
    },
    note(text) {
      if (bars.isActive) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    stop() {
      if (!bars.isActive) return;
      bars.update(); // prints the notes that still wait
      bars.stop();
    },
  };
}

/** Milliseconds between the lines of one stage. */
const lineInterval = 10_000;

/** Lines for logs: the begin and the end of every stage, and one every ten seconds between. */
function lineDisplay(stream: TextStream, now: () => number): ProgressDisplay {
  let last: FitProgress | undefined;
  let [start, written] = [0, 0];
  let ended = false;
  return {
    update(progress) {
      if (begins(progress, last)) {
        start = now();
        written = -Infinity;
        ended = false;
      }
      last = progress;
      const done = isDone(progress);
      if (ended || (!done && now() - written < lineInterval)) return;
      written = now();
      ended = done;
      stream.write(`${lineOf(progress, '', (now() - start) / 1000)}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => undefined,
  };
}

/**
 * Bars on a terminal, plain lines elsewhere.
 * @param now milliseconds on a monotonic clock.
 */
export const progressDisplay = (stream: TextStream, now: () => number = () => performance.now()): ProgressDisplay =>
  stream.isTTY ? barDisplay(stream, now) : lineDisplay(stream, now);
