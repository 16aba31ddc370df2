/** An image as files hold it: 8 bits per channel, sRGB, rows from the top, channels interleaved. */
export interface ImageData8 {
  readonly width: number;
  readonly height: number;
  /** 3: red, green, blue; 4: and alpha. */
  readonly channels: 3 | 4;
  /** [height * width * channels] */
  readonly data: Uint8Array;
}

/** The same with 16 bits per channel. */
export interface ImageData16 extends Omit<ImageData8, 'data'> {
  /** [height * width * channels] */
  readonly data: Uint16Array;
}

/** File formats that images are written in. WebP with a quality of 100 is without loss. */
export type ImageFormat = 'png' | 'jpeg' | 'webp';

/** What can be done to an image while it is decoded. */
export interface DecodeOptions {
  /** Images with a longer side are reduced to it, averaging the sRGB values; never enlarged. */
  readonly longestSide?: number;
  /** Transparent pixels are laid over this sRGB colour, 0 to 255, and the result has three channels. */
  readonly background?: readonly [number, number, number];
}

/** What a file held before it was decoded; a browser does not tell all of it. */
export interface ImageSource {
  /** Size, upright. */
  readonly width: number;
  readonly height: number;
  /** `jpeg`, `png`, `heif` ... */
  readonly format?: string;
  /** Turned or mirrored by its EXIF orientation. */
  readonly turned?: boolean;
  /** `srgb`, `cmyk`, `b-w` ... */
  readonly space?: string;
  readonly bitsPerChannel?: number;
  readonly hasAlpha?: boolean;
}

/** A decoded image and what it came from. */
export interface DecodedImage extends ImageData8 {
  readonly source: ImageSource;
}

/** Decoder and encoder of the platform. */
export interface ImageCodec {
  /** Decodes PNG or JPEG (and what else the platform knows), turned upright by its EXIF orientation, in sRGB. */
  decode(bytes: Uint8Array<ArrayBuffer>, options?: DecodeOptions): Promise<DecodedImage>;
  /** As `decode` for files with more than 8 bits per channel; undefined for others, and in browsers, which show 8 bits. */
  decode16(bytes: Uint8Array<ArrayBuffer>): Promise<ImageData16 | undefined>;
  /** @param quality of JPEG and WebP, 1 to 100. */
  encode(image: ImageData8, format: ImageFormat, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /** PNG with 16 bits per channel. @throws FormatError in browsers, which write 8 bits. */
  encode16(image: ImageData16): Promise<Uint8Array<ArrayBuffer>>;
}

/** More pixels than this are refused before they are decoded: 2^26, some 200 MB. */
export const mostPixels = 2 ** 26;

/** The same for images that are reduced while they are read, of which no more than a few rows are held as a rule: 2^27. */
export const mostPixelsReduced = 2 ** 27;
