import { codec } from '#codec';
import { host } from '@chiaro/tensor/host';
import { FormatError, ShapeError, concat, ones, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { linearOfByte, linearOfSRGB } from '../image/bytes.js';
import { linearToSRGB } from '../image/color.js';
import type { DecodedImage, DecodeOptions, ImageData8, ImageFormat } from './codec.js';
import { isEXR } from './exr/chunks.js';
import { parseEXR, writeEXR } from './exr/exr.js';
import { isHDR, parseHDR, writeHDR } from './hdr.js';
import type { FloatImage } from './radiance.js';

/** Formats that images are written in: sRGB bytes, or linear floats. */
export type ImageFileFormat = 'png' | 'jpeg' | 'webp' | 'hdr' | 'exr';

/**
 * The bytes of an image file -> linear RGB, [1, H, W, 3], or [1, H, W, 4] with `alpha` (not premultiplied; 1 where the
 * file has none). PNG, JPEG and WebP come as [0, 1], turned upright by their EXIF orientation, with 16 bits where the
 * file has them (8 in browsers); Radiance (.hdr) and OpenEXR files as the light that they hold. The format is found from the bytes.
 * @throws FormatError for anything that is no image.
 */
export async function decodeImage(bytes: Uint8Array<ArrayBuffer>, { alpha = false } = {}): Promise<Tensor> {
  if (isHDR(bytes)) return ofFloats(parseHDR(bytes), alpha);
  if (isEXR(bytes)) return ofFloats(await parseEXR(bytes), alpha);
  const deep = await codec.decode16(bytes);
  const { width, height, channels, data } = deep ?? (await codec.decode(bytes));
  const most = deep ? 65535 : 255;
  const linear = deep ? (v: number): number => linearOfSRGB(v / most) : (v: number): number => linearOfByte[v];
  const wide = alpha ? 4 : 3;
  const values = new Float32Array(width * height * wide);
  for (let p = 0; p < width * height; p++) {
    for (let k = 0; k < 3; k++) values[p * wide + k] = linear(data[p * channels + k]);
    if (alpha) values[p * wide + 3] = channels === 4 ? data[p * channels + 3] / most : 1;
  }
  return tensor(values, [1, height, width, wide]);
}

function ofFloats({ width, height, channels, data }: FloatImage, alpha: boolean): Tensor {
  const image = tensor(data, [1, height, width, channels]);
  if (alpha && channels === 3) return concat([image, ones([1, height, width, 1])], 3);
  return alpha ? image : image.narrow(3, 0, 3);
}

/** How `encodeImage` writes. */
export interface EncodeOptions {
  readonly format?: ImageFileFormat;
  /** Of JPEG and WebP, 1 to 100 (default 92); WebP of 100 is without loss. */
  readonly quality?: number;
  /** Per channel, of PNG (default 8). */
  readonly bits?: 8 | 16;
}

/**
 * An image of linear RGB [1, H, W, 3] or [H, W, 3], or of four channels with alpha (not premultiplied), -> the bytes of a
 * file. PNG, JPEG and WebP: clipped to [0, 1], in sRGB. HDR: 8 bits with a shared exponent. EXR: floats, as they are. JPEG
 * and HDR leave alpha out.
 * @throws ShapeError for other shapes, FormatError for 16 bits of anything but PNG.
 */
export async function encodeImage(
  image: Tensor,
  { format = 'png', quality = 92, bits = 8 }: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const shape = image.rank === 4 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  const [height, width, channels] = shape;
  if (shape.length !== 3 || (channels !== 3 && channels !== 4) || height === 0 || width === 0) {
    throw new ShapeError(
      `encodeImage: needs [1, H, W, 3] or [H, W, 3], or four channels with alpha, got [${image.shape.join(', ')}]`,
    );
  }
  if (bits === 16 && format !== 'png')
    throw new FormatError(`encodeImage: ${format} has no 16 bits per channel; write PNG`);
  if (format === 'hdr' || format === 'exr') {
    const data = (await image.to('float32').data()) as Float32Array;
    return (format === 'hdr' ? writeHDR : writeEXR)({ width, height, channels, data });
  }
  const colors = linearToSRGB(image.narrow(-1, 0, 3));
  const shown = channels === 4 ? concat([colors, image.narrow(-1, 3, 1)], image.rank - 1) : colors;
  const most = 2 ** bits - 1;
  const values = await shown.mul(most).data();
  const size = { width, height, channels: channels as 3 | 4 };
  if (bits === 16) {
    // a typed array would wrap around; NaN becomes 0
    const data = Uint16Array.from(values, (v) => Math.round(Math.min(most, Math.max(0, v || 0))));
    return codec.encode16({ ...size, data });
  }
  return codec.encode({ ...size, data: new Uint8Array(Uint8ClampedArray.from(values)) }, format, quality);
}

/**
 * The bytes of an image file -> 8-bit sRGB pixels on the host, upright, reduced and laid over a background if asked
 * for, and what the file held. Needs no GPU.
 * @throws FormatError for anything that is no image, and for more than 2^27 pixels (2^26 if not reduced).
 */
export const decodePixels = (bytes: Uint8Array<ArrayBuffer>, options?: DecodeOptions): Promise<DecodedImage> =>
  codec.decode(bytes, options);

/**
 * 8-bit sRGB pixels on the host -> the bytes of a PNG, JPEG or WebP file. Needs no GPU.
 * @param quality of JPEG and WebP, 1 to 100.
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

/** Writes an image as its name says, .jpg, .webp, .hdr or .exr, else as PNG; see `encodeImage`. */
export async function saveImage(
  path: string,
  image: Tensor,
  options: Omit<EncodeOptions, 'format'> = {},
): Promise<void> {
  const ending = /\.(jpe?g|webp|hdr|exr)$/i.exec(path)?.[1].toLowerCase() ?? 'png';
  const format = ending === 'jpg' ? 'jpeg' : (ending as ImageFileFormat);
  await host.writeFile(path, await encodeImage(image, { ...options, format }));
}
