import { codec } from '#codec';
import { host } from '@chiaro/tensor/host';
import { FormatError, ShapeError, concat, ones, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mesh } from '../geometry/mesh.js';
import type { Mesh } from '../geometry/mesh.js';
import { parseOBJ } from '../geometry/files/obj.js';
import { parsePLY } from '../geometry/files/ply.js';
import { linearOfByte } from '../image/bytes.js';
import { linearToSRGB } from '../image/color.js';
import type { DecodedImage, DecodeOptions, ImageData8, ImageFormat } from './codec.js';
import { isEXR } from './exr/chunks.js';
import { parseEXR, writeEXR } from './exr/exr.js';
import { isHDR, parseHDR, writeHDR } from './hdr.js';
import type { FloatImage } from './radiance.js';

/** Formats that images are written in: sRGB bytes, or linear floats. */
export type ImageFileFormat = 'png' | 'jpeg' | 'hdr' | 'exr';

/**
 * The bytes of an image file -> linear RGB, [1, H, W, 3], or [1, H, W, 4] with `alpha` (not premultiplied; 1 where the
 * file has none). PNG and JPEG come as [0, 1], turned upright by their EXIF orientation; Radiance (.hdr) and OpenEXR
 * files as the light that they hold. The format is found from the bytes.
 * @throws FormatError for anything that is no image.
 */
export async function decodeImage(bytes: Uint8Array<ArrayBuffer>, { alpha = false } = {}): Promise<Tensor> {
  if (isHDR(bytes)) return ofFloats(parseHDR(bytes), alpha);
  if (isEXR(bytes)) return ofFloats(await parseEXR(bytes), alpha);
  const { width, height, channels, data } = await codec.decode(bytes);
  const wide = alpha ? 4 : 3;
  const values = new Float32Array(width * height * wide);
  for (let p = 0; p < width * height; p++) {
    for (let k = 0; k < 3; k++) values[p * wide + k] = linearOfByte[data[p * channels + k]];
    if (alpha) values[p * wide + 3] = channels === 4 ? data[p * channels + 3] / 255 : 1;
  }
  return tensor(values, [1, height, width, wide]);
}

function ofFloats({ width, height, channels, data }: FloatImage, alpha: boolean): Tensor {
  const image = tensor(data, [1, height, width, channels]);
  if (alpha && channels === 3) return concat([image, ones([1, height, width, 1])], 3);
  return alpha ? image : image.narrow(3, 0, 3);
}

/**
 * An image of linear RGB [1, H, W, 3] or [H, W, 3] -> the bytes of a file. PNG and JPEG: clipped to [0, 1], in sRGB. HDR:
 * 8 bits with a shared exponent. EXR: floats, as they are.
 */
export async function encodeImage(
  image: Tensor,
  { format = 'png', quality = 92 }: { readonly format?: ImageFileFormat; readonly quality?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const shape = image.rank === 4 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  const [height, width, channels] = shape;
  if (shape.length !== 3 || channels !== 3 || height === 0 || width === 0) {
    throw new ShapeError(`encodeImage: needs [1, H, W, 3] or [H, W, 3], got [${image.shape.join(', ')}]`);
  }
  if (format === 'hdr' || format === 'exr') {
    const data = (await image.to('float32').data()) as Float32Array;
    return (format === 'hdr' ? writeHDR : writeEXR)({ width, height, channels, data });
  }
  const values = await linearToSRGB(image).mul(255).data();
  return codec.encode(
    { width, height, channels, data: new Uint8Array(Uint8ClampedArray.from(values)) },
    format,
    quality,
  );
}

/**
 * The bytes of an image file -> 8-bit sRGB pixels on the host, upright, reduced and laid over a background if asked
 * for, and what the file held. Needs no GPU.
 * @throws FormatError for anything that is no image, and for more than 2^27 pixels (2^26 if not reduced).
 */
export const decodePixels = (bytes: Uint8Array<ArrayBuffer>, options?: DecodeOptions): Promise<DecodedImage> =>
  codec.decode(bytes, options);

/**
 * 8-bit sRGB pixels on the host -> the bytes of a PNG or JPEG file. Needs no GPU.
 * @param quality of JPEG, 1 to 100.
 * @throws ShapeError if the pixels do not fill width x height x channels.
 */
export async function encodePixels(
  image: ImageData8,
  { format = 'png', quality = 92 }: { readonly format?: ImageFormat; readonly quality?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, channels, data } = image;
  if (width * height === 0 || data.length !== width * height * channels) {
    throw new ShapeError(
      `encodePixels: ${data.length} bytes are not ${width} x ${height} pixels of ${channels} channels`,
    );
  }
  return codec.encode(image, format, quality);
}

/** Reads an image file (Node: a path or file: URL; browser: anything `fetch` takes); see `decodeImage`. */
export async function loadImage(path: string, options: { readonly alpha?: boolean } = {}): Promise<Tensor> {
  return decodeImage(await host.readFile(path), options);
}

/** Writes an image as its name says, .jpg, .hdr or .exr, else as PNG; see `encodeImage`. */
export async function saveImage(path: string, image: Tensor, { quality = 92 } = {}): Promise<void> {
  const ending = /\.(jpe?g|hdr|exr)$/i.exec(path)?.[1].toLowerCase() ?? 'png';
  const format = ending === 'jpg' ? 'jpeg' : (ending as ImageFileFormat);
  await host.writeFile(path, await encodeImage(image, { format, quality }));
}

/** Reads a mesh file, OBJ or PLY by its name. @throws FormatError for other or broken files. */
export async function loadMesh(path: string): Promise<Mesh> {
  const bytes = await host.readFile(path);
  if (/\.obj$/i.test(path)) return mesh(parseOBJ(new TextDecoder().decode(bytes)));
  if (/\.ply$/i.test(path)) return mesh(parsePLY(bytes));
  throw new FormatError(`loadMesh: ${path} is neither .obj nor .ply`);
}
