import {
  parseSafetensors,
  writeSafetensors,
  type ArrayToStore,
  type SafetensorsFile,
  type StoredArray,
} from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import type { FaceModelData, FacePart } from '../faceModelData.js';
import type { JointData } from '../joints/jointData.js';
import type { FaceTone } from '../tones.js';
import { storedIndices, storedNumbers } from './stored.js';

/** Of `formatVersion` in the metadata: raised when the tensors below change their meaning. */
const formatVersion = '2';

/** Fields whose largest displacement is below this are stored in bytes, with an error of at most 1/254 of it; mm. */
const coarseLimit = 5.08;

/** Specular albedos up to this are stored in bytes; skin has a third of it. */
const largestByteSpecular = 0.1;

const fail = (why: string): never => {
  throw new FormatError(`face model file: ${why}`);
};

/** What a file says of itself beyond the model. */
export interface FaceModelNotes {
  /** Identity modes that are smooth fields instead of components of heads. */
  readonly smoothModes?: readonly number[];
}

/** sRGB's curve: dark albedos keep their detail in eight bits. */
const encodeSRGB = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
const decodeSRGB = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);

/**
 * Writes a model compactly, as safetensors. Large fields of displacements are halves; small ones, and the modes of the
 * albedo, are signed bytes with a scale each; the mean albedo is bytes in sRGB.
 */
export function writeFaceModel(
  data: FaceModelData,
  { smoothModes = [] }: FaceModelNotes = {},
): Uint8Array<ArrayBuffer> {
  const vertices = data.positions.length / 3;
  const { height, width } = data.albedo;
  const modeCount = data.albedo.modes.length / (3 * height * width);
  const indices = (values: ArrayLike<number>, ...shape: number[]): ArrayToStore => ({
    type: Array.from(values).some((x) => x > 65535) ? 'I32' : 'U16',
    shape,
    data: values,
  });
  const { specular } = data.albedo;
  const contourLengths = data.contours.map((ids) => ids.length);
  const tensors: Record<string, ArrayToStore> = {
    positions: { type: 'F32', shape: [vertices, 3], data: data.positions },
    triangles: indices(data.triangles, data.triangles.length / 3, 3),
    uvs: { type: 'F32', shape: [data.uvs.length / 2, 2], data: data.uvs },
    uvTriangles: indices(data.uvTriangles, data.uvTriangles.length / 3, 3),
    ...fields('identity', data.identity, vertices),
    ...fields('blendshapes', data.blendshapes, vertices),
    landmarks: indices(data.landmarks, 68),
    landmarkVertices: indices(data.landmarkPoints.vertices, 68, 3),
    landmarkWeights: { type: 'F32', shape: [68, 3], data: data.landmarkPoints.weights },
    contourLengths: indices(contourLengths, 17),
    contours: indices(
      data.contours.flatMap((ids) => Array.from(ids)),
      contourLengths.reduce((a, b) => a + b, 0),
    ),
    mask: { type: 'U8', shape: [vertices], data: data.mask.map((x) => 255 * x) },
    mirror: indices(data.mirror, vertices),
    albedoMean: { type: 'U8', shape: [height, width, 3], data: data.albedo.mean.map((x) => 255 * encodeSRGB(x)) },
    ...bytesWithScale('albedoModes', rowsOf(data.albedo.modes, modeCount), height, width, 3),
    ...toneTensors(data.albedo.tones),
    ...(largestOf(specular) <= largestByteSpecular
      ? { specularMean: { type: 'U8', shape: [height, width], data: specular.map((x) => 2550 * x) } }
      : { specularHalves: { type: 'F16', shape: [height, width], data: specular } }),
    ...bytesWithScale('specularModes', rowsOf(data.albedo.specularModes, modeCount), height, width),
    skin: { type: 'U8', shape: [height, width], data: data.albedo.skin.map((x) => 255 * x) },
    ...(data.joints && jointTensors(data.joints, vertices)),
  };
  return writeSafetensors(tensors, {
    ...{ format: 'chiaro-face-model', formatVersion, name: data.name, licence: data.licence },
    units: 'millimetres; linear RGB (the mean albedo in sRGB bytes); specular mean / 2550',
    roughness: String(data.roughness),
    blendshapeNames: JSON.stringify(data.blendshapeNames),
    toneNames: JSON.stringify(data.albedo.tones.map(({ name }) => name)),
    parts: JSON.stringify(data.parts),
    smoothModes: JSON.stringify(smoothModes),
    ...(data.joints && { jointNames: JSON.stringify(data.joints.names) }),
  });
}

