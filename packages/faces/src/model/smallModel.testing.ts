import { randomNumbers } from '../../../render/src/testing/random.testing.js';
import type { FaceModelData } from './faceModelData.js';

/** A made-up model of a few dozen vertices, a bent grid in two parts, symmetric about x = 0; every list is filled. */
export function smallModel(): FaceModelData {
  const random = randomNumbers(17);
  const [columns, rows] = [9, 8];
  const vertices = columns * rows;
  const positions: number[] = [];
  const uvs: number[] = [];
  const triangles: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = 10 * (column - 4);
      positions.push(x, 10 * row, -x * x * 0.02);
      uvs.push(column / (columns - 1), row / (rows - 1));
      if (column === columns - 1 || row === rows - 1 || row === 3) continue; // rows 0 to 3 and 4 to 7 do not touch
      const at = row * columns + column;
      const [b, c, d] = [at + 1, at + columns + 1, at + columns];
      triangles.push(...(column < 4 ? [at, b, c, at, c, d] : [at, b, d, b, c, d]));
    }
  }
  const field = (count: number): Float32Array => Float32Array.from({ length: count }, () => 4 * random() - 2);
  const [height, width, modes] = [4, 6, 2];
  const half = triangles.length / 6;
  return {
    name: 'small',
    licence: 'none',
    positions: Float32Array.from(positions),
    triangles: Uint32Array.from(triangles),
    uvs: Float32Array.from(uvs),
    uvTriangles: Uint32Array.from(triangles),
    identity: field(5 * 3 * vertices).map((x, k) => (k < 3 * vertices ? 5 * x : x)),
    blendshapeNames: ['open', 'smile', 'blink'],
    blendshapes: field(3 * 3 * vertices),
    landmarks: Uint32Array.from({ length: 68 }, (_, k) => k),
    landmarkPoints: {
      vertices: Uint32Array.from({ length: 204 }, (_, k) => Math.floor(k / 3) + (k % 3)),
      weights: Float32Array.from({ length: 204 }, (_, k) => [0.5, 0.25, 0.25][k % 3]),
    },
    contours: Array.from({ length: 17 }, (_, k) => Uint32Array.from([k, k + 1])),
    mask: field(vertices).map((x) => Math.round(255 * Math.abs(x / 2)) / 255),
    mirror: Uint32Array.from({ length: vertices }, (_, v) => v - (v % columns) + columns - 1 - (v % columns)),
    parts: [
      { name: 'lower', vertexStart: 0, vertexCount: vertices / 2, triangleStart: 0, triangleCount: half },
      { name: 'upper', vertexStart: vertices / 2, vertexCount: vertices / 2, triangleStart: half, triangleCount: half },
    ],
    albedo: {
      ...{ height, width },
      mean: field(height * width * 3).map((x) => 0.5 + 0.2 * x),
      modes: field(modes * height * width * 3).map((x) => 0.1 * x),
      tones: [],
      specular: field(height * width).map((x) => 0.03 + 0.01 * x),
      specularModes: field(modes * height * width).map((x) => 0.01 * x),
      skin: field(height * width).map((x) => Math.abs(x / 2)),
    },
    roughness: 0.5,
  };
}
