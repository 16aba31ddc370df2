// Tiles of pictures side by side, as a file to look at.
import { Buffer } from 'node:buffer';
import sharp from 'sharp';

const displayed = (x) => 255 * Math.min(1, Math.max(0, x)) ** (1 / 2.2);
const colours = [
  [0, 0, 0],
  [90, 160, 90],
  [230, 80, 80],
  [80, 120, 240],
];

/** A tile's bytes by a function of pixel and channel. */
function tile(size, value) {
  const bytes = new Uint8Array(size * size * 3);
  for (let k = 0; k < size * size; k++)
    for (let c = 0; c < 3; c++) bytes[3 * k + c] = Math.min(255, Math.max(0, value(k, c)));
  return bytes;
}

/** Pictures of a face as tiles, by their names. */
export const tiles = {
  traced: ({ traced, scene }, gain = 1) => tile(scene.size, (k, c) => displayed(gain * traced[3 * k + c])),
  local: ({ local, scene }) => tile(scene.size, (k, c) => displayed(local[3 * k + c])),
  residual: ({ residual, scene }) => tile(scene.size, (k, c) => 128 + 400 * residual[3 * k + c]),
  albedo: ({ albedo, scene }) => tile(scene.size, (k, c) => displayed(albedo[3 * k + c])),
  normals: ({ normals, parts, scene }) =>
    tile(scene.size, (k, c) => (parts[k] > 0 ? 127.5 * (1 + normals[3 * k + c]) : 0)),
  depth: ({ depth, scene }) => {
    const near = depth.reduce((least, d) => (d > 0 ? Math.min(least, d) : least), Infinity);
    return tile(scene.size, (k) => (depth[k] > 0 ? 255 - 0.9 * (depth[k] - near) : 0));
  },
  uv: ({ uv, scene }) => tile(scene.size, (k, c) => (c < 2 ? 255 * uv[2 * k + c] : 0)),
  /** The parts in colours, shaded by how they are turned, with the landmarks. */
  parts: ({ parts, normals, landmarks, scene: { size } }) => {
    const bytes = tile(size, (k, c) => colours[parts[k]][c] * (0.3 + 0.7 * Math.abs(normals[3 * k + 2])));
    for (let k = 0; k < 68; k++) {
      const [x, y] = [Math.floor(landmarks[2 * k]), Math.floor(landmarks[2 * k + 1])];
      if (x >= 0 && y >= 0 && x < size && y < size) bytes.fill(255, 3 * (y * size + x), 3 * (y * size + x) + 3);
    }
    return bytes;
  },
};

/** Writes rows of tiles of one size as a JPEG or PNG file. */
export async function writeSheet(path, rows, size) {
  const columns = Math.max(...rows.map((row) => row.length));
  const width = columns * size;
  const sheet = Buffer.alloc(width * rows.length * size * 3);
  rows.forEach((row, r) =>
    row.forEach((bytes, c) => {
      for (let y = 0; y < size; y++)
        sheet.set(bytes.subarray(3 * y * size, 3 * (y + 1) * size), 3 * ((r * size + y) * width + c * size));
    }),
  );
  const image = sharp(sheet, { raw: { width, height: rows.length * size, channels: 3 } });
  await (path.endsWith('.png') ? image.png() : image.jpeg({ quality: 84, mozjpeg: true })).toFile(path);
}
