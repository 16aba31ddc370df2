import { FormatError } from '../../engine.js';
import { mostPixels, mostPixelsReduced } from '../codec.js';
import type { ImageCodec } from '../codec.js';

function context(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const found = new OffscreenCanvas(width, height).getContext('2d', { colorSpace: 'srgb', willReadFrequently: true });
  if (found === null) throw new FormatError('image: this browser has no 2D canvas');
  return found;
}

/** The codec of browsers: createImageBitmap and a canvas. Always four channels. */
export const codec: ImageCodec = {
  async decode(bytes, { longestSide, background } = {}) {
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
    } catch (error) {
      throw new FormatError(`image: cannot be decoded: ${(error as Error).message}`, { cause: error });
    }
    const source = { width: bitmap.width, height: bitmap.height };
    if (source.width * source.height > (longestSide === undefined ? mostPixels : mostPixelsReduced)) {
      bitmap.close();
      throw new FormatError(`image: ${source.width} x ${source.height} pixels are too many`);
    }
    const scale = Math.min(1, (longestSide ?? Infinity) / Math.max(source.width, source.height));
    const width = Math.max(1, Math.round(source.width * scale));
    const height = Math.max(1, Math.round(source.height * scale));
    const canvas = context(width, height);
    if (background) {
      canvas.fillStyle = `rgb(${background.join(', ')})`;
      canvas.fillRect(0, 0, width, height);
    }
    canvas.imageSmoothingQuality = 'high';
    canvas.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const { data } = canvas.getImageData(0, 0, width, height);
    const pixels = new Uint8Array(data.buffer);
    if (!background) return { width, height, channels: 4, data: pixels, source };
    const opaque = new Uint8Array(width * height * 3);
    for (let p = 0; p < width * height; p++) opaque.set(pixels.subarray(4 * p, 4 * p + 3), 3 * p);
    return { width, height, channels: 3, data: opaque, source };
  },
  decode16: () => Promise.resolve(undefined),
  async encode({ width, height, channels, data }, format, quality) {
    const canvas = context(width, height);
    const pixels = canvas.createImageData(width, height);
    for (let p = 0; p < width * height; p++) {
      pixels.data.set(data.subarray(p * channels, p * channels + 3), 4 * p);
      pixels.data[4 * p + 3] = channels === 4 ? data[4 * p + 3] : 255;
    }
    canvas.putImageData(pixels, 0, 0);
    const blob = await canvas.canvas.convertToBlob({ type: `image/${format}`, quality: quality / 100 });
    // a browser that cannot write a format writes PNG instead
    if (blob.type !== `image/${format}`) throw new FormatError(`image: this browser writes no ${format}`);
    return new Uint8Array(await blob.arrayBuffer());
  },
  encode16: () =>
    Promise.reject(new FormatError('image: browsers write 8 bits per channel; write EXR for more, or use Node')),
};
