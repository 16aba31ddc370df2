/** An image as files hold it: 8 bits per channel, sRGB, rows from the top, channels interleaved. */
export interface ImageData8 {
  readonly width: number;
  readonly height: number;
  /** 3: red, green, blue; 4: and alpha. */
  readonly channels: 3 | 4;
  /** [height * width * channels] */
  readonly data: Uint8Array;
}

/** File formats that images are written in. */
export type ImageFormat = 'png' | 'jpeg';

/** Decoder and encoder of the platform. */
export interface ImageCodec {
  /** Decodes PNG or JPEG (and what else the platform knows), turned upright by its EXIF orientation. */
  decode(bytes: Uint8Array<ArrayBuffer>): Promise<ImageData8>;
  /** @param quality of JPEG, 1 to 100. */
  encode(image: ImageData8, format: ImageFormat, quality: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** More pixels than this are refused before they are decoded: 2^26, some 200 MB. */
export const mostPixels = 2 ** 26;
