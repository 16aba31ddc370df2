/** Sizes that the kernels of the rasterizer know: `frames` images of width x height pixels, each of `vertices` vertices. */
export interface Frame {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Rows of clip coordinates that an image may use. */
  readonly vertices: number;
  /** Rows from the first of an image to the first of the next: `vertices`, or 0 where all images share them. */
  readonly stride: number;
}
