// Albedo: the skins resampled to the face's layout, their principal components, painted brows, beard and eyes, and a
// synthetic specular map.
import { createRequire } from 'node:module';
import { symmetricEigen } from '../../packages/faces/dist/model/symmetricEigen.js';
import { bakeTexture, fillTexture } from '../../packages/faces/dist/model/uvBake.js';
import { buildTones, hairColours } from './tones.mjs';

const sharp = createRequire(new URL('../../packages/render/package.json', import.meta.url))('sharp');
const size = 256;
const texels = size * size;
const shape = { height: size, width: size, channels: 3 };

const linear = Float64Array.from({ length: 256 }, (_, k) =>
  k / 255 <= 0.04045 ? k / 255 / 12.92 : ((k / 255 + 0.055) / 1.055) ** 2.4,
);
const smoothstep = (low, high, x) => {
  const t = Math.max(0, Math.min(1, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
};
const luma = (values, t) => 0.2126 * values[3 * t] + 0.7152 * values[3 * t + 1] + 0.0722 * values[3 * t + 2];

/** Eyes and teeth have no place in the skins. */
const isPainted = (island) => /eye|teeth/.test(island ?? '');

/** What lies under each texel: place on the mean head (mm), unit normal's z, place in the skins, island. */
function surveyTexels(head) {
  const { layout, positions, triangles, uvTriangles } = head;
  const baked = bakeTexture({ uvs: layout.uvs, uvTriangles }, { ...shape, channels: 5 }, (corner, out) => {
    for (let k = 0; k < 3; k++) out[k] = positions[3 * triangles[corner] + k];
    for (let k = 0; k < 2; k++) out[3 + k] = layout.sourceUvs[2 * uvTriangles[corner] + k];
  });
  const island = Array.from(baked.triangle, (f) => (f === 0 ? undefined : layout.island[uvTriangles[3 * (f - 1)]]));
  return {
    covered: baked.triangle,
    island,
    at: (t) => baked.values.subarray(5 * t, 5 * t + 3),
    source: (t) => baked.values.subarray(5 * t + 3, 5 * t + 5),
  };
}

/** Decodes a PNG to bytes of RGB. */
async function decode(bytes) {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** One skin in the new layout: linear RGB, hair on the scalp replaced by what the skin around it continues to. */
function resample(image, survey, hair) {
  const values = new Float32Array(3 * texels);
  const known = new Float32Array(texels);
  for (let t = 0; t < texels; t++) {
    if (survey.covered[t] === 0 || isPainted(survey.island[t])) continue;
    const [u, v] = survey.source(t);
    const [x, y] = [u * image.width - 0.5, (1 - v) * image.height - 0.5];
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    for (let k = 0; k < 3; k++) {
      let sum = 0;
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ]) {
        const [column, row] = [
          Math.min(image.width - 1, Math.max(0, x0 + dx)),
          Math.min(image.height - 1, Math.max(0, y0 + dy)),
        ];
        const weight = (dx ? x - x0 : 1 - x + x0) * (dy ? y - y0 : 1 - y + y0);
        sum += weight * linear[image.data[3 * (row * image.width + column) + k]];
      }
      values[3 * t + k] = sum;
    }
    known[t] = hair[t] > 0 ? 0 : 1;
  }
  return fillTexture(mirrorMean(values), known, shape);
}

/** Half the sum of a texture and its mirror image: the painted asymmetry is no property of faces. */
function mirrorMean(values) {
  const result = values.slice();
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      for (let k = 0; k < 3; k++) {
        const [a, b] = [3 * (row * size + column) + k, 3 * (row * size + size - 1 - column) + k];
        result[a] = (values[a] + values[b]) / 2;
      }
    }
  }
  return result;
}

/** Where skulls bear hair: behind a plane through the hairline and the back of the ears, on the head island. */
function hairMap(survey) {
  return Float32Array.from({ length: texels }, (_, t) => {
    if (survey.island[t] !== 'head') return 0;
    const [, y, z] = survey.at(t);
    const behind = ((y - 62) * 95 - (z - 62) * 62) / Math.hypot(95, 62);
    return smoothstep(-2, 6, behind);
  });
}

/** Principal components of the skins: mean, and modes scaled by their standard deviation. */
function skinComponents(skins, count) {
  const n = skins.length;
  const mean = new Float32Array(3 * texels);
  for (const skin of skins) for (let k = 0; k < mean.length; k++) mean[k] += skin[k] / n;
  const centred = skins.map((skin) => skin.map((x, k) => (x - mean[k]) / Math.sqrt(n)));
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) for (let k = 0; k < mean.length; k++) gram[i * n + j] += centred[i][k] * centred[j][k];
  }
  const { values, vectors } = symmetricEigen(gram, n);
  const modes = Array.from({ length: count }, (_, m) => {
    const mode = new Float32Array(3 * texels);
    centred.forEach((skin, i) => skin.forEach((x, k) => (mode[k] += vectors[m * n + i] * x)));
    return mode;
  });
  return { mean, modes, variances: values };
}

