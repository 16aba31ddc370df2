import { tensor } from '@chiaro/autograd';
import { shuffledOrder } from '@chiaro/nn';
import type { FaceBatch, MapPairBatch } from '../data/batch.js';
import type { Source, TrainingSources } from '../data/sources.js';

/** Numbers in [0, 1) of an entry's field. */
const noise = (entry: number, field: number, count: number): Float32Array =>
  Float32Array.from(shuffledOrder(count, 1000 * entry + field, 0), (x) => x / count);

/** Sources of noise with the shapes of the real ones. */
export function noiseSources(size: number): TrainingSources {
  const maps = (entries: readonly number[], field: number, channels: number, of = (x: number): number => x) => {
    const each = size * size * channels;
    const values = new Float32Array(entries.length * each);
    entries.forEach((entry, k) => values.set(noise(entry, field, each).map(of), k * each));
    return tensor(values, [entries.length, size, size, channels]);
  };
  const mask = (entries: readonly number[]) => maps(entries, 9, 1, (x) => Number(x > 0.3));
  const faces = (entries: readonly number[]): FaceBatch => ({
    ...{ image: maps(entries, 0, 3), mask: mask(entries), contours: maps(entries, 1, 1, Math.round) },
    ...{ albedo: maps(entries, 2, 3), normals: maps(entries, 3, 3, (x) => x / 2) },
    light: tensor(
      Float32Array.from({ length: 27 * entries.length }, (_, k) => (k % 5) / 5),
      [entries.length, 27],
    ),
    residual: maps(entries, 4, 3, (x) => x / 10),
  });
  const others = (entries: readonly number[]): number[] => entries.map((entry) => entry + 100);
  const pairs: Source<MapPairBatch> = {
    length: 9,
    batch: (entries) => ({
      ...{ mapI: maps(entries, 5, 3), contoursI: maps(entries, 1, 1, Math.round), maskI: mask(entries) },
      ...{ mapJ: maps(entries, 6, 3), contoursJ: maps(entries, 7, 1, Math.round), maskJ: mask(others(entries)) },
    }),
  };
  return {
    faces: { length: 14, local: 9, batch: faces },
    expressionPairs: { length: 5, batch: (entries) => ({ i: faces(entries), j: faces(others(entries)) }) },
    videoPairs: { length: 7, batch: (entries) => ({ i: faces(entries), j: faces(others(entries)) }) },
    alignment: { albedo: pairs, normals: pairs },
  };
}
