import { expect, it } from 'vitest';
import { ChiaroError, FormatError } from '../../engine.js';
import { largestDifference, randomNumbers } from '../../../../render/src/testing/random.testing.js';
import { checkFaceModel } from '../faceModelData.js';
import { smallJoints } from '../joints/joints.testing.js';
import { smallModel } from '../smallModel.testing.js';
import { parseFaceModel, writeFaceModel } from './faceModelFile.js';
import { parseICTFace } from './ictFace.js';
import { writeSafetensors } from '@chiaro/nn';

/** Seeded damage: bytes changed, ranges cut out, the end cut off, digits of the header exchanged. */
function* damaged(file: Uint8Array, count: number): Generator<Uint8Array> {
  const random = randomNumbers(41);
  const header = new DataView(file.buffer).getUint32(0, true) + 8;
  for (let n = 0; n < count; n++) {
    let bytes = file.slice();
    const reach = n % 2 === 0 ? header : bytes.length; // half of the damage is in the header, where it hurts
    for (let k = 0; k < 1 + (n % 5); k++) {
      const at = Math.floor(random() * reach);
      const digit = bytes[at] >= 48 && bytes[at] < 58;
      bytes[at] = digit ? 48 + Math.floor(random() * 10) : Math.floor(random() * 256);
    }
    if (n % 7 === 0) bytes = bytes.slice(0, Math.floor(random() * bytes.length));
    if (n % 11 === 0) bytes.copyWithin(Math.floor(random() * bytes.length), Math.floor(random() * bytes.length));
    yield bytes;
  }
}

/** Reads damaged files; whatever is thrown must be ours. Counts what was refused. */
function refused(parse: (bytes: Uint8Array) => unknown, file: Uint8Array, count: number): number {
  let failures = 0;
  for (const bytes of damaged(file, count)) {
    try {
      parse(bytes);
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
      failures++;
    }
  }
  return failures;
}

it('a model comes back within the precision of its storage', () => {
  const data = smallModel();
  const back = checkFaceModel(parseFaceModel(writeFaceModel(data, { smoothModes: [3] })));
  for (const key of ['triangles', 'uvTriangles', 'landmarks', 'mirror', 'contours', 'parts', 'name'] as const) {
    expect(back[key]).toEqual(data[key]);
  }
  expect(back.blendshapeNames).toEqual(data.blendshapeNames);
  expect(back.positions).toEqual(data.positions);
  const off = (key: 'identity' | 'blendshapes' | 'mask'): number => largestDifference(back[key], data[key]);
  expect(off('identity')).toBeLessThan(2 / 254 + 1e-4); // a byte of +-2 mm; the wide mode is halves, to 0.004 of 10 mm
  expect(off('identity')).toBeGreaterThan(1e-4); // so the test would see a larger step
  expect(off('blendshapes')).toBeLessThan(2 / 254 + 1e-4);
  expect(off('mask')).toBeLessThan(1e-6);
  expect(largestDifference(back.albedo.mean, data.albedo.mean)).toBeLessThan(0.005);
  expect(largestDifference(back.albedo.modes, data.albedo.modes)).toBeLessThan(0.2 / 254 + 1e-6);
  expect(largestDifference(back.albedo.specular, data.albedo.specular)).toBeLessThan(0.0003);
});

it('a specular albedo beyond that of skin keeps its values', () => {
  const data = smallModel();
  const specular = data.albedo.specular.map((x, k) => x + 0.05 * k);
  const back = parseFaceModel(writeFaceModel({ ...data, albedo: { ...data.albedo, specular } }));
  expect(largestDifference(back.albedo.specular, specular)).toBeLessThan(1e-3);
});

it('damaged files are FormatErrors, or models whose lists fit', () => {
  const small = smallModel();
  const file = writeFaceModel({ ...small, joints: smallJoints(small.positions) });
  expect(refused((bytes) => checkFaceModel(parseFaceModel(bytes)), file, 3000)).toBeGreaterThan(1000);
  expect(() => parseFaceModel(writeSafetensors({}))).toThrow(FormatError);
  const text = new TextDecoder('latin1').decode(file);
  for (const part of ['null', '7', '{}', '{"name":"a"}']) {
    const at = text.indexOf('[{\\"name');
    const end = text.indexOf(']', at);
    const list = `[${part.replaceAll('"', '\\"')}]`.padEnd(end + 1 - at);
    const changed = Uint8Array.from(text.slice(0, at) + list + text.slice(end + 1), (c) => c.charCodeAt(0));
    expect(() => parseFaceModel(changed)).toThrow(/^face model file: (a part has no name|part a: vertexStart)/);
  }
});

it('damaged ICT files likewise', () => {
  const { positions, triangles, uvs, landmarks, mirror } = smallModel();
  const vertices = positions.length / 3;
  const rows = triangles.length / 3;
  const part = { name: 'face', vertex_start: 0, vertex_count: vertices, triangle_start: 0, triangle_count: rows };
  const field = { type: 'F16' as const, data: positions };
  const index = (values: ArrayLike<number>, ...shape: number[]) => ({ type: 'I32' as const, shape, data: values });
  const file = writeSafetensors(
    {
      mean: { type: 'F32', shape: [vertices, 3], data: positions },
      identity: { ...field, shape: [1, vertices, 3] },
      expression: { ...field, shape: [1, vertices, 3] },
      triangles: index(triangles, rows, 3),
      triangles_uv: index(triangles, rows, 3),
      uv: { type: 'F32', shape: [uvs.length / 2, 2], data: uvs },
      landmarks68: index(landmarks, 68),
      mirror_vertex: index(mirror, vertices),
    },
    {
      ...{ format: 'ict-face-compact-1', license: 'none', narrow_face_vertex_count: '9' },
      ...{ expression_names: '["open"]', parts: JSON.stringify([part]) },
    },
  );
  expect(checkFaceModel(parseICTFace(file)).positions[0]).toBe(10 * positions[0]); // centimetres to millimetres
  expect(refused((bytes) => checkFaceModel(parseICTFace(bytes)), file, 300)).toBeGreaterThan(100);
});