const rowsOf = (values: Float32Array, count: number): Float32Array[] =>
  Array.from({ length: count }, (_, k) =>
    values.subarray((k * values.length) / count, ((k + 1) * values.length) / count),
  );

const largestOf = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Fields of displacements: those that move far as halves, the others as bytes; `Wide` lists the former. */
function fields(name: string, values: Float32Array, vertices: number): Record<string, ArrayToStore> {
  const rows = rowsOf(values, values.length / (3 * vertices));
  const wide = rows.flatMap((row, k) => (largestOf(row) >= coarseLimit ? [k] : []));
  const halves = new Float32Array(wide.length * 3 * vertices);
  wide.forEach((k, at) => halves.set(rows[k], at * 3 * vertices));
  return {
    [`${name}Wide`]: { type: 'U16', shape: [wide.length], data: wide },
    [name]: { type: 'F16', shape: [wide.length, vertices, 3], data: halves },
    ...bytesWithScale(
      `${name}Fine`,
      rows.filter((_, k) => !wide.includes(k)),
      vertices,
      3,
    ),
  };
}

/** Rows as signed bytes, and the value of 127 of each row. */
function bytesWithScale(name: string, rows: readonly Float32Array[], ...shape: number[]): Record<string, ArrayToStore> {
  const scales = Float32Array.from(rows, (row) => largestOf(row) || 1);
  const values = new Float32Array(rows.length * shape.reduce((a, b) => a * b, 1));
  rows.forEach((row, k) =>
    values.set(
      row.map((x) => (127 * x) / scales[k]),
      k * row.length,
    ),
  );
  return {
    [name]: { type: 'I8', shape: [rows.length, ...shape], data: values },
    [`${name}Scale`]: { type: 'F32', shape: [rows.length], data: scales },
  };
}

/**
 * Reads a file of `writeFaceModel`.
 * @throws FormatError for anything else; sizes are checked before memory is taken.
 */
