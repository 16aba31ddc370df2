// Where between the vertices a landmark network puts the 68 landmarks: landmarkPoints.json.
//
//   node scripts/run.mjs tools/face-model/placeLandmarks.mjs
//
// Takes the group photographs of npm's @vladmandic/face-api 1.7.15 (12 MB, MIT; none of them is used to evaluate fits),
// finds their faces, fits pose and shape to the landmarks, and moves every landmark of the model along the surface by the
// mean of what is left; again until it stands. Left and right move alike; the jaw's slide anyway and stay. Writes the points
// as weighted means of three vertices of the model, for the build.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor } from '../../packages/autograd/dist/index.js';
import * as faces from '../../packages/faces/dist/index.js';
import { landmarkPositions } from '../../packages/faces/dist/fit/pose/landmarkModel.js';
import { projectPoints } from '../../packages/faces/dist/fit/pose/solveLandmarks.js';

const rounds = 8;
const identityModes = 60;
/** Triangles up to this far from the marked vertex may hold the point, mm. */
const reach = 9;
/** Wider faces (pixels between the outer corners of the eyes) are two faces in one box in these pictures. */
const largest = 200;

/** The landmark on the other side of the face. */
const mirrored = (i) => {
  if (i < 17) return 16 - i;
  if (i < 27) return 43 - i;
  if (i < 31) return i;
  if (i < 36) return 66 - i;
  if (i < 48) return [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40][i - 36];
  if (i < 55) return 102 - i;
  if (i < 60) return 114 - i;
  return i < 65 ? 124 - i : 132 - i;
};

async function sampleFaces() {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-samples-'));
  const pack = ['pack', '@vladmandic/face-api@1.7.15', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' }));
  execFileSync('tar', ['xzf', join(folder, filename), '-C', folder]);
  const found = [];
  for (let k = 1; k <= 6; k++) {
    const { image, width, height } = await faces.loadPhoto(join(folder, `package/demo/sample${k}.jpg`));
    const pixels = tensor(image.data, [height, width, 3]);
    for (const face of await faces.detectFaces(pixels, { inputSize: 832 })) {
      const landmarks = Float64Array.from(await faces.detectLandmarks(pixels, face));
      const eyes = Math.hypot(landmarks[72] - landmarks[90], landmarks[73] - landmarks[91]);
      if (eyes < largest) found.push({ landmarks, eyes, centre: [width / 2, height / 2] });
    }
  }
  return found;
}

/** Mean of the middle half: some landmarks are simply wrong. */
function middleMean(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 4);
  const middle = sorted.slice(cut, sorted.length - cut);
  return middle.reduce((a, b) => a + b, 0) / middle.length;
}

/** Weights of the point of a triangle that is nearest to p (Ericson 2005, 5.1.5), by its seven cases. */
function nearestInTriangle(p, a, b, c) {
  const minus = (x, y) => x.map((e, k) => e - y[k]);
  const dot = (x, y) => x.reduce((s, e, k) => s + e * y[k], 0);
  const [ab, ac] = [minus(b, a), minus(c, a)];
  const [ap, bp, cp] = [minus(p, a), minus(p, b), minus(p, c)];
  const [d1, d2, d3, d4, d5, d6] = [dot(ab, ap), dot(ac, ap), dot(ab, bp), dot(ac, bp), dot(ab, cp), dot(ac, cp)];
  if (d1 <= 0 && d2 <= 0) return [1, 0, 0];
  if (d3 >= 0 && d4 <= d3) return [0, 1, 0];
  if (d6 >= 0 && d5 <= d6) return [0, 0, 1];
  const [vc, vb, va] = [d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4];
  if (vc <= 0 && d1 >= 0 && d3 <= 0) return [1 - d1 / (d1 - d3), d1 / (d1 - d3), 0];
  if (vb <= 0 && d2 >= 0 && d6 <= 0) return [1 - d2 / (d2 - d6), 0, d2 / (d2 - d6)];
  if (va <= 0 && d4 >= d3 && d5 >= d6) {
    const w = (d4 - d3) / (d4 - d3 + d5 - d6);
    return [0, 1 - w, w];
  }
  const sum = va + vb + vc;
  return [va / sum, vb / sum, vc / sum];
}

