import { Generator, tensor, type Tensor } from '@chiaro/autograd';
import { symmetricEigen, verticesOfTexture, type MorphableModel } from '@chiaro/faces';
import { layoutOf, type Layout, type ModeCounts } from './parameters.js';

/** Modes of a linear model: unit vectors times their standard deviations, and these. */
export interface Modes {
  /** [K * V * 3] b_i sigma_i */
  readonly vectors: Float32Array;
  /** [K] sigma_i: mm, or linear reflectance, over all vertices together. */
  readonly sigma: Float32Array;
}

/** The face model of eq. 2 and 3 on the vertices of a morphable model. */
export interface MultilinearModel {
  readonly base: MorphableModel;
  readonly layout: Layout;
  readonly shape: Modes;
  readonly expression: Modes;
  readonly reflectance: Modes & { /** [V * 3] a^[r] */ readonly mean: Float32Array };
}

/**
 * A face model in the paper's form. Shape modes are those of the morphable model, expression modes the orthonormal ones that it makes
 * of its blendshapes, as the paper does. Its reflectance is not linear (tones, pigments), so the modes are the principal
 * components at the vertices of faces that are drawn from it, the same ones every time.
 * @param options `scans`: how many; 200 as the paper has by default. Modes are at most as many, less one.
 */
export async function multilinearModel(
  base: MorphableModel,
  counts: ModeCounts,
  { scans = 200 }: { readonly scans?: number } = {},
): Promise<MultilinearModel> {
  const available = { shape: base.identityCount, expression: base.expressionCount, reflectance: scans - 1 };
  const used = {
    shape: Math.min(counts.shape, available.shape),
    expression: Math.min(counts.expression, available.expression),
    reflectance: Math.min(counts.reflectance, available.reflectance),
  };
  const size = 3 * base.vertexCount;
  const shapes = base.data.identity.slice(0, used.shape * size);
  const modesOf = (weights: Tensor): Promise<Float32Array> =>
    base.geometry({ expression: weights }).sub(base.mean).data() as Promise<Float32Array>;
  const expressions = await modesOf(identityMatrix(used.expression));
  const { mean, modes } = await principalComponents(await reflectances(base, scans), size, used.reflectance);
  return {
    base,
    layout: layoutOf(used),
    shape: { vectors: shapes, sigma: lengths(shapes, size) },
    expression: { vectors: expressions, sigma: lengths(expressions, size) },
    reflectance: { mean, vectors: modes, sigma: lengths(modes, size) },
  };
}

const identityMatrix = (n: number): Tensor =>
  tensor(
    Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    [n, n],
  );

/** [K] lengths of the rows of [K * size]. */
const lengths = (rows: Float32Array, size: number): Float32Array =>
  Float32Array.from({ length: rows.length / size }, (_, k) =>
    Math.sqrt(rows.subarray(k * size, (k + 1) * size).reduce((sum, x) => sum + x * x, 0)),
  );

/** [scans * V * 3] diffuse albedo of faces that the model draws. */
async function reflectances(model: MorphableModel, scans: number): Promise<Float32Array> {
  const generator = new Generator(2018);
  const result = new Float32Array(scans * 3 * model.vertexCount);
  for (let k = 0; k < scans; k++) {
    const { albedo, tint } = model.sample(generator);
    const { diffuse } = model.albedo({ tint, ...(model.albedoCount > 0 && { albedo }) });
    result.set(await verticesOfTexture(model, diffuse).data(), k * 3 * model.vertexCount);
  }
  return result;
}

/** Mean and first principal components, each times its standard deviation, of rows [N * size]. */
async function principalComponents(
  rows: Float32Array,
  size: number,
  count: number,
): Promise<{ mean: Float32Array; modes: Float32Array }> {
  const n = rows.length / size;
  const samples = tensor(rows, [n, size]);
  const mean = samples.mean(0);
  const centred = samples.sub(mean).div(Math.sqrt(n - 1));
  // the eigenvectors of the large matrix X^T X from those of the small one X X^T
  const { vectors } = symmetricEigen(await centred.matmul(centred.transpose()).data(), n);
  const weights = tensor(Float32Array.from(vectors.subarray(0, count * n)), [count, n]);
  const modes = weights.matmul(centred);
  return { mean: Float32Array.from(await mean.data()), modes: Float32Array.from(await modes.data()) };
}