export function parseFaceModel(bytes: Uint8Array): FaceModelData {
  const file = parseSafetensors(bytes);
  const { metadata } = file;
  if (metadata['format'] !== 'chiaro-face-model' || metadata['formatVersion'] !== formatVersion) {
    fail(
      `format ${JSON.stringify(metadata['format'])} version ${JSON.stringify(metadata['formatVersion'])}; ` +
        `known is "chiaro-face-model" version "${formatVersion}"`,
    );
  }
  const blendshapeNames = listOf(file, 'blendshapeNames').map((x) =>
    typeof x === 'string' ? x : fail('a blendshape has no name'),
  );
  const positions = storedNumbers(take(file, 'positions', undefined, 3));
  const vertices = positions.length / 3;
  const contourLengths = storedIndices('contourLengths', take(file, 'contourLengths', 17));
  const contourIds = storedIndices('contours', take(file, 'contours', undefined));
  const [height, width] = take(file, 'albedoMean', undefined, undefined, 3).shape;
  const modes = scaledRows(file, 'albedoModes', height, width, 3);
  return {
    name: metadata['name'] ?? '',
    licence: metadata['licence'] ?? '',
    positions,
    triangles: storedIndices('triangles', take(file, 'triangles', undefined, 3)),
    uvs: storedNumbers(take(file, 'uvs', undefined, 2)),
    uvTriangles: storedIndices('uvTriangles', take(file, 'uvTriangles', undefined, 3)),
    identity: storedFields(file, 'identity', vertices),
    blendshapeNames,
    blendshapes: storedFields(file, 'blendshapes', vertices),
    landmarks: storedIndices('landmarks', take(file, 'landmarks', 68)),
    landmarkPoints: {
      vertices: storedIndices('landmarkVertices', take(file, 'landmarkVertices', 68, 3)),
      weights: storedNumbers(take(file, 'landmarkWeights', 68, 3)),
    },
    contours: cutLists(contourIds, contourLengths),
    mask: storedNumbers(take(file, 'mask', vertices)).map((x) => x / 255),
    mirror: storedIndices('mirror', take(file, 'mirror', vertices)),
    parts: listOf(file, 'parts').map(partOf),
    albedo: {
      ...{ height, width, modes, tones: storedTones(file) },
      mean: storedNumbers(take(file, 'albedoMean', height, width, 3)).map((x) => decodeSRGB(x / 255)),
      specular: file.arrays.has('specularHalves')
        ? storedNumbers(take(file, 'specularHalves', height, width))
        : storedNumbers(take(file, 'specularMean', height, width)).map((x) => x / 2550),
      specularModes: scaledRows(file, 'specularModes', height, width),
      skin: storedNumbers(take(file, 'skin', height, width)).map((x) => x / 255),
    },
    roughness: Number(metadata['roughness']),
    ...('jointNames' in metadata && { joints: storedJoints(file, vertices) }),
  };
}

/** Joints: their correctives as the other displacements, the rest as it is. */
function jointTensors(joints: JointData, vertices: number): Record<string, ArrayToStore> {
  const { names, parents, positions, regressor, weights, correctives } = joints;
  const count = names.length;
  return {
    jointParents: { type: 'U16', shape: [count], data: parents },
    jointPositions: { type: 'F32', shape: [count, 3], data: positions },
    jointRegressor: { type: 'F32', shape: [count, vertices], data: regressor },
    jointWeights: { type: 'F32', shape: [vertices, count], data: weights },
    ...fields('jointCorrectives', correctives, vertices),
  };
}

/** Joints that `jointTensors` stored; `checkFaceModel` sees whether they make sense. */
function storedJoints(file: SafetensorsFile, vertices: number): JointData {
  const names = listOf(file, 'jointNames').map((x) => (typeof x === 'string' ? x : fail('a joint has no name')));
  const count = names.length;
  return {
    names,
    parents: storedIndices('jointParents', take(file, 'jointParents', count)),
    positions: storedNumbers(take(file, 'jointPositions', count, 3)),
    regressor: storedNumbers(take(file, 'jointRegressor', count, vertices)),
    weights: storedNumbers(take(file, 'jointWeights', vertices, count)),
    correctives: storedFields(file, 'jointCorrectives', vertices),
  };
}

/** Tones: their maps, large and small ones apart, as signed bytes; what they do to the colour. */
function toneTensors(tones: readonly FaceTone[]): Record<string, ArrayToStore> {
  const sizes = [...new Set(tones.map(({ rows }) => rows))];
  const maps = sizes.flatMap((rows): [string, ArrayToStore][] => {
    const group = tones.filter((tone) => tone.rows === rows).map(({ map }) => map);
    return Object.entries(bytesWithScale(`tones${rows}`, group, rows, rows / 2));
  });
  return {
    ...Object.fromEntries(maps),
    toneRows: { type: 'U16', shape: [tones.length], data: tones.map(({ rows }) => rows) },
    toneRules: {
      type: 'F32',
      shape: [tones.length, 6],
      data: tones.flatMap(({ factor, colour }) => [...factor, ...colour]),
    },
  };
}

