/** Sizes that the kernels of the rasterizer know: `frames` images of width x height pixels, each of `vertices` vertices. */
export interface Frame {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly vertices: number;
}
