// The case of the ray tracing benchmarks: 256 x 256 pixels x 8 samples from (0, 0, 60) down -z, image plane at distance 1.6
// and of width 1; a primary ray per sample, and where it hits one shadow ray to a random side of the upper hemisphere.
// Every participant makes the same rays from the same hash (pcg of the sample's number).
import { Buffer } from 'node:buffer';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const samples = 256 * 256 * 8;

const faceFile =
  process.env.CHIARO_FACE ?? fileURLToPath(new URL('../../shared/data/ict-face/ict_face.safetensors', import.meta.url));
const faceVertices = 9409;

/** The face of the ICT FaceKit Light model (18,460 triangles); a bumpy ball of as many where the file is missing. */
export function faceMesh() {
  if (!existsSync(faceFile)) return { name: 'ball', ...bumpyBall(18_460) };
  const file = readFileSync(faceFile);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerBytes).toString());
  const bytesOf = (name) => {
    const [start, end] = header[name].data_offsets.map((offset) => 8 + headerBytes + offset);
    return Uint8Array.from(file.subarray(start, end)).buffer;
  };
  const triangles = [];
  const all = new Int32Array(bytesOf('triangles'));
  for (let f = 0; f < all.length; f += 3) {
    const corners = all.subarray(f, f + 3);
    if (corners.every((v) => v < faceVertices)) triangles.push(...corners);
  }
  const positions = new Float32Array(bytesOf('mean')).slice(0, 3 * faceVertices);
  return { name: 'face', positions, triangles: Uint32Array.from(triangles) };
}

/** A ball of radius about 12 with bumps, of about `count` triangles. */
export function bumpyBall(count) {
  const rows = Math.round(Math.sqrt(count / 4));
  const columns = 2 * rows;
  const positions = new Float32Array(3 * (rows + 1) * columns);
  for (let j = 0, at = 0; j <= rows; j++) {
    for (let i = 0; i < columns; i++, at += 3) {
      const [theta, phi] = [(Math.PI * j) / rows, (2 * Math.PI * i) / columns];
      const radius = 12 + Math.sin(9 * phi) * Math.sin(7 * theta);
      const around = radius * Math.sin(theta);
      positions.set([around * Math.sin(phi), radius * Math.cos(theta), around * Math.cos(phi)], at);
    }
  }
  const triangles = new Uint32Array(6 * rows * columns);
  for (let j = 0, at = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++, at += 6) {
      const [a, b] = [i, (i + 1) % columns].map((column) => j * columns + column);
      triangles.set([a, a + columns, b + columns, a, b + columns, b], at);
    }
  }
  return { positions, triangles };
}

/** Writes a mesh for other programs: vertex and triangle count, positions, vertex numbers; 32 bits each. */
export function writeMesh(file, { positions, triangles }) {
  const counts = Uint32Array.of(positions.length / 3, triangles.length / 3);
  writeFileSync(file, Buffer.concat([counts, positions, triangles].map((a) => Buffer.from(a.buffer))));
}
