import { ShapeError, elementwise, expr, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { mipLevels, pyramidOf } from './mipmaps.js';
import { nearestIndex } from './sample.js';
import type { TextureWrap } from './sample.js';
import { sampleLevels } from './sampleLevels.js';

/** How `texture` reads between texels. */
export interface TextureOptions {
  /**
   * The nearest texel, the four around a place, or four on each of the two mip levels that fit the size of a pixel.
   * Default: trilinear where there are derivatives, else bilinear.
   */
  readonly filter?: 'nearest' | 'bilinear' | 'trilinear';
  /** [..., 2, 2] derivatives of uv by the pixel's x and, second row, y: those that `interpolate` gives. For trilinear. */
  readonly derivatives?: Tensor;
  /** What the texture is outside of [0, 1]; by default the border is drawn out. */
  readonly wrap?: TextureWrap;
}

/**
 * Level of detail: the logarithm of the longest diameter, in texels, of the ellipse that a round pixel becomes on the
 * texture. `d` = (du/dx, dv/dx, du/dy, dv/dy).
 */
const levelOfDetail = expr`
  fn levelOfDetail(d: vec4f, size: vec2f) -> f32 {
    let p = d.xy * size;
    let q = d.zw * size;
    let half = 0.5 * (dot(p, p) - dot(q, q));
    let mixed = dot(p, q);
    let longest = 0.5 * (dot(p, p) + dot(q, q)) + sqrt(max(half * half + mixed * mixed, 1e-30));
    return 0.5 * log2(max(longest, 1e-12));
  }`;

/**
 * A texture at texture coordinates: texture [H, W, C] and uv [..., 2] -> [..., C]; or textures [B, H, W, C], one for each
 * of uv [B, ..., 2]. (0, 0) is the bottom left corner and (1, 1) the top right one; row 0 of the texture is its top; texel
 * centres lie at (column + 1/2) / W.
 *
 * Mip levels are means of areas, down to one texel, of textures of any size. The level is chosen by the longest extent of a
 * pixel on the texture; pixels smaller than a texel read the finest level.
 *
 * Differentiable in texels, in coordinates (but not with 'nearest'; the slope jumps at texel centres), and in derivatives,
 * by way of the level.
 *
 * @example
 * const { value: uv, derivatives } = interpolate(mesh.uvs, hit, mesh.uvTriangles);
 * const color = texture(albedo, uv, { derivatives, wrap: 'repeat' });
 */
export function texture(image: Tensor, uv: Tensor, options: TextureOptions = {}): Tensor {
  const { derivatives, wrap = 'clamp', filter = derivatives ? 'trilinear' : 'bilinear' } = options;
  const batched = image.rank === 4;
  if ((image.rank !== 3 && !batched) || image.size === 0) {
    throw new ShapeError(
      `texture: needs [H, W, C] or [B, H, W, C] with at least one texel, got [${image.shape.join(', ')}]`,
    );
  }
  const shape = uv.shape.slice(0, -1);
  if (uv.shape.at(-1) !== 2 || (batched && (uv.rank < 2 || shape[0] !== image.shape[0]))) {
    throw new ShapeError(
      `texture: coordinates must be [..., 2]${batched ? `, the first of ${image.shape[0]} textures` : ''}; ` +
        `got [${uv.shape.join(', ')}]`,
    );
  }
  const frames = batched ? image.shape[0] : 1;
  const [height, width, channels] = image.shape.slice(-3);
  const places = uv.reshape([uv.size / 2, 2]);
  const count = places.shape[0];
  if (count === 0) return zeros([...shape, channels]);
  const each = { height, width, places: count / frames };
  if (filter === 'nearest') {
    const rows = nearestIndex(places, each, wrap);
    return image
      .reshape([frames * height * width, channels])
      .indexSelect(0, rows)
      .reshape([...shape, channels]);
  }
  if (filter === 'bilinear') {
    const pyramid = image.reshape([frames * height * width, channels]);
    const sizes = { ...each, levels: 1, total: height * width, blends: 1, four: 4 };
    return sampleLevels(wrap, { pyramid, uv: places, level: tensor([0]) }, sizes).reshape([...shape, channels]);
  }
  if (derivatives === undefined || derivatives.size !== 4 * count) {
    throw new ShapeError(
      `texture: trilinear filtering needs derivatives [${[...shape, 2, 2].join(', ')}] of the coordinates, got ` +
        (derivatives ? `[${derivatives.shape.join(', ')}]` : 'none'),
    );
  }
  const levels = mipLevels(height, width).length;
  const detail = elementwise(levelOfDetail, derivatives.reshape([count, 4]), tensor([width, height]));
  const pyramid = pyramidOf(image.reshape([frames, height, width, channels]));
  const total = pyramid.shape[1];
  return sampleLevels(
    wrap,
    { pyramid: pyramid.reshape([frames * total, channels]), uv: places, level: detail.clamp(0, levels - 1) },
    { ...each, levels, total, blends: 2, four: 4 },
  ).reshape([...shape, channels]);
}
