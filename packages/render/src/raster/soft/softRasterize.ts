import { ShapeError, concat, full } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { ImageSize } from '../rasterize/rasterize.js';
import { aggregate } from './aggregate.js';

/** How soft. */
export interface SoftRasterizeOptions {
  /** Blur in pixels, above 0: a triangle's share of a pixel is sigmoid(+-d^2 / sigma^2) at d pixels from its rim; 1. */
  readonly sigma?: number;
  /**
   * Above 0: how much nearer, in units of depth z / w, a triangle must be to outweigh another e times; 1e-4. Choose the
   * camera's near and far planes close to the scene.
   */
  readonly gamma?: number;
  /** [C] attributes of the background; zeros by default. */
  readonly background?: Tensor;
}

/** A soft image. */
export interface SoftImage {
  /** [B?, H, W, C] */
  readonly image: Tensor;
  /** [B?, H, W] in [0, 1]: the probability that the pixel is covered, the soft silhouette. */
  readonly alpha: Tensor;
}

/**
 * Draws triangles softly: every triangle has a share in every pixel around it, and a pixel shows the mean of all, by shares
 * and nearness (Liu et al. 2019, Soft Rasterizer, equations 1 to 4). Gradients reach triangles that are hidden, and places
 * where nothing is seen yet: for fitting shapes from far away. Differentiable, exactly, in clip coordinates and attributes.
 *
 * Memory for a pixel does not depend on the number of triangles; each pair of a tile of 8 x 8 pixels and a triangle within
 * 4.1 sigma of it takes 16 bytes (farther shares would be below 6e-8). Same triangles, same bits.
 *
 * Both sides are drawn. Triangles with a vertex behind the camera, a coordinate that is not finite, a vertex number that
 * does not exist or next to no area are not, and of others not what has z / w outside of [0, 1].
 *
 * @param clip [V, 4] or [B, V, 4] clip coordinates, as `Camera.project` gives them.
 * @param triangles [F, 3] vertex numbers, whole.
 * @param attributes [V, C] of the vertices, or [B, V, C] where each image of a batch has its own: colours, say. They are
 * interpolated with regard to perspective; outside of a triangle they are those of its rim.
 * @param size of the image; `camera.size` will do.
 * @example
 * const { image, alpha } = softRasterize(camera.project(mesh.positions), mesh.triangles, colors, camera.size, { sigma: 2 });
 */
export function softRasterize(
  clip: Tensor,
  triangles: Tensor,
  attributes: Tensor,
  { height, width }: ImageSize,
  { sigma = 1, gamma = 1e-4, background }: SoftRasterizeOptions = {},
): SoftImage {
  const batch = clip.shape.slice(0, -2);
  const vertices = clip.shape.at(-2) ?? 0;
  if (clip.rank < 2 || clip.rank > 3 || clip.shape.at(-1) !== 4) {
    throw new ShapeError(`softRasterize: clip coordinates must be [V, 4] or [B, V, 4], got [${clip.shape.join(', ')}]`);
  }
  if (triangles.rank !== 2 || triangles.shape[1] !== 3 || triangles.dtype.startsWith('float')) {
    throw new ShapeError(
      `softRasterize: triangles must be [F, 3] whole numbers, got ${triangles.dtype} [${triangles.shape.join(', ')}]`,
    );
  }
  const own = attributes.rank === 3;
  const rows = own ? [...batch, vertices] : [vertices];
  const channels = attributes.shape.at(-1)!;
  if (attributes.rank < 2 || attributes.shape.slice(0, -1).join() !== rows.join() || channels === 0) {
    throw new ShapeError(
      `softRasterize: attributes must be [${[...rows, 'C'].join(', ')}] as the vertices are, ` +
        `got [${attributes.shape.join(', ')}]`,
    );
  }
  if (background && background.shape.join() !== String(channels)) {
    throw new ShapeError(`softRasterize: the background must be [${channels}], got [${background.shape.join(', ')}]`);
  }
  if (![height, width].every((n) => Number.isInteger(n) && n > 0 && n <= 2 ** 14)) {
    throw new ShapeError(
      `softRasterize: height and width must be whole numbers from 1 to 16384, got ${height} x ${width}`,
    );
  }
  if (!(sigma > 0 && gamma > 0 && Number.isFinite(sigma) && Number.isFinite(gamma))) {
    throw new ShapeError(`softRasterize: sigma and gamma must be above 0, got ${sigma} and ${gamma}`);
  }
  const frames = batch[0] ?? 1;
  const flat = attributes.reshape([attributes.size / channels, channels]);
  // a channel of ones ends as the weight of all triangles: the background has the rest
  const given = background ? concat([flat, full([flat.shape[0], 1], 1)], -1) : flat;
  const drawn = aggregate(
    { clip: clip.reshape([frames * vertices, 4]), triangles: triangles.to('int32'), attributes: given },
    { frames, width, height, vertices, attributeRows: own ? vertices : 0, faces: triangles.shape[0], sigma, gamma },
  );
  const image = [...batch, height, width];
  const seen = drawn.slice(null, [0, channels]);
  const behind =
    background &&
    drawn
      .slice(null, [channels, channels + 1])
      .neg()
      .add(1)
      .mul(background);
  return {
    image: (behind ? seen.add(behind) : seen).reshape([...image, channels]),
    alpha: drawn.slice(null, given.shape[1]).reshape(image),
  };
}
