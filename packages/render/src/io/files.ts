import { codec } from '#codec';
import { host } from '@chiaro/tensor/host';
import { FormatError, ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mesh } from '../geometry/mesh.js';
import type { Mesh } from '../geometry/mesh.js';
import { parseOBJ } from '../geometry/files/obj.js';
import { parsePLY } from '../geometry/files/ply.js';
import { linearToSRGB } from '../image/color.js';

/** sRGB bytes to linear light. */
const linear = Float32Array.from({ length: 256 }, (_, k) => {
  const x = k / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
});

/**
 * The bytes of a PNG or JPEG file -> linear RGB in [0, 1], [1, H, W, 3], or [1, H, W, 4] with `alpha` (not
 * premultiplied; 1 where the file has none). Turned upright by its EXIF orientation.
 * @throws FormatError for anything that is no image.
 */
export async function decodeImage(bytes: Uint8Array<ArrayBuffer>, { alpha = false } = {}): Promise<Tensor> {
  const { width, height, channels, data } = await codec.decode(bytes);
  const wide = alpha ? 4 : 3;
  const values = new Float32Array(width * height * wide);
  for (let p = 0; p < width * height; p++) {
    for (let k = 0; k < 3; k++) values[p * wide + k] = linear[data[p * channels + k]];
    if (alpha) values[p * wide + 3] = channels === 4 ? data[p * channels + 3] / 255 : 1;
  }
  return tensor(values, [1, height, width, wide]);
}

/** An image of linear RGB [1, H, W, 3] or [H, W, 3] -> the bytes of a file, clipped to [0, 1], in sRGB. */
export async function encodeImage(
  image: Tensor,
  { format = 'png', quality = 92 }: { readonly format?: 'png' | 'jpeg'; readonly quality?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const shape = image.rank === 4 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  const [height, width, channels] = shape;
  if (shape.length !== 3 || channels !== 3 || height === 0 || width === 0) {
    throw new ShapeError(`encodeImage: needs [1, H, W, 3] or [H, W, 3], got [${image.shape.join(', ')}]`);
  }
  const values = await linearToSRGB(image).mul(255).data();
  return codec.encode(
    { width, height, channels, data: new Uint8Array(Uint8ClampedArray.from(values)) },
    format,
    quality,
  );
}

/** Reads an image file (Node: a path or file: URL; browser: anything `fetch` takes); see `decodeImage`. */
export async function loadImage(path: string, options: { readonly alpha?: boolean } = {}): Promise<Tensor> {
  return decodeImage(await host.readFile(path), options);
}

/** Writes an image as PNG, or as JPEG where the name says so; see `encodeImage`. */
export async function saveImage(path: string, image: Tensor, { quality = 92 } = {}): Promise<void> {
  const format = /\.jpe?g$/i.test(path) ? 'jpeg' : 'png';
  await host.writeFile(path, await encodeImage(image, { format, quality }));
}

/** Reads a mesh file, OBJ or PLY by its name. @throws FormatError for other or broken files. */
export async function loadMesh(path: string): Promise<Mesh> {
  const bytes = await host.readFile(path);
  if (/\.obj$/i.test(path)) return mesh(parseOBJ(new TextDecoder().decode(bytes)));
  if (/\.ply$/i.test(path)) return mesh(parsePLY(bytes));
  throw new FormatError(`loadMesh: ${path} is neither .obj nor .ply`);
}
