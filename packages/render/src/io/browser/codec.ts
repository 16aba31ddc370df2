import { FormatError } from '../../engine.js';
import { mostPixels } from '../codec.js';
import type { ImageCodec } from '../codec.js';

function context(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const found = new OffscreenCanvas(width, height).getContext('2d', { colorSpace: 'srgb', willReadFrequently: true });
  if (found === null) throw new FormatError('image: this browser has no 2D canvas');
  return found;
}

/** The codec of browsers: createImageBitmap and a canvas. Always four channels. */
export const codec: ImageCodec = {
  async decode(bytes) {
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image', premultiplyAlpha: 'none' });
    } catch (error) {
      throw new FormatError(`image: cannot be decoded: ${(error as Error).message}`, { cause: error });
    }
    const { width, height } = bitmap;
    if (width * height > mostPixels) throw new FormatError(`image: ${width} x ${height} pixels are too many`);
    const canvas = context(width, height);
    canvas.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = canvas.getImageData(0, 0, width, height);
    return { width, height, channels: 4, data: new Uint8Array(data.buffer) };
  },
  async encode({ width, height, channels, data }, format, quality) {
    const canvas = context(width, height);
    const pixels = canvas.createImageData(width, height);
    for (let p = 0; p < width * height; p++) {
      pixels.data.set(data.subarray(p * channels, p * channels + 3), 4 * p);
      pixels.data[4 * p + 3] = channels === 4 ? data[4 * p + 3] : 255;
    }
    canvas.putImageData(pixels, 0, 0);
    const blob = await canvas.canvas.convertToBlob({ type: `image/${format}`, quality: quality / 100 });
    return new Uint8Array(await blob.arrayBuffer());
  },
};
