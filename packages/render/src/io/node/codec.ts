import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
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

/** Three or four channels from one or two (grey, with or without alpha). */
function spreadGrey(data: Uint8Array, pixels: number, channels: 1 | 2): Uint8Array {
  const wide = channels + 2;
  const spread = new Uint8Array(pixels * wide);
  for (let p = 0; p < pixels; p++) {
    spread.fill(data[p * channels], p * wide, p * wide + 3);
    if (channels === 2) spread[p * wide + 3] = data[p * channels + 1];
  }
  return spread;
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
      const { width, height, channels } = info;
      if (channels === 3 || channels === 4) return { width, height, channels, data: new Uint8Array(data), source };
      if (channels !== 1 && channels !== 2) throw new FormatError(`image: ${String(channels)} channels are not read`);
      const wide = channels === 2 ? 4 : 3;
      return { width, height, channels: wide, data: spreadGrey(data, width * height, channels), source };
    } catch (error) {
      if (error instanceof FormatError) throw error;
      throw new FormatError(`image: cannot be decoded: ${(error as Error).message}`, { cause: error });
    }
  },
  async encode({ width, height, channels, data }, format, quality) {
    const encoder = sharp(data, { raw: { width, height, channels } });
    const chromaSubsampling = quality >= 90 ? '4:4:4' : '4:2:0'; // who asks for that much wants sharp colours too
    const encoded = format === 'png' ? encoder.png() : encoder.jpeg({ quality, chromaSubsampling });
    return new Uint8Array(await encoded.toBuffer());
  },
};
