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

  /**
   * The largest resident size, and what came on top in the second half of the curve, compared with the quarter before:
   * of the resident size at its highest, of live memory at its lowest (after a garbage collection).
   */
  get figures() {
    const part = (name, from, to) => {
      const { length } = this.points;
      return this.points.slice(Math.floor(from * length), Math.ceil(to * length)).map((point) => point[name]);
    };
    const growth = (name, pick) => pick(...part(name, 0.5, 1)) - pick(...part(name, 0.25, 0.5));
    return {
      resident_max: Math.max(...part('resident', 0, 1)),
      resident_growth: growth('resident', Math.max),
      live_growth: growth('live', Math.min),
      buffer_growth: growth('buffers', Math.min),
    };
  }
}
