// Timing by Benchmark.js, which decides how often to repeat; every single call is recorded, with its CPU time.
import Benchmark from 'benchmark';

/** Runs an action once; gives its milliseconds on the wall and of CPU time (all threads). */
async function timed(action) {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await action();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall, cpu: (user + system) / 1000 };
}

/**
 * Calls an asynchronous step again and again.
 * @param {string} name
 * @param {() => Promise<unknown>} step
 * @param {{ seconds?: number, minimum?: number }} [options] how long, and how often at least.
 * @returns {Promise<{ first: number, wall: number[], cpu: number[] }>}
 */
export async function measure(name, step, { seconds = 3, minimum = 5 } = {}) {
  const { wall: first } = await timed(step);
  await step();
  const samples = { first, wall: [], cpu: [] };
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark(name, {
      async: true,
      defer: true,
      maxTime: seconds,
      minSamples: minimum,
      fn: async (deferred) => {
        try {
          const { wall, cpu } = await timed(step);
          samples.wall.push(wall);
          samples.cpu.push(cpu);
          deferred.resolve();
        } catch (reason) {
          reject(reason);
        }
      },
      onComplete: () => resolve(samples),
    });
    benchmark.run();
  });
}