/** Tones that `toneTensors` stored. */
function storedTones(file: SafetensorsFile): FaceTone[] {
  const rows = storedIndices('toneRows', take(file, 'toneRows', undefined));
  const rules = storedNumbers(take(file, 'toneRules', rows.length, 6));
  const names = listOf(file, 'toneNames');
  const maps = new Map(
    [...new Set(rows)].map((n) => [n, { values: scaledRows(file, `tones${n}`, n, Math.floor(n / 2)), next: 0 }]),
  );
  return Array.from(rows, (n, k) => {
    const from = maps.get(n)!;
    const size = n * Math.floor(n / 2);
    const [r, g, b, ...colour] = rules.subarray(6 * k, 6 * k + 6);
    return {
      name: String(names[k] ?? ''),
      rows: n,
      map: from.values.slice(from.next, (from.next += size)),
      factor: [r, g, b],
      colour: [colour[0], colour[1], colour[2]],
    };
  });
}

/** A tensor by its name; `undefined` in the shape is any length. */
function take(file: SafetensorsFile, name: string, ...shape: (number | undefined)[]): StoredArray {
  const stored = file.arrays.get(name) ?? fail(`tensor ${name} is missing`);
  const fits = stored.shape.length === shape.length && shape.every((n, k) => n === undefined || n === stored.shape[k]);
  const wanted = shape.map((n) => n ?? 'n').join(', ');
  return fits ? stored : fail(`${name} is [${stored.shape.join(', ')}], not [${wanted}]`);
}

/** A JSON list of the metadata. */
function listOf(file: SafetensorsFile, name: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(file.metadata[name] ?? 'null');
  } catch (error) {
    throw new FormatError(`face model file: ${name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  return Array.isArray(value) ? (value as unknown[]) : fail(`${name} is no list`);
}

/** A part of the metadata; `checkFaceModel` sees whether its ranges fit. */
function partOf(entry: unknown): FacePart {
  const part = (typeof entry === 'object' ? (entry ?? {}) : {}) as Record<string, unknown>;
  const { name, vertexStart, vertexCount, triangleStart, triangleCount } = part;
  if (typeof name !== 'string') return fail('a part has no name');
  const ranges = { vertexStart, vertexCount, triangleStart, triangleCount };
  for (const [key, value] of Object.entries(ranges)) {
    if (!Number.isSafeInteger(value)) fail(`part ${name}: ${key} is ${JSON.stringify(value)}`);
  }
  return { name, ...ranges } as FacePart;
}

/** Rows that `bytesWithScale` stored. */
function scaledRows(file: SafetensorsFile, name: string, ...shape: number[]): Float32Array {
  const stored = take(file, name, undefined, ...shape);
  const scales = storedNumbers(take(file, `${name}Scale`, stored.shape[0]));
  const size = shape.reduce((a, b) => a * b, 1);
  return storedNumbers(stored).map((x, k) => (x * scales[Math.floor(k / size)]) / 127);
}

/** Fields that `fields` stored. */
function storedFields(file: SafetensorsFile, name: string, vertices: number): Float32Array {
  const wide = storedIndices(`${name}Wide`, take(file, `${name}Wide`, undefined));
  const halves = storedNumbers(take(file, name, wide.length, vertices, 3));
  const fine = scaledRows(file, `${name}Fine`, vertices, 3);
  const size = 3 * vertices;
  const result = new Float32Array(halves.length + fine.length);
  const places = new Map(Array.from(wide, (row, k) => [row, k]));
  const count = result.length / size;
  if (places.size !== wide.length || wide.some((row) => row >= count))
    fail(`${name}Wide lists fields that do not exist`);
  for (let row = 0, next = 0; row < count; row++) {
    const at = places.get(row);
    result.set(
      at === undefined ? fine.subarray(next * size, ++next * size) : halves.subarray(at * size, (at + 1) * size),
      row * size,
    );
  }
  return result;
}

function cutLists(values: Uint32Array, lengths: Uint32Array): Uint32Array[] {
  if (lengths.reduce((a, b) => a + b, 0) !== values.length) fail('contourLengths do not add up to contours');
  let at = 0;
  return Array.from(lengths, (length) => values.slice(at, (at += length)));
}
