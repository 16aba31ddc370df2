// Memory of a running loop: what the process holds, and what the engine says it holds.
import { memory } from '@chiaro/tensor';

const mebibytes = (bytes) => Math.round(bytes / 2 ** 20);

/** Takes a point of the curve now and then. */
export class MemoryCurve {
  points = [];

  /** Notes resident size and the engine's report, in MiB, after `step` steps. */
  note(step) {
    const { liveBytes, pooledBytes, liveBuffers } = memory();
    this.points.push({
      step,
      resident: mebibytes(process.memoryUsage.rss()),
      live: mebibytes(liveBytes),
      pooled: mebibytes(pooledBytes),
      buffers: liveBuffers,
    });
  }

  /** The largest resident size, and how much larger the last half of the curve is than the second quarter. */
  get figures() {
    const of = (name, from, to) => {
      const { length } = this.points;
      return Math.max(...this.points.slice(Math.floor(from * length), Math.ceil(to * length)).map((p) => p[name]));
    };
    const growth = (name) => of(name, 0.5, 1) - of(name, 0.25, 0.5);
    return {
      resident_max: of('resident', 0, 1),
      resident_growth: growth('resident'),
      live_growth: growth('live'),
      buffer_growth: growth('buffers'),
    };
  }
}
