import type { TextStream } from '@chiaro/nn/node';

/** Seconds between two lines. */
const pause = 10;

/** Tells a stream how far some work is, with its rate and the time that is left, every few seconds. */
export function progressLine(stream: TextStream): (what: string, done: number, count: number) => void {
  let current: { what: string; begun: number; from: number; told: number } | undefined;
  return (what, done, count) => {
    const now = performance.now() / 1000;
    if (current?.what !== what) current = { what, begun: now, from: done, told: -Infinity };
    if (now - current.told < pause && done < count) return;
    current.told = now;
    const rate = (done - current.from) / (now - current.begun);
    const rest = rate > 0 ? `, ${rate.toFixed(1)} a second, ${Math.ceil((count - done) / rate)} s left` : '';
    stream.write(`${what}: ${done} of ${count}${rest}\n`);
  };
}
