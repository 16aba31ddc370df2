// Lines of progress with the time that is left, on the error stream: results go elsewhere.

const duration = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

/** @returns a function that says that one more of `count` pieces of work is done. */
export function progress(count) {
  const started = performance.now();
  let done = 0;
  return (text) => {
    done++;
    const left = ((performance.now() - started) / 1000 / done) * (count - done);
    process.stderr.write(`[${done}/${count}] ${text}${done < count ? `; about ${duration(left)} left` : ''}\n`);
  };
}
