import { host } from '@chiaro/tensor/host';
import { FormatError, bytesToLinear, decodePixels } from '../engine.js';
import type { DecodedImage, ImageSource } from '../engine.js';
import type { HostImage } from '../fit/types.js';

/** A photograph ready for a fit: upright, opaque, three channels, at the working size. */
export interface Photo {
  /** File name or another name for people. */
  readonly name: string;
  /** [height, width, 3] linear RGB in [0, 1]. */
  readonly image: HostImage;
  /** [height * width * 3] the same in 8-bit sRGB: what landmark networks take. */
  readonly srgb: Uint8Array;
  /** The working size in pixels. */
  readonly width: number;
  readonly height: number;
  /** The size in the file, upright. */
  readonly originalWidth: number;
  readonly originalHeight: number;
  /** What was done to it, for people: rotated, reduced, converted. */
  readonly notes: readonly string[];
}

/** How a photograph is read. */
export interface PhotoOptions {
  /** Pixels of the longer side that larger photographs are reduced to; 2048 if not given. */
  readonly longestSide?: number;
  /** Name for messages and reports; the last part of the path, or `photo`, if not given. */
  readonly name?: string;
}

/** Photographs with a shorter side (after reduction) hold no face that could be fitted. */
const shortestSide = 64;

/** Transparent pixels become middle grey: what they hold is often garbage, and black or white would be edges. */
const background = [128, 128, 128] as const;

const kinds = 'a JPEG, PNG, WebP, TIFF, GIF or AVIF file';

/** What is wrong with bytes that cannot be decoded, as far as their first bytes tell, and what to do. */
function advice(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty; copy or download it again';
  const text = String.fromCharCode(...bytes.subarray(0, 64)); // a browser's latin1 is Windows-1252
  if (/^....ftyp(heic|heix|hevc|mif1|msf1)/s.test(text)) {
    return 'HEIC photographs cannot be read; export it as JPEG (on a phone: "most compatible")';
  }
  if (/^%PDF|^\s*<(\?xml|svg|!doctype|html)/i.test(text)) return `this is a document, no photograph; give ${kinds}`;
  const isImage = /^(\xff\xd8\xff|\x89PNG|RIFF....WEBP|GIF8|II\*\0|MM\0\*|....ftypavif)/s.test(text);
  if (isImage) return 'the file is damaged, cut off or too large; copy or download it again, or save it anew';
  return `this is no image; give ${kinds}`;
}

/** What was done to the photograph, one line each. */
function notesOf(source: ImageSource, { width, height }: DecodedImage): string[] {
  const notes: string[] = [];
  if (source.turned) notes.push('turned upright by its EXIF orientation');
  if (source.space === 'cmyk') notes.push('converted from CMYK to sRGB');
  if (source.space === 'b-w' || source.space === 'grey16') {
    notes.push('grey-scale: skin colour and the colour of the light cannot be told from it');
  }
  if ((source.bitsPerChannel ?? 8) > 8) notes.push(`read with 8 of ${source.bitsPerChannel} bits per channel`);
  if (source.hasAlpha) notes.push('transparent parts laid over middle grey');
  if (width !== source.width) {
    notes.push(`reduced from ${source.width} x ${source.height} to ${width} x ${height} pixels`);
  }
  return notes;
}

/**
 * Reads a photograph: a path (or file: URL; in browsers anything `fetch` takes) or the bytes of a file. EXIF
 * orientation is applied; CMYK, embedded profiles, grey and 16 bits become 8-bit sRGB; transparent pixels become middle
 * grey; of an animation the first frame is taken. Photographs over `longestSide` are reduced while they are decoded, so
 * that 40 megapixels and more need little memory; more than 134 megapixels (2^27) are refused.
 * @throws FormatError that says what to do for anything that is no photograph, damaged, cut off, too large or too small.
 * @throws ChiaroError if the file cannot be read.
 */
export async function loadPhoto(from: string | Uint8Array<ArrayBuffer>, options: PhotoOptions = {}): Promise<Photo> {
  const { longestSide = 2048 } = options;
  const name = options.name ?? (typeof from === 'string' ? from.split(/[/\\]/).at(-1)! : 'photo');
  const bytes = typeof from === 'string' ? await host.readFile(from) : from;
  let pixels: DecodedImage;
  try {
    pixels = await decodePixels(bytes, { longestSide, background });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${name}: ${advice(bytes)} (${cause.message})`, { cause });
  }
  const { width, height, data, source } = pixels;
  if (Math.min(width, height) < shortestSide) {
    throw new FormatError(
      `${name}: ${width} x ${height} pixels are too few (both sides at least ${shortestSide}); give a larger photograph`,
    );
  }
  return {
    name,
    image: { width, height, channels: 3, data: bytesToLinear(data) },
    srgb: data,
    width,
    height,
    originalWidth: source.width,
    originalHeight: source.height,
    notes: notesOf(source, pixels),
  };
}
