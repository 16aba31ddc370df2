import { ShapeError } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { RasterHits } from '../rasterize/rasterize.js';
import { blend } from './blendAttributes.js';

/** Attributes at pixels. */
export interface Interpolated {
  /** [B?, H, W, C]; zero where there is no triangle. */
  readonly value: Tensor;
  /**
   * [B?, H, W, 2, C] derivatives of the value by the pixel's x and, second row, y (downwards): what `texture` chooses mip
   * levels by. Costs nothing unless it is used.
   */
  readonly derivatives: Tensor;
}

/** Rows of pixels that an invocation of the gradient adds up. */
const runLength = 8;

/**
 * Attributes of vertices at the pixels of a raster image, perspective-correct. Differentiable in the attributes and in what
 * is under the pixels, hence in the clip coordinates.
 *
 * @param attributes [V, C], or [B, V, C] where each image of a batch has its own.
 * @param hit from `rasterize`.
 * @param triangles [F, 3] int32, which rows of `attributes` stand at the corners: the triangles that were drawn, or a list
 * of their own as `Mesh.uvTriangles`. All row numbers must exist.
 */
export function interpolate(attributes: Tensor, hit: RasterHits, triangles: Tensor): Interpolated {
  const image = hit.triangles.shape;
  const batched = attributes.rank === 3;
  if ((attributes.rank !== 2 && !batched) || (batched && (image.length !== 3 || attributes.shape[0] !== image[0]))) {
    throw new ShapeError(
      `interpolate: attributes must be [V, C], or [B, V, C] for a batch of equally many images; ` +
        `got [${attributes.shape.join(', ')}] for images [${image.join(', ')}]`,
    );
  }
  if (triangles.rank !== 2 || triangles.shape[1] !== 3 || triangles.dtype.startsWith('float')) {
    throw new ShapeError(
      `interpolate: triangles must be [F, 3] whole numbers, got ${triangles.dtype} [${triangles.shape.join(', ')}]`,
    );
  }
  const [height, width] = image.slice(-2);
  const [vertices, channels] = attributes.shape.slice(-2);
  const frames = image.length === 3 ? image[0] : 1;
  const pixels = frames * height * width;
  const total = (batched ? frames : 1) * vertices;
  const common = {
    triangles: triangles.to('int32'),
    ids: hit.triangles.reshape([pixels]),
    attributes: attributes.reshape([total, channels]),
  };
  const sizes = { framePixels: height * width, rows: batched ? vertices : 0, total, width, run: runLength, three: 3 };
  const weights = hit.barycentrics.reshape([pixels, 2]);
  const slopes = hit.derivatives.reshape([2 * pixels, 2]);
  return {
    value: blend({ ...common, weights }, { ...sizes, base: 1, perPixel: 1 }).reshape([...image, channels]),
    derivatives: blend({ ...common, weights: slopes }, { ...sizes, base: 0, perPixel: 2 }).reshape([
      ...image,
      ...[2, channels],
    ]),
  };
}
