import { batchOf, score, type Measure as SharedMeasure } from '@chiaro/example-rich-reflectance';
import { summarize, vertexError, type AttributeFace, type ErrorSummary } from '@chiaro/faces';
import { halfOf, type Experiment } from '../experiment.js';
import { reconstruct, type Networks } from '../networks/reconstruct.js';
import { lipBand, silhouetteBand, skinOf } from './bands.js';

/** What the U-nets add where furrows are geometry, and where they are paint. */
type Energy = `${'normal' | 'diffuse'}${'Geometry' | 'Paint'}`;

/** Names of all measures. */
export type Measure = SharedMeasure | 'band' | Energy | 'normalShared';

/**
 * Errors on the test's photographs, mean and deviation over them: those of rich reflectance's `score`, and
 * - band: vertex error as `vertices`, but of the vertices at silhouettes and round the lips, mm;
 * - of rows with U-nets, the energy of what they add where furrows are geometry and where they are paint: mean square over
 *   the face's texels of the leaning of normals (`normalGeometry`, `normalPaint`) and of the albedo's increment (`diffuse...`),
 *   times 1000; and `normalShared`, that of the normals' mean over all photographs: what is said of everybody alike.
 */
export type Scores = Readonly<Partial<Record<Measure, ErrorSummary>>>;

/** Errors of faces, one for each of the test's photographs. */
export async function scoreFaces(experiment: Experiment, faces: readonly AttributeFace[]): Promise<Scores> {
  const { model, test } = experiment;
  const shared = await score(experiment, (n) => faces[n]);
  const [skin, lips] = [skinOf(model), lipBand(model)];
  const band: number[] = [];
  for (const [n, truth] of test.entries()) {
    const { identity, blendshapes } = faces[n].attributes;
    const positions = await model.geometry({ identity, blendshapes }).data();
    const { distances } = vertexError(positions, truth.positions, { align: 'rigid', vertices: skin });
    const edges = await silhouetteBand(model, truth);
    const within = Array.from(distances).filter((_, k) => lips.has(skin[k]) || edges.has(skin[k]));
    band.push(summarize(within).mean);
  }
  return { ...shared, band: summarize(band) };
}

/** Errors of a row's networks. */
export async function scoreNetworks(experiment: Experiment, networks: Networks): Promise<Scores> {
  const { test, preset } = experiment;
  const { faces, details } = reconstruct(experiment, networks, batchOf(test, preset.size));
  const scores = await scoreFaces(experiment, faces);
  if (!details) return scores;
  const inFace = networks.of.atlas.face;
  const leaning = details.normal.narrow(3, 0, 2);
  const energies = await Promise.all(
    [leaning, details.diffuse, leaning.mean(0, true)].map((increments) =>
      increments.square().sum(3, true).mul(inFace).sum([1, 2, 3]).div(inFace.sum()).mul(1000).data(),
    ),
  );
  const [normal, diffuse] = energies
    .slice(0, 2)
    .map(
      (energy) => (half: 'geometry' | 'paint') => summarize(Array.from(energy).filter((_, n) => halfOf(n) === half)),
    );
  return {
    ...scores,
    ...{ normalGeometry: normal('geometry'), normalPaint: normal('paint') },
    ...{ diffuseGeometry: diffuse('geometry'), diffusePaint: diffuse('paint') },
    normalShared: summarize(Array.from(energies[2])),
  };
}