const model = (await faces.loadFaceModel()).data;
const place = (v) => [0, 1, 2].map((c) => model.positions[3 * v + c]);
const distance = (a, b) => Math.hypot(...a.map((x, k) => x - b[k]));

/** Triangles around a vertex that hang together with it. */
function around(vertex) {
  const centre = place(vertex);
  const inside = new Set([vertex]);
  const triangles = new Set();
  for (let grown = true; grown;) {
    grown = false;
    for (let f = 0; f < model.triangles.length; f += 3) {
      const corners = [...model.triangles.subarray(f, f + 3)];
      if (triangles.has(f) || !corners.some((v) => inside.has(v))) continue;
      triangles.add(f);
      grown = true;
      for (const v of corners) if (distance(place(v), centre) < reach) inside.add(v);
    }
  }
  return [...triangles].map((f) => [...model.triangles.subarray(f, f + 3)]);
}

/** The lips' edges lie close together, but the surface between them runs through the mouth: its inside is left out. */
const shown = (corners) => corners.every((v) => model.mask[v] > 0);

function onSurface(target, triangles) {
  let best = { distance: Infinity };
  for (const corners of triangles) {
    const weights = nearestInTriangle(target, ...corners.map(place));
    const point = [0, 1, 2].map((c) => corners.reduce((s, v, k) => s + weights[k] * place(v)[c], 0));
    const far = distance(point, target);
    if (far < best.distance) best = { distance: far, vertices: corners, weights, point };
  }
  return best;
}

const samples = await sampleFaces();
const near = Array.from(model.landmarks, (v, i) => (i < 17 ? [] : around(v).filter(shown)));
let current = Array.from(model.landmarks, (v) => ({ vertices: [v, v, v], weights: [1, 0, 0], point: place(v) }));
for (let round = 0; round < rounds; round++) {
  const landmarkPoints = {
    vertices: Uint32Array.from(current.flatMap(({ vertices }) => vertices)),
    weights: Float32Array.from(current.flatMap(({ weights }) => weights)),
  };
  const points = faces.modelPoints({ ...model, landmarkPoints }, identityModes);
  const left = Array.from({ length: 68 }, () => [[], []]);
  let rms = 0;
  for (const { landmarks, centre } of samples) {
    const fit = faces.solveLandmarks(points, landmarks, centre, faces.defaultConfig.pose);
    const positions = landmarkPositions(points, fit);
    const pixels = projectPoints(positions, fit.points, fit.pose, centre);
    const { rotation: r, translation: t, focal } = fit.pose;
    rms += fit.relativeRms / samples.length;
    for (let i = 17; i < 68; i++) {
      const [x, y, z] = positions.subarray(3 * fit.points[i], 3 * fit.points[i] + 3);
      const scale = -(r[6] * x + r[7] * y + r[8] * z + t[2]) / focal;
      const d = [(landmarks[2 * i] - pixels[2 * i]) * scale, (pixels[2 * i + 1] - landmarks[2 * i + 1]) * scale];
      for (const c of [0, 1]) left[i][c].push(r[c] * d[0] + r[3 + c] * d[1]);
    }
  }
  console.log(`round ${round}: ${(100 * rms).toFixed(2)} % of the inter-ocular distance over ${samples.length} faces`);
  const mean = left.map((axes) => axes.map((values) => (values.length > 0 ? middleMean(values) : 0)));
  current = current.map((now, i) => {
    if (i < 17) return now;
    const other = mean[mirrored(i)];
    const move = [(mean[i][0] - other[0]) / 2, (mean[i][1] + other[1]) / 2, 0];
    return onSurface(
      now.point.map((x, c) => x + move[c]),
      near[i],
    );
  });
}
const rows = current.map(({ vertices, weights }) => {
  const w = weights.map((x) => Number(x.toFixed(4)));
  return JSON.stringify({ vertices, weights: [Number((1 - w[1] - w[2]).toFixed(4)), w[1], w[2]] });
});
writeFileSync(new URL('./landmarkPoints.json', import.meta.url), `[\n  ${rows.join(',\n  ')}\n]\n`);
process.exit(0);
