import { ShapeError, arange, concat, elementwise, expr, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { cubeDetail } from './cube.js';
import { mipLevels, pyramidOf } from './mipmaps.js';
import type { MipLevel } from './mipmaps.js';
import { sampleLevels } from './sampleLevels.js';
import type { TextureWrap } from './sample.js';
import { texelSamplers } from './texelSampler.js';

/** How `texture` reads between texels. */
export interface TextureOptions {
  /** A picture read at coordinates in [0, 1] (default), or the six faces of a cube read along directions. */
  readonly mode?: '2d' | 'cube';
  /**
   * The nearest texel, the four around a place, or four on each of the two mip levels that fit the size of a pixel.
   * Default: trilinear where there are derivatives or levels, else bilinear.
   */
  readonly filter?: 'nearest' | 'bilinear' | 'trilinear';
  /**
   * [..., 2, 2] ([..., 2, 3] of directions) derivatives of the coordinates by the pixel's x and, second row, y: those that
   * `interpolate` gives. For trilinear.
   */
  readonly derivatives?: Tensor;
  /** [...] or a single number: the level of detail itself instead of derivatives, 0 for the finest. For trilinear. */
  readonly level?: Tensor;
  /**
   * Levels from the second on, instead of means of areas: each [h, w, C] ([B, h, w, C], [6, n, n, C], [B, 6, n, n, C]), with
   * sides that are half of those before, rounded down, but at least 1. There may be fewer than it takes to get to 1 x 1.
   */
  readonly mipmaps?: readonly Tensor[];
  /** What a picture is outside of [0, 1]; by default the border is drawn out. A cube has no outside. */
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
 * With `mode: 'cube'` a cube map [6, N, N, C] (or [B, 6, N, N, C]) at directions [..., 3] of any length -> [..., C]. Faces are
 * +X, -X, +Y, -Y, +Z, -Z, laid out as graphics APIs have them: the upper row and the left column of the face +Z lie towards
 * +Y and -X, those of +X towards +Y and +Z, those of +Y towards -Z and -X. Texels are interpolated across edges, and
 * among three at corners, so there are no seams. A direction of length zero reads the middle of the first face.
 *
 * Mip levels are means of areas, down to one texel, of textures of any size. The level is chosen by the longest extent of a
 * pixel on the texture (of cubes: by angle); pixels smaller than a texel read the finest level.
 *
 * Differentiable in texels, in coordinates or directions (but not with 'nearest'; the slope jumps at texel centres and
 * where faces of a cube meet), in levels, and in derivatives, by way of the level.
 *
 * @example
 * const { value: uv, derivatives } = interpolate(mesh.uvs, hit, mesh.uvTriangles);
 * const color = texture(albedo, uv, { derivatives, wrap: 'repeat' });
 * @example
 * const sky = texture(cubeMap, directions, { mode: 'cube', level: roughness.mul(5) });
 */
export function texture(image: Tensor, at: Tensor, options: TextureOptions = {}): Tensor {
  const { mode = '2d', wrap, derivatives, level, mipmaps } = options;
  const { filter = derivatives || level ? 'trilinear' : 'bilinear' } = options;
  const sampler = texelSamplers[mode === 'cube' ? 'cube' : (wrap ?? 'clamp')];
  if (mode === 'cube' && wrap !== undefined) {
    throw new ShapeError(`texture: a cube has no outside, so 'wrap' means nothing to it; got ${wrap}`);
  }
  const frames = checkImage(image, at, mode);
  const { faces, components } = sampler;
  const [height, width, channels] = image.shape.slice(-3);
  const shape = at.shape.slice(0, -1);
  const count = at.size / components;
  if (count === 0) return zeros([...shape, channels]);
  const places = at.reshape([count, components]);
  const each = { height, width, places: count / (frames ?? 1), four: 4 };
  const texels = image.reshape([(frames ?? 1) * faces, height, width, channels]);
  const flat = texels.reshape([texels.size / channels, channels]);
  if (filter === 'nearest') {
    const rows = elementwise(sampler.nearest, places, width, height, height * width);
    const first = arange(frames ?? 1).mul(faces * height * width);
    const all = rows.reshape([frames ?? 1, each.places]).add(first.unsqueeze(1));
    return flat.indexSelect(0, all.flatten()).reshape([...shape, channels]);
  }
  if (filter === 'bilinear') {
    const sizes = { ...each, levels: 1, total: height * width, blends: 1 };
    return sampleLevels(sampler, { pyramid: flat, at: places, level: tensor([0]) }, sizes).reshape([
      ...shape,
      channels,
    ]);
  }
  const sizes = mipLevels(height, width);
  const pyramid = mipmaps === undefined ? pyramidOf(texels) : stacked(image, mipmaps, sizes);
  const levels = mipmaps === undefined ? sizes.length : mipmaps.length + 1;
  const total = pyramid.shape[1];
  const detail = detailOf(places, shape, options, { width, height, levels });
  return sampleLevels(
    sampler,
    { pyramid: pyramid.reshape([texels.shape[0] * total, channels]), at: places, level: detail },
    { ...each, levels, total, blends: 2 },
  ).reshape([...shape, channels]);
}

/** Images of a batch, or undefined for one texture for all places. */
function checkImage(image: Tensor, at: Tensor, mode: '2d' | 'cube'): number | undefined {
  const isCube = mode === 'cube';
  const single = isCube ? 4 : 3;
  const batched = image.rank === single + 1;
  const [faces, height, width] = image.shape.slice(-4);
  const isFaces = !isCube || (faces === 6 && height === width);
  if ((image.rank !== single && !batched) || image.size === 0 || !isFaces) {
    throw new ShapeError(
      `texture: needs ${isCube ? '[6, N, N, C] or [B, 6, N, N, C]' : '[H, W, C] or [B, H, W, C]'} with at least one ` +
        `texel, got [${image.shape.join(', ')}]`,
    );
  }
  const components = isCube ? 3 : 2;
  const frames = batched ? image.shape[0] : undefined;
  if (at.shape.at(-1) !== components || (batched && (at.rank < 2 || at.shape[0] !== frames))) {
    throw new ShapeError(
      `texture: ${isCube ? 'directions' : 'coordinates'} must be [..., ${components}]` +
        `${batched ? `, the first of ${frames} textures` : ''}; got [${at.shape.join(', ')}]`,
    );
  }
  return frames;
}

/** The level of detail of each place, [Q], or [1] for all of them, in [0, levels - 1]. */
function detailOf(
  places: Tensor,
  shape: readonly number[],
  { derivatives, level }: TextureOptions,
  { width, height, levels }: Readonly<Record<'width' | 'height' | 'levels', number>>,
): Tensor {
  const [count, components] = places.shape;
  if (level !== undefined) {
    if (derivatives !== undefined || (level.size !== count && level.size !== 1)) {
      throw new ShapeError(
        `texture: 'level' takes the place of 'derivatives' and must be [${shape.join(', ')}] or one number, got ` +
          (derivatives ? 'both' : `[${level.shape.join(', ')}]`),
      );
    }
    return level.reshape([level.size]).clamp(0, levels - 1);
  }
  if (derivatives === undefined || derivatives.size !== 2 * components * count) {
    throw new ShapeError(
      `texture: trilinear filtering needs a level, or derivatives [${[...shape, 2, components].join(', ')}] of the ` +
        `coordinates; got ${derivatives ? `[${derivatives.shape.join(', ')}]` : 'none'}`,
    );
  }
  const slopes = derivatives.reshape([count, 2 * components]);
  const detail =
    components === 3
      ? elementwise(cubeDetail, places, slopes.slice(null, [0, 3]), slopes.slice(null, [3, 6]), width)
      : elementwise(levelOfDetail, slopes, tensor([width, height]));
  return detail.clamp(0, levels - 1);
}

/** A texture and levels that somebody else made, as `pyramidOf` lays them out. */
function stacked(image: Tensor, mipmaps: readonly Tensor[], sizes: readonly MipLevel[]): Tensor {
  const [lead, channels] = [image.shape.slice(0, -3), image.shape.at(-1)!];
  mipmaps.forEach((map, k) => {
    const expected = sizes[k + 1] && [...lead, sizes[k + 1].height, sizes[k + 1].width, channels];
    if (expected?.join() !== map.shape.join()) {
      throw new ShapeError(
        `texture: mip level ${k + 1} must be ${expected ? `[${expected.join(', ')}]` : 'left out, the one before has one texel'}` +
          `, got [${map.shape.join(', ')}]`,
      );
    }
  });
  const pictures = lead.reduce((n, d) => n * d, 1);
  return concat(
    [image, ...mipmaps].map((map) => map.reshape([pictures, -1, channels])),
    1,
  );
}
