import type { TextStream } from './progress.js';

/** Seconds between two lines. */
const pause = 10;

/**
 * Tells a stream how far work of several kinds is, with its rate and the time that is left: a line every ten seconds, and one
 * where a kind ends.
 *
 * @param clock milliseconds.
 * @returns to be called with what is done, how much of it, and of how much.
 * @example const onProgress = progressLines(process.stderr); onProgress('rendered', 12, 300);
 */
export function progressLines(
  stream: TextStream,
  clock: () => number = () => performance.now(),
): (what: string, done: number, count: number) => void {
  let current: { what: string; begun: number; from: number; told: number } | undefined;
  return (what, done, count) => {
    const now = clock() / 1000;
    if (current?.what !== what) current = { what, begun: now, from: done, told: -Infinity };
    if (now - current.told < pause && done < count) return;
    current.told = now;
    const rate = (done - current.from) / (now - current.begun);
    const rest = rate > 0 ? `, ${rate.toFixed(1)} a second, ${Math.ceil((count - done) / rate)} s left` : '';
    stream.write(`${what}: ${done} of ${count}${rest}\n`);
  };
}
