import sharp from 'sharp';
import { FormatError } from '../../engine.js';
import { mostPixels } from '../codec.js';
import type { ImageCodec } from '../codec.js';

/** The codec of Node: sharp. */
export const codec: ImageCodec = {
  async decode(bytes) {
    try {
      const decoder = sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' });
      const { data, info } = await decoder
        .autoOrient()
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      const { width, height, channels } = info;
      if (channels === 3 || channels === 4) return { width, height, channels, data: new Uint8Array(data) };
      // grey, with or without alpha
      const spread = new Uint8Array(width * height * (channels === 2 ? 4 : 3));
      const wide = channels === 2 ? 4 : 3;
      for (let p = 0; p < width * height; p++) {
        spread.fill(data[p * channels], p * wide, p * wide + 3);
        if (channels === 2) spread[p * wide + 3] = data[p * channels + 1];
      }
      return { width, height, channels: wide, data: spread };
    } catch (error) {
      throw new FormatError(`image: cannot be decoded: ${(error as Error).message}`, { cause: error });
    }
  },
  async encode({ width, height, channels, data }, format, quality) {
    const encoder = sharp(data, { raw: { width, height, channels } });
    return new Uint8Array(await (format === 'png' ? encoder.png() : encoder.jpeg({ quality })).toBuffer());
  },
};
