import { parseSafetensors, type SafetensorsFile, type StoredArray } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import { contourArcs } from '../contours.js';
import type { FaceAlbedoData, FaceModelData, FacePart } from '../faceModelData.js';
import { pointsAtVertices } from '../surfacePoints.js';
import { bakeTexture, fillTexture } from '../uvBake.js';
import type { UvLayout } from '../uvBake.js';
import { storedIndices, storedNumbers } from './stored.js';

const millimetresPerUnit = 10; // the file is in centimetres
const textureSize = 128;

/** Where each part's own texture lies in the one texture of the model: left, bottom, width, height. */
const atlas: Readonly<Record<string, readonly [number, number, number, number]>> = {
  face: [0, 0.2, 0.8, 0.8],
  head_neck: [0.81, 0.2, 0.19, 0.8],
  mouth_socket: [0, 0, 0.38, 0.19],
  eyeball_left: [0.4, 0, 0.19, 0.19],
  eyeball_right: [0.6, 0, 0.19, 0.19],
};

const skinColor = [0.52, 0.3, 0.21];
const mouthColor = [0.25, 0.08, 0.07];
const scleraColor = [0.62, 0.58, 0.54];
const irisColor = [0.1, 0.06, 0.035];
const pupilColor = [0.01, 0.01, 0.01];

const fail = (why: string): never => {
  throw new FormatError(`ICT face model: ${why}`);
};

/**
 * Reads the compact form of the ICT FaceKit Light model (Li et al. 2020, MIT licence): 100 identity modes for weights of
 * N(0, 1), 53 blendshapes, in centimetres, which become millimetres. The model has no albedo: a plain skin, dark mouth
 * and eyes are painted, and the tint changes the skin. Identity modes are orthogonal over the full head that the
 * authors published, not over the parts in this file.
 * @throws FormatError for anything else.
 */
export function parseICTFace(bytes: Uint8Array): FaceModelData {
  const file = parseSafetensors(bytes);
  if (file.metadata['format'] !== 'ict-face-compact-1')
    fail(`the format is ${JSON.stringify(file.metadata['format'])}`);
  const tensorOf = (name: string, ...shape: (number | undefined)[]): StoredArray => {
    const stored = file.arrays.get(name) ?? fail(`tensor ${name} is missing`);
    const fits =
      stored.shape.length === shape.length && shape.every((n, k) => n === undefined || n === stored.shape[k]);
    return fits
      ? stored
      : fail(`${name} is [${stored.shape.join(', ')}], not [${shape.map((n) => n ?? 'n').join(', ')}]`);
  };
  const indices = (name: string, ...shape: (number | undefined)[]): Uint32Array =>
    storedIndices(name, tensorOf(name, ...shape));
  const lengths = (name: string, ...shape: (number | undefined)[]): Float32Array =>
    storedNumbers(tensorOf(name, ...shape)).map((x) => x * millimetresPerUnit);
  const positions = lengths('mean', undefined, 3);
  const vertices = positions.length / 3;
  const triangles = indices('triangles', undefined, 3);
  const uvTriangles = indices('triangles_uv', triangles.length / 3, 3);
  const parts = partsOf(file, vertices, triangles.length / 3);
  const sourceUvs = storedNumbers(tensorOf('uv', undefined, 2));
  const layout = { uvs: packedUvs(sourceUvs, uvTriangles, parts), uvTriangles };
  const landmarks = indices('landmarks68', 68);
  const narrow = Number(file.metadata['narrow_face_vertex_count']);
  const face = parts.find((part) => part.name === 'face') ?? fail('there is no part "face"');
  if ([...triangles, ...landmarks].some((v) => v >= vertices)) fail('an index names a vertex that does not exist');
  const blendshapeNames = namesOf(file);
  return {
    name: 'ICT FaceKit Light',
    licence: file.metadata['license'] ?? '',
    positions,
    triangles,
    ...layout,
    identity: lengths('identity', undefined, vertices, 3),
    blendshapeNames,
    blendshapes: lengths('expression', blendshapeNames.length, vertices, 3),
    landmarks,
    landmarkPoints: pointsAtVertices(landmarks),
    contours: contourArcs(
      positions,
      landmarks,
      Uint32Array.from({ length: face.vertexCount }, (_, k) => k),
      { axis: 0 },
    ),
    mask: Float32Array.from({ length: vertices }, (_, v) => (v < narrow ? 1 : 0)),
    mirror: indices('mirror_vertex', vertices),
    parts,
    albedo: paintedAlbedo(layout, positions, triangles, parts),
    roughness: 0.55,
  };
}

