/** An image of floats as .hdr and .exr files hold it: linear light, rows from the top, channels interleaved. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** 3: red, green, blue; 4: and alpha. */
  readonly channels: 3 | 4;
  /** [height * width * channels] */
  readonly data: Float32Array;
}
