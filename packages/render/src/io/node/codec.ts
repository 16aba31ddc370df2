import sharp from 'sharp';
import type { Metadata, OutputInfo, Sharp } from 'sharp';
import { FormatError } from '../../engine.js';
import { mostPixels, mostPixelsReduced } from '../codec.js';
import type { ImageCodec, ImageSource } from '../codec.js';

/** Drawings are not decoded: librsvg would follow what they refer to. */
const formats = new Set(['jpeg', 'png', 'webp', 'tiff', 'gif', 'heif']);

const bits: Readonly<Record<string, number>> = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
};

function sourceOf({ format, space, depth, hasAlpha, orientation, autoOrient }: Metadata): ImageSource {
  if (!formats.has(format)) throw new FormatError(`image: ${format} files are not read`);
  return {
    width: autoOrient.width,
    height: autoOrient.height,
    format,
    space,
    hasAlpha,
    turned: (orientation ?? 1) > 1,
    bitsPerChannel: bits[depth],
  };
}

/** Pixels of three or four channels; grey ones, with or without alpha, are spread into a new list, which `make` makes. */
function colourPixels<T extends Uint8Array | Uint16Array>(
  { width, height, channels }: OutputInfo,
  values: T,
  make: (length: number) => T,
): { width: number; height: number; channels: 3 | 4; data: T } {
  if (channels === 3 || channels === 4) return { width, height, channels, data: values };
  if (channels !== 1 && channels !== 2) throw new FormatError(`image: ${String(channels)} channels are not read`);
  const wide = channels === 2 ? 4 : 3;
  const data = make(width * height * wide);
  for (let p = 0; p < width * height; p++) {
    data.fill(values[p * channels], p * wide, p * wide + 3);
    if (channels === 2) data[p * wide + 3] = values[p * channels + 1];
  }
  return { width, height, channels: wide, data };
}

function failed(error: unknown): never {
  if (error instanceof FormatError) throw error;
  throw new FormatError(`image: cannot be decoded: ${(error as Error).message}`, { cause: error });
}

/** The codec of Node: sharp. */
export const codec: ImageCodec = {
  async decode(bytes, { longestSide, background } = {}) {
    try {
      const limitInputPixels = longestSide === undefined ? mostPixels : mostPixelsReduced;
      const decoder: Sharp = sharp(bytes, { limitInputPixels, failOn: 'error' });
      const source = sourceOf(await decoder.metadata());
      decoder.autoOrient();
      if (background) decoder.flatten({ background: { r: background[0], g: background[1], b: background[2] } });
      if (longestSide !== undefined) {
        decoder.resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true });
      }
      const { data, info } = await decoder
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      return { ...colourPixels(info, new Uint8Array(data), (length) => new Uint8Array(length)), source };
    } catch (error) {
      return failed(error);
    }
  },
  async decode16(bytes) {
    try {
      const decoder = sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' });
      const { bitsPerChannel = 8 } = sourceOf(await decoder.metadata());
      if (bitsPerChannel <= 8) return undefined;
      const { data, info } = await decoder
        .autoOrient()
        .toColourspace('rgb16')
        .raw({ depth: 'ushort' })
        .toBuffer({ resolveWithObject: true });
      const values = new Uint16Array(new Uint8Array(data).buffer);
      return colourPixels(info, values, (length) => new Uint16Array(length));
    } catch (error) {
      return failed(error);
    }
  },
  async encode({ width, height, channels, data }, format, quality) {
    const encoder = sharp(data, { raw: { width, height, channels } });
    const chromaSubsampling = quality >= 90 ? '4:4:4' : '4:2:0'; // who asks for that much wants sharp colours too
    const encoded = {
      png: () => encoder.png(),
      jpeg: () => encoder.jpeg({ quality, chromaSubsampling }),
      webp: () => encoder.webp(quality === 100 ? { lossless: true } : { quality }),
    }[format]();
    return new Uint8Array(await encoded.toBuffer());
  },
  async encode16({ width, height, channels, data }) {
    const encoder = sharp(data, { raw: { width, height, channels } });
    return new Uint8Array(await encoder.toColourspace('rgb16').png().toBuffer());
  },
};