function json(file: SafetensorsFile, name: string): unknown {
  try {
    return JSON.parse(file.metadata[name] ?? 'null');
  } catch (error) {
    throw new FormatError(`ICT face model: ${name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function namesOf(file: SafetensorsFile): string[] {
  const names = json(file, 'expression_names');
  return Array.isArray(names) && names.every((name) => typeof name === 'string')
    ? (names as string[])
    : fail('expression_names is no list of names');
}

function partsOf(file: SafetensorsFile, vertices: number, triangles: number): FacePart[] {
  const list = json(file, 'parts');
  if (!Array.isArray(list)) return fail('parts is no list');
  return list.map((entry: unknown) => {
    const part = (entry ?? {}) as Record<string, unknown>;
    const name = typeof part['name'] === 'string' ? part['name'] : fail('a part has no name');
    const count = (key: string, most: number): number => {
      const value = part[key];
      return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
        ? (value as number)
        : fail(`part ${name}: ${key} is ${JSON.stringify(value)}`);
    };
    const [vertexStart, triangleStart] = [count('vertex_start', vertices), count('triangle_start', triangles)];
    return {
      ...{ name, vertexStart, triangleStart },
      vertexCount: count('vertex_count', vertices - vertexStart),
      triangleCount: count('triangle_count', triangles - triangleStart),
    };
  });
}

/** Texture coordinates of all parts in one texture. The file's parts have textures of their own, tile by tile. */
function packedUvs(source: Float32Array, uvTriangles: Uint32Array, parts: readonly FacePart[]): Float32Array {
  const packed = source.map((x) => x - Math.floor(x));
  for (const { name, triangleStart, triangleCount } of parts) {
    const [left, bottom, width, height] = atlas[name] ?? [0, 0, 1, 1];
    const rows = new Set(uvTriangles.subarray(3 * triangleStart, 3 * (triangleStart + triangleCount)));
    let tile = Infinity;
    for (const t of rows) tile = Math.min(tile, Math.floor(source[2 * t] + 1e-4));
    for (const t of rows) {
      if (2 * t + 1 >= source.length) fail(`a corner names texture coordinate ${t}`);
      packed[2 * t] = left + width * Math.min(1, Math.max(0, source[2 * t] - tile));
      packed[2 * t + 1] = bottom + height * Math.min(1, Math.max(0, source[2 * t + 1]));
    }
  }
  return packed;
}

/** A plain skin, a dark mouth, and eyes with an iris around their foremost point. */
function paintedAlbedo(
  layout: UvLayout,
  positions: Float32Array,
  triangles: Uint32Array,
  parts: readonly FacePart[],
): FaceAlbedoData {
  const size = { height: textureSize, width: textureSize, channels: 3 };
  const baked = bakeTexture(layout, size, (corner, out) => {
    for (let k = 0; k < 3; k++) out[k] = positions[3 * triangles[corner] + k];
  });
  const texels = textureSize * textureSize;
  const mean = new Float32Array(3 * texels);
  const skin = new Float32Array(texels).fill(1);
  const eyes = new Map(parts.filter((p) => p.name.startsWith('eyeball')).map((part) => [part, eyeOf(part, positions)]));
  for (let t = 0; t < texels; t++) {
    const f = baked.triangle[t] - 1;
    const part = parts.find((p) => f >= p.triangleStart && f < p.triangleStart + p.triangleCount);
    const eye = part && eyes.get(part);
    let color = skinColor;
    if (eye) {
      const off = Math.hypot(baked.values[3 * t] - eye.x, baked.values[3 * t + 1] - eye.y);
      const front = baked.values[3 * t + 2] > eye.z;
      color = !front || off > 6 ? scleraColor : off > 2 ? irisColor : pupilColor;
    } else if (part?.name === 'mouth_socket') color = mouthColor;
    mean.set(color, 3 * t);
    skin[t] = color === skinColor ? 1 : 0;
  }
  return {
    height: textureSize,
    width: textureSize,
    mean: fillTexture(mean, baked.triangle, size),
    modes: new Float32Array(0),
    tones: [],
    specular: new Float32Array(texels).fill(0.03),
    specularModes: new Float32Array(0),
    skin: fillTexture(skin, baked.triangle, { ...size, channels: 1 }),
  };
}

/** The point on an eyeball that looks ahead, and the depth of its middle. */
function eyeOf({ vertexStart, vertexCount }: FacePart, positions: Float32Array): { x: number; y: number; z: number } {
  let foremost = vertexStart;
  let sum = 0;
  for (let v = vertexStart; v < vertexStart + vertexCount; v++) {
    if (positions[3 * v + 2] > positions[3 * foremost + 2]) foremost = v;
    sum += positions[3 * v + 2];
  }
  return { x: positions[3 * foremost], y: positions[3 * foremost + 1], z: sum / Math.max(1, vertexCount) };
}
