// Identity modes: principal components of random heads, and smooth fields for what the heads do not vary.
import { symmetricEigen } from '../../packages/faces/dist/model/symmetricEigen.js';
import { mirrored } from './headMesh.mjs';

const dot = (a, b) => {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
};

/** Fields that are combinations of `fields` with unit length, orthogonal, with the variance of each; largest first. */
function components(fields, most, symmetry) {
  const n = fields.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) gram[i * n + j] = dot(fields[i], fields[j]);
  const { values, vectors } = symmetricEigen(gram, n);
  const found = [];
  for (let k = 0; k < Math.min(most, n) && values[k] > 1e-9 * values[0]; k++) {
    const unit = new Float64Array(fields[0].length);
    fields.forEach((field, i) => {
      const w = vectors[k * n + i] / Math.sqrt(values[k]);
      for (let m = 0; m < unit.length; m++) unit[m] += w * field[m];
    });
    found.push({ unit, variance: values[k], symmetry });
  }
  return found;
}

/**
 * Principal components of heads and their mirror images. Split into the symmetric and the antisymmetric half of each
 * head the problem falls into two, so that every mode is exactly the one or the other and the mean is symmetric.
 * @returns mean, and modes {unit, variance, symmetry} with the total variance (mm^2, summed over coordinates).
 */
export function headComponents(heads, mirror, count) {
  const mean = new Float64Array(heads[0].length);
  for (const head of heads) for (let k = 0; k < mean.length; k++) mean[k] += head[k] / heads.length;
  const image = mirrored(mean, mirror);
  for (let k = 0; k < mean.length; k++) mean[k] = (mean[k] + image[k]) / 2;
  const halves = { symmetric: [], antisymmetric: [] };
  const scale = 1 / Math.sqrt(heads.length);
  let total = 0;
  for (const head of heads) {
    const centred = head.map((x, k) => (x - mean[k]) * scale);
    const other = mirrored(centred, mirror);
    halves.symmetric.push(centred.map((x, k) => (x + other[k]) / 2));
    halves.antisymmetric.push(centred.map((x, k) => (x - other[k]) / 2));
    total += dot(centred, centred);
  }
  const modes = Object.entries(halves).flatMap(([symmetry, fields]) => components(fields, count, symmetry));
  modes.sort((a, b) => b.variance - a.variance);
  return { mean, modes: modes.slice(0, count), total };
}

/**
 * Smooth symmetric modes orthogonal to given ones: the leading directions of a Gaussian process of displacements with
 * the kernel sum_i s_i^2 exp(-|x - y|^2 / (2 l_i^2)), mirror images moving alike (Luethi et al. 2018, Gaussian Process
 * Morphable Models), from its values at inducing vertices.
 * @param places per-vertex positions at which the kernel is taken; an eyeball has one for all, so that it moves whole.
 * @param scales [{length, deviation}] in mm; the deviation is that of each coordinate.
 */
export function smoothModes(places, mirror, scales, known, count, inducing) {
  const vertices = places.length / 3;
  const fields = [];
  for (const v of farthestVertices(places, mirror, inducing)) {
    const kernel = new Float64Array(vertices);
    for (let w = 0; w < vertices; w++) {
      const d2 =
        (places[3 * v] - places[3 * w]) ** 2 +
        (places[3 * v + 1] - places[3 * w + 1]) ** 2 +
        (places[3 * v + 2] - places[3 * w + 2]) ** 2;
      for (const { length, deviation } of scales) kernel[w] += deviation ** 2 * Math.exp(-d2 / (2 * length ** 2));
    }
    for (let c = 0; c < 3; c++) {
      const field = new Float64Array(3 * vertices);
      for (let w = 0; w < vertices; w++) field[3 * w + c] = kernel[w];
      const image = mirrored(field, mirror);
      for (let k = 0; k < field.length; k++) field[k] = (field[k] + image[k]) / 2;
      fields.push(field);
    }
  }
  // K(:, Z) K(Z, Z)^-1/2 has the process's covariance; its left singular vectors are the modes
  const whitened = whiten(fields, places, mirror, inducing);
  for (const field of whitened) {
    for (const { unit } of known) {
      const along = dot(field, unit);
      for (let k = 0; k < field.length; k++) field[k] -= along * unit[k];
    }
  }
  return components(whitened, count, 'symmetric');
}

/** Vertices of the subject's left half (and the middle) spread evenly: each is the farthest from those before it. */
function farthestVertices(places, mirror, count) {
  const candidates = [];
  for (let v = 0; v < mirror.length; v++) if (places[3 * v] > -1e-6) candidates.push(v);
  const distance = new Float64Array(candidates.length).fill(Infinity);
  const chosen = [candidates[0]];
  while (chosen.length < count) {
    const last = chosen.at(-1);
    let farthest = 0;
    candidates.forEach((v, k) => {
      const d = Math.hypot(...[0, 1, 2].map((c) => places[3 * v + c] - places[3 * last + c]));
      distance[k] = Math.min(distance[k], d);
      if (distance[k] > distance[farthest]) farthest = k;
    });
    chosen.push(candidates[farthest]);
  }
  return chosen;
}

function whiten(fields, places, mirror, inducing) {
  const points = farthestVertices(places, mirror, inducing);
  const n = fields.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) gram[i * n + j] = fields[i][3 * points[Math.floor(j / 3)] + (j % 3)];
  const { values, vectors } = symmetricEigen(gram, n);
  const result = [];
  for (let k = 0; k < n && values[k] > 1e-5 * values[0]; k++) {
    const field = new Float64Array(fields[0].length);
    for (let i = 0; i < n; i++) {
      const w = vectors[k * n + i] / Math.sqrt(values[k]);
      for (let m = 0; m < field.length; m++) field[m] += w * fields[i][m];
    }
    result.push(field);
  }
  return result;
}
