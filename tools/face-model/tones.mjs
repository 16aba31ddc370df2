// Tones: synthetic modes of the albedo that the twenty skins do not have. Each is a scalar map over the texture, symmetric,
// with a rule of colour: what it adds to the mean is map * (mean * factor + colour).
import { symmetricEigen } from '../../packages/faces/dist/model/symmetricEigen.js';

const smoothstep = (low, high, x) => {
  const t = Math.max(0, Math.min(1, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
};

/** Extinction of pigments as in `pigmentTint`: red, green, blue. */
const melanin = [0.697, 1, 1.794];
const haemoglobin = [0.09, 1, 0.91];
const darker = (pigment, depth) => ({ factor: pigment.map((e) => -e * depth), colour: [0, 0, 0] });
/** Linear RGB. */
export const hairColours = { brows: [0.035, 0.024, 0.018], beard: [0.06, 0.05, 0.045] };
/** Towards the colour of hair by a share. */
const hairy = (share, colour = hairColours.brows) => ({
  factor: [-share, -share, -share],
  colour: colour.map((x) => x * share),
});

/** Distance of a point from a polyline. */
function distanceTo(p, line) {
  let best = Infinity;
  for (let k = 0; k + 1 < line.length; k++) {
    const [a, b] = [line[k], line[k + 1]];
    const d = b.map((x, c) => x - a[c]);
    const along = d.reduce((sum, x, c) => sum + x * (p[c] - a[c]), 0) / d.reduce((sum, x) => sum + x * x, 0);
    const s = Math.max(0, Math.min(1, along));
    best = Math.min(best, Math.hypot(...p.map((x, c) => x - a[c] - s * d[c])));
  }
  return best;
}

/**
 * Tones of regions: brows, lids, lips, beard, nose, folds; drawn about the landmarks of the mean face.
 * @param landmarks 68 places on the mean face, mm. Maps are functions of a place on the subject's left half (x > 0).
 */
function regions(landmarks) {
  const at = (k) => landmarks[k];
  const between = (a, b, t) => a.map((x, c) => x + t * (b[c] - x));
  const shifted = ([x, y, z], dx, dy, dz = 0) => [x + dx, y + dy, z + dz];
  const brow = [22, 23, 24, 25, 26].map(at);
  const lids = { upper: [42, 43, 44, 45].map(at), lower: [45, 46, 47, 42].map(at) };
  const lipLine = [51, 52, 53, 54, 55, 56, 57].map(at);
  const [corner, wing, tip, chin] = [at(54), at(35), at(30), at(8)];
  const mouth = at(62);
  const line = (points, width) => (p) => Math.exp(-((distanceTo(p, points) / width) ** 2));
  const spot = (centre, rx, ry) => (p) =>
    Math.exp(-(((p[0] - centre[0]) / rx) ** 2) - ((p[1] - centre[1]) / ry) ** 2) * smoothstep(0, 30, p[2]);
  const ofBrow = (dy, width, part) => {
    const moved = brow.map((q) => shifted(q, 0, dy));
    return (p) => line(moved, width)(p) * part(smoothstep(brow[0][0] - 2, brow[4][0] + 2, p[0]));
  };
  const whole = () => 1;
  const eye = between(at(42), at(45), 0.5);
  const lipHeight = (p) => Math.hypot(p[0] / (corner[0] + 1), (p[1] - mouth[1]) / 11);
  const onLips = (p) => smoothstep(1.08, 0.92, lipHeight(p)) * smoothstep(60, 80, p[2]);
  const upper = (p) => smoothstep(mouth[1] - 1.5, mouth[1] + 0.5, p[1] + 0.06 * (p[0] - 4));
  const offLips = (p) => smoothstep(0.95, 1.2, lipHeight(p));
  const moustache = (p) =>
    offLips(p) *
    smoothstep(wing[1] - 2, wing[1] - 6, p[1]) *
    smoothstep(mouth[1] - 6, mouth[1], p[1]) *
    smoothstep(34, 24, p[0]);
  const goatee = (p) =>
    offLips(p) *
    smoothstep(mouth[1] - 2, mouth[1] - 12, p[1]) *
    smoothstep(chin[1] - 26, chin[1] - 8, p[1]) *
    smoothstep(36, 20, p[0]);
  const sides = (p) =>
    smoothstep(mouth[1] + 30, mouth[1] - 5, p[1] - 0.5 * (p[0] - 45)) *
    smoothstep(28, 46, p[0]) *
    smoothstep(0, 20, p[2]) *
    smoothstep(chin[1] - 30, chin[1] - 14, p[1]);
  const fold = [shifted(wing, 6, 4, -6), shifted(between(wing, corner, 0.5), 12, 2, -4), shifted(corner, 7, 2, -4)];
  return [
    { name: 'brows, inner half', map: ofBrow(-1, 4, (t) => 1 - t), rule: hairy(0.35) },
    { name: 'brows, outer half', map: ofBrow(-1, 4, (t) => t), rule: hairy(0.35) },
    { name: 'brows, upper edge', map: ofBrow(4, 3, whole), rule: hairy(0.3) },
    { name: 'brows, lower edge', map: ofBrow(-6, 3, whole), rule: hairy(0.3) },
    {
      name: 'upper lid and lashes',
      map: line(
        lids.upper.map((q) => shifted(q, 0, 0.5)),
        2.2,
      ),
      rule: hairy(0.35),
    },
    { name: 'lower lid and lashes', map: line(lids.lower, 2.2), rule: hairy(0.25) },
    {
      name: 'upper lid, fold',
      map: line(
        lids.upper.map((q) => shifted(q, 0, 5)),
        3.5,
      ),
      rule: darker(melanin, 0.25),
    },
    { name: 'eye socket, inner corner', map: spot(shifted(at(42), -3, 3), 6, 9), rule: darker(melanin, 0.25) },
    {
      name: 'below the eyes',
      map: line(
        lids.lower.map((q) => shifted(q, 0, -7)),
        4.5,
      ),
      rule: darker(melanin, 0.2),
    },
    {
      name: 'bags below the eyes',
      map: line(
        lids.lower.map((q) => shifted(q, 0, -13)),
        3,
      ),
      rule: darker(melanin, 0.15),
    },
    { name: 'outer corner of the eyes', map: spot(shifted(at(45), 9, 0), 7, 7), rule: darker(melanin, 0.15) },
    { name: 'upper lip', map: (p) => onLips(p) * upper(p), rule: darker(haemoglobin, 0.3) },
    { name: 'lower lip', map: (p) => onLips(p) * (1 - upper(p)), rule: darker(haemoglobin, 0.3) },
    { name: 'lips, darkness', map: onLips, rule: darker([1, 1, 1], 0.25) },
    { name: 'edge of the lips', map: line(lipLine, 2.2), rule: darker(melanin, 0.15) },
    { name: 'corners of the mouth', map: spot(shifted(corner, 2, 0), 5, 5), rule: darker(melanin, 0.25) },
    {
      name: 'below the lower lip',
      map: line(
        [57, 56, 55].map((k) => shifted(at(k), 0, -6)),
        4.5,
      ),
      rule: darker(melanin, 0.2),
    },
    {
      name: 'groove of the upper lip',
      map: line([shifted(at(33), 0, -4), shifted(at(51), 0, 2)], 2.5),
      rule: darker(melanin, 0.12),
    },
    { name: 'moustache', map: moustache, rule: hairy(0.3, hairColours.beard) },
    { name: 'beard of the chin', map: goatee, rule: hairy(0.3, hairColours.beard) },
    { name: 'beard of the cheeks', map: sides, rule: hairy(0.3, hairColours.beard) },
    { name: 'fold from nose to mouth', map: line(fold, 3), rule: darker(melanin, 0.2) },
    {
      name: 'cheek beside the fold',
      map: line(
        fold.map((q) => shifted(q, 8, 3, -4)),
        5,
      ),
      rule: darker(melanin, 0.12),
    },
    {
      name: 'wings of the nose',
      map: line([shifted(wing, 3, 7, -8), shifted(wing, 4, 1, -4)], 3),
      rule: darker(melanin, 0.25),
    },
    {
      name: 'nostrils',
      map: line(
        [33, 34, 35].map((k) => shifted(at(k), 0, 1)),
        2.5,
      ),
      rule: darker(melanin, 0.3),
    },
    { name: 'tip of the nose', map: spot(tip, 7, 7), rule: darker(haemoglobin, 0.2) },
    { name: 'ridge of the nose', map: line([27, 28, 29, 30].map(at), 3.5), rule: darker(melanin, 0.12) },
    {
      name: 'sides of the nose',
      map: line([shifted(at(27), 9, -3, -6), shifted(at(29), 12, 0, -8)], 4),
      rule: darker(melanin, 0.15),
    },
    { name: 'cheeks', map: spot([eye[0] + 6, wing[1] + 4, 0], 18, 14), rule: darker(haemoglobin, 0.2) },
    {
      name: 'between the brows',
      map: line([shifted(brow[0], -4, -4), shifted(brow[0], -5, 10)], 3),
      rule: darker(melanin, 0.15),
    },
    ...[12, 22, 32].map((dy) => ({
      name: `line of the forehead, ${dy} mm above the brows`,
      map: line([[0, brow[1][1] + dy - 2, brow[1][2]], ...brow.slice(1, 4).map((q) => shifted(q, 0, dy - 2))], 3),
      rule: darker(melanin, 0.12),
    })),
  ];
}

/** Amplitudes of the smooth tones: kernels of a Gaussian process over the head, length in mm, standard deviation of depth. */
const kernels = [
  { length: 22, deviation: 0.07 },
  { length: 11, deviation: 0.06 },
  { length: 6, deviation: 0.06 },
];
const inducing = 420;

/**
 * Leading symmetric modes of a Gaussian process of pigment depth over the face, by the inducing places nearest to evenly
 * spread: fields over the texels of a coarse map.
 * @param places [N] places on the subject's half face, x >= 0, mm. @param weights [N] face mask.
 */
function smoothFields(places, weights, count) {
  const kernel = (p, q) => {
    const d2 = (dx) => dx ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2;
    const [near, far] = [d2(p[0] - q[0]), d2(p[0] + q[0])];
    return kernels.reduce(
      (sum, { length, deviation }) =>
        sum + (deviation ** 2 * (Math.exp(-near / (2 * length ** 2)) + Math.exp(-far / (2 * length ** 2)))) / 2,
      0,
    );
  };
  const inside = [...places.keys()].filter((k) => weights[k] > 0);
  const chosen = [inside[0]];
  const distance = new Float64Array(places.length).fill(Infinity);
  while (chosen.length < Math.min(inducing, inside.length)) {
    const last = places[chosen.at(-1)];
    let farthest = inside[0];
    for (const k of inside) {
      distance[k] = Math.min(distance[k], Math.hypot(...places[k].map((x, c) => x - last[c])));
      if (distance[k] > distance[farthest]) farthest = k;
    }
    chosen.push(farthest);
  }
  // Nystroem: eigenvectors of the kernel between evenly spread places, continued to all
  const n = chosen.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) gram[i * n + j] = kernel(places[chosen[i]], places[chosen[j]]);
  const { values, vectors } = symmetricEigen(gram, n);
  return Array.from({ length: count }, (_, m) =>
    Float32Array.from(places, (p, k) => {
      if (weights[k] === 0) return 0;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += kernel(p, places[chosen[i]]) * vectors[m * n + i];
      return (weights[k] * sum) / Math.sqrt(values[m]);
    }),
  );
}

/**
 * All tones: {name, size: [rows, columns of the whole map], map: [rows * columns / 2] of the left half of the texture, factor,
 * colour}, those of regions first. Maps are in [-1, 1] or so.
 * @param hair {brows, beard}: maps [size * size] of the painted hair. @param survey {at(texel of size * size) -> place, covered,
 * island}. @param counts {melanin, haemoglobin} smooth tones.
 */
export function buildTones(survey, size, hair, landmarks, counts) {
  const faceOf = (t) => {
    if (survey.island[t] !== 'head') return 0;
    const [, y, z] = survey.at(t);
    return (
      smoothstep(-5, 15, z) *
      smoothstep(landmarks[8][1] - 34, landmarks[8][1] - 16, y) *
      smoothstep(landmarks[24][1] + 62, landmarks[24][1] + 46, y)
    );
  };
  const half = (rows, value) => {
    const map = new Float32Array((rows * rows) / 2);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < rows / 2; column++) map[(row * rows) / 2 + column] = value(row, column);
    }
    return map;
  };
  const leftPlace = (t) => {
    const [x, y, z] = survey.at(t);
    return [Math.abs(x), y, z];
  };
  const painted = [
    { name: 'brows', map: hair.brows, rule: hairy(0.6) },
    { name: 'beard', map: hair.beard, rule: hairy(0.11, hairColours.beard) },
  ].map(({ name, map, rule }) => ({
    ...{ name, rows: size, ...rule },
    map: half(size, (row, column) => map[row * size + column]),
  }));
  const drawn = regions(landmarks).map(({ name, map, rule }) => ({
    ...{ name, rows: size / 2, ...rule },
    // the mean over the four texels below
    map: half(size / 2, (row, column) => {
      const below = [0, 1, size, size + 1].map((step) => 2 * row * size + 2 * column + step);
      return below.reduce((sum, t) => sum + (survey.island[t] === 'head' ? map(leftPlace(t)) / 4 : 0), 0);
    }),
  }));
  const rows = size / 4;
  const texels = Array.from({ length: (rows * rows) / 2 }, (_, k) => {
    const [row, column] = [Math.floor(k / (rows / 2)), k % (rows / 2)];
    return (4 * row + 2) * size + 4 * column + 2;
  });
  const weights = texels.map(faceOf);
  const fields = smoothFields(texels.map(leftPlace), weights, counts.melanin);
  const smooth = (pigment, count, strength, name) =>
    fields.slice(0, count).map((map, k) => ({ name: `${name} ${k}`, rows, map, ...darker(pigment, strength) }));
  return [
    ...painted,
    ...drawn,
    ...smooth(melanin, counts.melanin, 1, 'smooth melanin'),
    ...smooth(haemoglobin, counts.haemoglobin, 1, 'smooth haemoglobin'),
  ];
}