/** Two painted hair maps in [0, 1]: eyebrows and the beard's shadow, from places on the mean face. */
function facialHair(survey, landmarks) {
  const brow = (side) => landmarks.slice(side === 'right' ? 17 : 22, side === 'right' ? 22 : 27);
  const brows = [brow('right'), brow('left')];
  const mouth = landmarks[62];
  const chin = landmarks[8];
  const noise = fineNoise(23);
  const brows01 = new Float32Array(texels);
  const beard01 = new Float32Array(texels);
  for (let t = 0; t < texels; t++) {
    if (survey.island[t] !== 'head') continue;
    const p = survey.at(t);
    for (const line of brows) {
      const { distance, along, above } = nearestOnLine(p, line);
      const inner = line === brows[0] ? along : 1 - along; // 0 at the tail, 1 at the nose
      const width = 3.2 + 2.2 * inner;
      const fade = smoothstep(0, 0.12, inner) * (1 - 0.35 * smoothstep(0.85, 1, inner));
      const profile = Math.exp(-((distance / width) ** 2) * (above ? 1 : 1.2));
      brows01[t] = Math.max(brows01[t], profile * fade * (0.8 + 0.4 * noise[t]));
    }
    const low =
      smoothstep(mouth[1] + 16, mouth[1] + 4, p[1] + 0.05 * Math.abs(p[0])) *
      smoothstep(chin[1] - 32, chin[1] - 12, p[1]);
    const sides = Math.max(
      smoothstep(mouth[1] + 40, mouth[1] + 5, p[1]) * smoothstep(38, 56, Math.abs(p[0])) * smoothstep(0, 18, p[2]),
      low * smoothstep(10, 30, p[2]),
    );
    const lips = Math.hypot(p[0] / 30, (p[1] - mouth[1]) / 9.5);
    beard01[t] = Math.min(1, sides) * smoothstep(1, 1.25, lips) * (0.85 + 0.3 * noise[t]);
  }
  return { brows: brows01, beard: beard01 };
}

/** Distance of a point from a polyline, where along it (0 to 1), and whether above it. */
function nearestOnLine(p, line) {
  let best = { distance: Infinity, along: 0, above: false };
  for (let k = 0; k + 1 < line.length; k++) {
    const [a, b] = [line[k], line[k + 1]];
    const d = [0, 1, 2].map((c) => b[c] - a[c]);
    const s = Math.max(
      0,
      Math.min(1, d.reduce((sum, x, c) => sum + x * (p[c] - a[c]), 0) / d.reduce((sum, x) => sum + x * x, 0)),
    );
    const q = [0, 1, 2].map((c) => a[c] + s * d[c]);
    const distance = Math.hypot(...[0, 1, 2].map((c) => p[c] - q[c]));
    if (distance < best.distance) best = { distance, along: (k + s) / (line.length - 1), above: p[1] > q[1] };
  }
  return best;
}

/** Symmetric noise of about a texel's grain, in [0, 1]. */
function fineNoise(seed) {
  const hash = (x, y) => {
    let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(seed, 2246822519);
    h = Math.imul(h ^ (h >>> 13), 1274126177);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: texels }, (_, t) => {
    const column = t % size;
    return hash(Math.min(column, size - 1 - column), Math.floor(t / size));
  });
}

/** Eyes: white, a brown iris with a dark rim, the pupil; painted around the point that looks ahead. */
function paintEyes(mean, survey, eyes) {
  for (let t = 0; t < texels; t++) {
    const eye = eyes[survey.island[t]?.replace(' back', '')];
    if (!eye) continue;
    const p = survey.at(t);
    const angle = Math.acos(
      Math.max(-1, Math.min(1, (p[2] - eye.centre[2]) / Math.hypot(...p.map((x, c) => x - eye.centre[c])))),
    );
    const r = Math.sin(Math.min(angle, Math.PI / 2)) * eye.radius;
    const spoke = Math.atan2(p[1] - eye.centre[1], p[0] - eye.centre[0]);
    const white = [0.64, 0.58, 0.54].map((x, k) => x - [0.02, 0.1, 0.1][k] * smoothstep(7, 13, r));
    const fibre = 0.85 + 0.15 * Math.cos(9 * Math.abs(spoke)) * Math.cos(4 * spoke);
    const iris = [0.13, 0.07, 0.035].map((x) => x * fibre * (0.75 + 0.5 * smoothstep(5.5, 2.5, r)));
    const dark = iris.map((x) => 0.35 * x);
    const mix = (a, b, w) => a.map((x, k) => x + (b[k] - x) * w);
    let color = mix(white, dark, smoothstep(6.7, 6.0, r));
    color = mix(color, iris, smoothstep(5.9, 5.2, r));
    color = mix(color, [0.008, 0.007, 0.007], smoothstep(2.5, 2.0, r));
    mean.set(color, 3 * t);
  }
}

