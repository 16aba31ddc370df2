import { join } from 'node:path';
import { tensor } from '@chiaro/autograd';
import { openDataset } from '@chiaro/faces/node';
import { bytesToLinear, imageGrid, saveImage } from '@chiaro/render';
import type { Experiment } from './experiment.js';
import { geometryOf } from './model/faceRenderer.js';
import { groups, type Group } from './model/parameters.js';
import { roundFolder } from './training.js';

/** Square pictures, [S * S * 3] sRGB bytes each, in rows of so many columns: a PNG. */
export async function saveSheet(
  path: string,
  pictures: readonly Uint8Array[],
  { columns }: { readonly columns: number },
): Promise<void> {
  const side = Math.sqrt(pictures[0].length / 3);
  const tensors = pictures.map((picture) => tensor(bytesToLinear(picture), [side, side, 3]));
  await saveImage(path, imageGrid(tensors, { columns }));
}

/** Pictures of a kind in figure 3. */
const sheetCount = 40;

const split = (images: Uint8Array, count: number): Uint8Array[] => {
  const bytes = images.length / count;
  return Array.from({ length: count }, (_, k) => images.subarray(k * bytes, (k + 1) * bytes));
};

/** All theta [N * m], and the images of the first entry, of a corpus in a folder. */
async function readCorpus(folder: string): Promise<{ theta: Float32Array[]; images: Uint8Array[] }> {
  const dataset = await openDataset(folder);
  const theta: Float32Array[] = [];
  const images: Uint8Array[] = [];
  for (let k = 0; k < dataset.length; k++) {
    const sample = await dataset.sample(k);
    const [rows, m] = sample.theta.shape;
    for (let i = 0; i < rows; i++) theta.push((sample.theta.data as Float32Array).slice(i * m, (i + 1) * m));
    if (images.length < sheetCount) images.push(...split(sample.images.data as Uint8Array, rows));
  }
  return { theta, images: images.slice(0, sheetCount) };
}

const quantiles = 200;

/** Distance of two samples of numbers: the mean difference of their quantiles (Wasserstein's first). */
function sampleDistance(a: readonly number[], b: readonly number[]): number {
  const at = (sorted: readonly number[], q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  const [x, y] = [a, b].map((list) => [...list].sort((p, q) => p - q));
  let sum = 0;
  for (let k = 0; k < quantiles; k++) sum += Math.abs(at(x, (k + 0.5) / quantiles) - at(y, (k + 0.5) / quantiles));
  return sum / quantiles;
}

/** Distances between a corpus and the world's own parameters, per group: the mean over its dimensions. */
export type Distances = Readonly<Record<Group | 'colourOfLight', number>>;

/** Differences of red and blue of the light's nine coefficients. */
const colour = (theta: Float32Array, start: number, k: number): number =>
  theta[start + 3 * k] - theta[start + 3 * k + 2];

function distances({ renderer, test, pool }: Experiment, corpus: readonly Float32Array[]): Distances {
  const { starts, counts } = renderer.model.layout;
  const world = [...test, ...pool].map(({ theta }) => theta);
  const mean = (count: number, of: (theta: Float32Array, k: number) => number): number =>
    Array.from({ length: count }, (_, k) =>
      sampleDistance(
        corpus.map((theta) => of(theta, k)),
        world.map((theta) => of(theta, k)),
      ),
    ).reduce((a, b) => a + b, 0) / count;
  const own = Object.fromEntries(groups.map((g) => [g, mean(counts[g], (theta, k) => theta[starts[g] + k])]));
  return {
    ...(own as Record<Group, number>),
    colourOfLight: mean(9, (theta, k) => colour(theta, starts.illumination, k)),
  };
}

/**
 * Figure 3: the first corpus, the one of the last round and the world's photographs as sheets, and how far the
 * corpus of each round is from the world. @returns distances of the first corpus and of each round.
 */
export async function breedingFigures(experiment: Experiment, seed: number, folder: string): Promise<Distances[]> {
  const { preset } = experiment;
  const found: Distances[] = [];
  for (let round = 0; round <= preset.rounds; round++) {
    const place =
      round === 0
        ? join(experiment.folder, 'corpus')
        : join(roundFolder(experiment.folder, 'breeding', seed, round), 'corpus');
    const { theta, images } = await readCorpus(place);
    found.push(distances(experiment, theta));
    const name = round === 0 ? 'corpus-first' : 'corpus-bred';
    if (round === 0 || round === preset.rounds) await saveSheet(join(folder, `${name}.png`), images, { columns: 10 });
  }
  const world = experiment.pool.slice(0, sheetCount).map(({ image }) => image);
  await saveSheet(join(folder, 'corpus-world.png'), world, { columns: 10 });
  return found;
}

/** From blue over green and yellow to red, for numbers in [0, 1]. */
function heat(x: number): [number, number, number] {
  const bump = (centre: number): number => Math.round(255 * Math.min(1, Math.max(0, 1.5 - Math.abs(4 * x - centre))));
  return [bump(3), bump(2), bump(1)];
}

/** Millimetres at the end of the scale of heat maps. */
const heatRange = 6;

/**
 * Figure 9: photograph, reconstruction, and its distance to the truth at corresponding vertices in the head's frame, with the scale
 * (0 to `heatRange` mm, from below) at the right.
 */
export async function saveHeatMaps(
  path: string,
  { renderer, test }: Experiment,
  theta: Float32Array,
  count: number,
): Promise<void> {
  const { model, size } = renderer;
  const m = model.layout.size;
  const pictures: Uint8Array[] = [];
  for (let k = 0; k < Math.min(count, test.length); k++) {
    const own = theta.slice(k * m, (k + 1) * m);
    const geometry = geometryOf(model, own);
    const { positions, image } = test[k];
    const distance = Float32Array.from({ length: positions.length / 3 }, (_, v) =>
      Math.hypot(...[0, 1, 2].map((c) => geometry[3 * v + c] - positions[3 * v + c])),
    );
    const seen = await renderer.valuesOf(own, distance);
    const map = new Uint8Array(3 * size * size);
    seen.forEach((d, p) => Number.isNaN(d) || map.set(heat(Math.min(1, d / heatRange)), 3 * p));
    for (let y = 0; y < size; y++)
      for (let x = size - 4; x < size; x++) map.set(heat(1 - y / (size - 1)), 3 * (y * size + x));
    pictures.push(image, (await renderer.render(own)).images, map);
  }
  await saveSheet(path, pictures, { columns: 12 });
}
