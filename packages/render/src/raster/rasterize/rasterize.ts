import { ShapeError } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { barycentricDerivatives, barycentrics } from './barycentrics.js';
import { visibility } from './visibility.js';

/**
 * What is seen at the centre of each pixel: images [H, W, ...], or [B, H, W, ...] of a batch. Zero where nothing is. With
 * respect to the clip coordinates, `barycentrics`, `depth` and `derivatives` are differentiable; `triangles` and `mask`
 * are not: silhouettes get their gradients from `antialias`.
 */
export interface RasterHits {
  /** [B?, H, W] int32 number of the triangle, -1 where there is none. */
  readonly triangles: Tensor;
  /** [B?, H, W, 1] bool: is there a triangle? With a last dimension, so that `image.where(hit.mask, 0)` works. */
  readonly mask: Tensor;
  /** [B?, H, W, 2] perspective-correct weights of the triangle's second and third vertex; the first has the rest to 1. */
  readonly barycentrics: Tensor;
  /** [B?, H, W] z / w, in [0, 1]. */
  readonly depth: Tensor;
  /** [B?, H, W, 2, 2] derivatives of the two weights by the pixel's x and, second row, y (downwards). */
  readonly derivatives: Tensor;
  /** What each image was drawn of, where that was not everything: see `RasterizeOptions`. */
  readonly ranges?: RasterizeOptions['ranges'];
}

/** Size of an image in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** What `rasterize` draws. */
export interface RasterizeOptions {
  /**
   * Several meshes in one buffer, an image each: image b shows triangles first to first + count - 1 of the list, and clip
   * coordinates are [V, 4], of all of them. Numbers of triangles are those of the whole list, so `interpolate` and
   * `antialias` take attributes and topology of the whole buffer.
   */
  readonly ranges?: readonly (readonly [first: number, count: number])[];
  /**
   * Depth peeling: what was drawn of the same clip coordinates and triangles. Each pixel shows what comes next behind that,
   * of equally near triangles by their numbers, and nothing where nothing was.
   */
  readonly behind?: RasterHits;
}

/**
 * Finds the nearest triangle at the centre of each pixel, both sides visible, and where on it the pixel lies.
 *
 * Vertices are snapped to 1/256 pixel for deciding what covers what, so that a pixel centre on a shared edge belongs to
 * exactly one of its triangles; all other values are those of the unsnapped triangle. Triangles may reach behind the
 * camera; what has z / w outside of [0, 1] is cut away pixel by pixel. Triangles without area, with a coordinate that is not
 * finite, or with a vertex number that does not exist are not drawn.
 *
 * A batch is one mesh in many poses, clip [B, V, 4], or many meshes in one buffer (`ranges`).
 *
 * Same triangles, same bits: of equally near triangles the one with the smaller number is seen.
 *
 * Each pair of a triangle and a tile of 8 x 8 pixels in which it covers something takes 32 bytes: where adapters bind 128
 * MiB at once, four million of them are the most.
 *
 * @param clip [V, 4] or [B, V, 4] clip coordinates, as `Camera.project` gives them.
 * @param triangles [F, 3] int32 vertex numbers, the same for the whole batch.
 * @param size of the image; `camera.size` will do.
 * @example
 * const hit = rasterize(camera.project(mesh.positions), mesh.triangles, camera.size);
 * const { value: uv, derivatives } = interpolate(mesh.uvs, hit, mesh.uvTriangles);
 * @example
 * const second = rasterize(clip, mesh.triangles, camera.size, { behind: hit }); // the layer behind the first
 */
export function rasterize(
  clip: Tensor,
  triangles: Tensor,
  { height, width }: ImageSize,
  { ranges, behind }: RasterizeOptions = {},
): RasterHits {
  const shape = clip.shape;
  if ((shape.length !== 2 && shape.length !== 3) || shape.at(-1) !== 4) {
    throw new ShapeError(`rasterize: clip coordinates must be [V, 4] or [B, V, 4], got [${shape.join(', ')}]`);
  }
  if (triangles.rank !== 2 || triangles.shape[1] !== 3 || triangles.dtype.startsWith('float')) {
    throw new ShapeError(
      `rasterize: triangles must be [F, 3] whole numbers, got ${triangles.dtype} [${triangles.shape.join(', ')}]`,
    );
  }
  if (![height, width].every((n) => Number.isInteger(n) && n > 0 && n <= 2 ** 14)) {
    throw new ShapeError(`rasterize: height and width must be whole numbers from 1 to 16384, got ${height} x ${width}`);
  }
  const count = triangles.shape[0];
  if (ranges) checkRanges(ranges, count, shape);
  const batch = ranges ? [ranges.length] : shape.slice(0, -2);
  const frames = batch[0] ?? 1;
  const image = [...batch, height, width];
  if (behind && behind.triangles.shape.join() !== image.join()) {
    throw new ShapeError(
      `rasterize: 'behind' must be images [${image.join(', ')}] as these, got [${behind.triangles.shape.join(', ')}]`,
    );
  }
  const vertices = shape.at(-2)!;
  const frame = { frames, width, height, vertices, stride: ranges ? 0 : vertices };
  const rows = clip.reshape([clip.size / 4, 4]);
  const faces = triangles.to('int32');
  const parts = ranges ?? Array.from({ length: frames }, () => [0, count] as const);
  const ids = visibility({ clip: rows, triangles: faces, parts, previous: behind?.triangles }, frame);
  const covered = { clip: rows, triangles: faces, ids };
  const { weights, depth } = barycentrics(covered, frame);
  const { slopes } = barycentricDerivatives(covered, frame);
  const found = ids.reshape(image);
  return {
    triangles: found,
    mask: found.ge(0).unsqueeze(-1),
    barycentrics: weights.reshape([...image, 2]),
    depth: depth.reshape(image),
    derivatives: slopes.reshape([...image, 2, 2]),
    ...(ranges && { ranges }),
  };
}

function checkRanges(ranges: readonly (readonly [number, number])[], count: number, clip: readonly number[]): void {
  const isPart = ([first, length]: readonly [number, number]): boolean =>
    [first, length].every((n) => Number.isInteger(n) && n >= 0) && first + length <= count;
  const wrong = ranges.find((range) => !isPart(range));
  if (wrong) throw new ShapeError(`rasterize: range [${wrong.join(', ')}] is no part of ${count} triangles`);
  if (clip.length !== 2 || ranges.length === 0) {
    throw new ShapeError(
      `rasterize: 'ranges' needs at least one and clip coordinates [V, 4] of the whole buffer, got ${ranges.length} ` +
        `ranges and [${clip.join(', ')}]`,
    );
  }
}