/** Teeth are ivory; the inside of the mouth, which the skins show as if lit, is darker and the same for all. */
function paintMouth(mean, modes, survey) {
  for (let t = 0; t < texels; t++) {
    if (survey.island[t]?.includes('teeth')) mean.set([0.55, 0.5, 0.41], 3 * t);
    if (survey.island[t] !== 'mouth') continue;
    for (let k = 0; k < 3; k++) mean[3 * t + k] = [0.2, 0.045, 0.04][k];
    for (const mode of modes) mode.fill(0, 3 * t, 3 * t + 3);
  }
}

/** Reflectance at normal incidence: skin 0.028, more where it is oily, less in folds; teeth and eyes more. */
function specularMaps(mean, modes, survey, landmarks, skin) {
  const smooth = blur(
    Float32Array.from({ length: texels }, (_, t) => luma(mean, t)),
    4,
  );
  const nose = landmarks[30];
  const brow = landmarks[27];
  const mouth = landmarks[62];
  const near = (p, c, r) => Math.exp(-([0, 1, 2].reduce((s, k) => s + (p[k] - c[k]) ** 2, 0) / (r * r)));
  const specular = Float32Array.from({ length: texels }, (_, t) => {
    if (survey.covered[t] === 0) return 0.028;
    if (isPainted(survey.island[t])) return 0.045;
    if (survey.island[t] !== 'head') return 0.03;
    const p = survey.at(t);
    const oily = 0.35 * near(p, nose, 16) + 0.3 * near(p, [0, brow[1] + 30, brow[2]], 30) + 0.25 * near(p, mouth, 16);
    const fold = Math.max(-0.5, Math.min(0.3, luma(mean, t) / smooth[t] - 1));
    return 0.026 * (1 + oily) * (1 + 0.8 * fold);
  });
  // lighter detail of a mode than its surroundings is smoother skin and reflects more; overall tone does not matter
  const specularModes = modes.map((mode) => {
    const detail = Float32Array.from({ length: texels }, (_, t) => luma(mode, t));
    const around = blur(detail, 4);
    return detail.map((x, t) =>
      Math.max(-0.01, Math.min(0.01, (0.02 * skin[t] * (x - around[t])) / Math.max(0.05, smooth[t]))),
    );
  });
  return { specular, specularModes };
}

/** Box blur of one channel, twice, radius in texels. */
function blur(values, radius) {
  let current = values;
  for (let pass = 0; pass < 4; pass++) {
    const along = pass % 2 === 0 ? 1 : size;
    const next = new Float32Array(texels);
    for (let t = 0; t < texels; t++) {
      const place = along === 1 ? t % size : Math.floor(t / size);
      let [sum, count] = [0, 0];
      for (let d = -radius; d <= radius; d++) {
        if (place + d < 0 || place + d >= size) continue;
        sum += current[t + d * along];
        count++;
      }
      next[t] = sum / count;
    }
    current = next;
  }
  return current;
}

/**
 * The albedo model.
 * @param head {layout, positions, triangles, uvTriangles, landmarks: 68 places, eyes: {name: {centre, radius}}}
 * @param settings albedo: how many components of the skins to keep. tones: how many smooth ones.
 */
export async function buildAlbedo(skinFiles, head, { albedo: count, tones }) {
  const survey = surveyTexels(head);
  const hair = hairMap(survey);
  const skins = [];
  for (const { bytes } of skinFiles) skins.push(resample(await decode(bytes), survey, hair));
  const { mean, modes, variances } = skinComponents(skins, count);
  const { brows, beard } = facialHair(survey, head.landmarks);
  const skin = Float32Array.from({ length: texels }, (_, t) =>
    isPainted(survey.island[t]) || survey.island[t] === 'mouth' ? 0 : 1,
  );
  for (const { map, share, colour } of [
    { map: brows, share: 0.6, colour: hairColours.brows },
    { map: beard, share: 0.06, colour: hairColours.beard },
  ]) {
    for (let t = 0; t < texels; t++) {
      for (let k = 0; k < 3; k++) mean[3 * t + k] += share * map[t] * (colour[k] - mean[3 * t + k]);
      // the skins' modes act less where hair covers the skin
      for (const mode of modes) for (let k = 0; k < 3; k++) mode[3 * t + k] *= 1 - share * map[t];
    }
  }
  for (const mode of modes)
    for (let t = 0; t < texels; t++) if (isPainted(survey.island[t])) mode.fill(0, 3 * t, 3 * t + 3);
  paintEyes(mean, survey, head.eyes);
  paintMouth(mean, modes, survey);
  const known = survey.covered;
  const outside = (values, channels) => fillTexture(values, known, { ...shape, channels });
  const { specular, specularModes } = specularMaps(mean, modes, survey, head.landmarks, skin);
  const total = variances.reduce((a, b) => a + b, 0);
  return {
    size,
    mean: outside(mean, 3),
    modes: modes.map((mode) => outside(mode, 3)),
    specular: outside(specular, 1),
    specularModes: specularModes.map((mode) => outside(mode, 1)),
    skin: outside(skin, 1),
    tones: buildTones(survey, size, { brows, beard }, head.landmarks, tones),
    kept: Array.from(variances.subarray(0, count), (v) => v / total),
  };
}
