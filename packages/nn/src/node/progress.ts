import { MultiBar, type Params, type SingleBar } from 'cli-progress';
import { duration, significant } from '../report/format.js';
import type { TrainingProgress } from '../train/index.js';

/** A place to print to: a terminal or not. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Shows where a run is. */
export interface ProgressDisplay {
  update(progress: TrainingProgress): void;
  /** Prints a line without disturbing a bar. */
  note(text: string): void;
  /** Ends the display. */
  stop(): void;
}

const barWidth = 24;

/** Milliseconds between lines where there is no terminal. */
const lineInterval = 10_000;

const epochOf = ({ epoch, epochs }: TrainingProgress): string =>
  `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`;

const valuesOf = ({ values }: TrainingProgress): string[] =>
  Object.entries(values).map(([name, value]) => `${name} ${significant(value)}`);

/** A line about a step: share of the epoch, rate, time to go, numbers. */
function lineOf(progress: TrainingProgress, bar = ''): string {
  const { phase, batch, batches, rate, etaSeconds } = progress;
  const percent = `${Math.floor((100 * batch) / batches)}`.padStart(3);
  const parts = [epochOf(progress), `${bar}${percent} %`, `${batch}/${batches}`];
  if (phase === 'validate') parts.push('validating');
  else {
    if (rate > 0) parts.push(rate >= 0.95 ? `${significant(rate, 2)}/s` : `${significant(1 / rate, 2)} s each`);
    if (etaSeconds !== undefined) parts.push(`ETA ${duration(etaSeconds)}`);
    parts.push(...valuesOf(progress));
  }
  return parts.join('  ');
}

/** A line about an epoch that is done. */
const epochLine = (progress: TrainingProgress): string =>
  [epochOf(progress), 'validated', ...valuesOf(progress), `after ${duration(progress.seconds)}`].join('  ');

function barDisplay(stream: TextStream): ProgressDisplay {
  const bars = new MultiBar({
    stream,
    hideCursor: true,
    fps: 8,
    forceRedraw: true,
    gracefulExit: false, // Ctrl-C is the caller's
    linewrap: null,
    format: (_options, { value, total }: Params, { progress }: { progress: TrainingProgress }) => {
      const full = Math.round((barWidth * value) / total);
      return lineOf(progress, `${'━'.repeat(full)}${'─'.repeat(barWidth - full)} `).slice(
        0,
        (stream.columns ?? 100) - 1,
      );
    },
  });
  let bar: SingleBar | undefined;
  return {
    update(progress) {
      if (progress.phase === 'epoch') bars.log(`${epochLine(progress)}\n`);
      else {
        bar ??= bars.create(progress.batches, progress.batch, { progress });
        bar.update(progress.batch, { progress });
      }
    },
    note(text) {
      if (bars.isActive) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    stop() {
      if (!bars.isActive) return;
      bars.update(); // prints the lines that still wait
      bars.stop();
    },
  };
}

function lineDisplay(stream: TextStream, now: () => number): ProgressDisplay {
  let written = -Infinity;
  return {
    update(progress) {
      if (progress.phase === 'epoch') stream.write(`${epochLine(progress)}\n`);
      else if (progress.phase === 'train' && now() - written >= lineInterval) {
        written = now();
        stream.write(`${lineOf(progress)}\n`);
      }
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => undefined,
  };
}

/**
 * A bar on a terminal, with a line for every epoch that is done; elsewhere a line per epoch and one every ten seconds.
 * @param now milliseconds on a monotonic clock.
 */
export const progressDisplay = (stream: TextStream, now: () => number = () => performance.now()): ProgressDisplay =>
  stream.isTTY ? barDisplay(stream) : lineDisplay(stream, now);
