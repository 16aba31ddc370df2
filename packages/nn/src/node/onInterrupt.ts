/** Milliseconds in which a second signal is taken for an echo: whoever ends a process often tells its group as well. */
const echo = 500;

/**
 * Listens for Ctrl-C and SIGTERM: the first signal calls `stop`, which lets the work end in order; a second one ends the
 * process at once with the exit code 130, unless it comes within half a second.
 * @returns ends the listening.
 *
 * @example
 * const control = new AbortController();
 * const release = onInterrupt(() => control.abort(new Error('interrupted')));
 * await work(control.signal).finally(release);
 */
export function onInterrupt(stop: () => void): () => void {
  let first: number | undefined;
  const interrupt = (): void => {
    if (first === undefined) {
      first = performance.now();
      stop();
    } else if (performance.now() - first >= echo) {
      process.exit(130);
    }
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, interrupt);
  return () => {
    for (const name of signals) process.off(name, interrupt);
  };
}
