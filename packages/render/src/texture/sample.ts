import { ShapeError, arange, elementwise, expr, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';

/** What a texture is outside of [0, 1]: its border drawn out, itself again, or itself mirrored. */
export type TextureWrap = 'clamp' | 'repeat' | 'mirror';

/** Place in texels, texel centres at whole numbers, row 0 on top. */
const place = expr`
  fn place(at: vec2f, scale: vec2f, offset: vec2f) -> vec2f {
    return at * scale + offset - vec2f(0.5);
  }`;

/**
 * The texel that stands for number i of a row of n. `period` wraps by division in floats, which is exact up to `farthest`
 * once a remainder beside the range is put right: integer division is slow on many adapters.
 */
const period = expr`
  fn period(i: i32, n: i32) -> i32 {
    let r = i - n * i32(floor(f32(i) / f32(n)));
    return select(select(r, r - n, r >= n), r + n, r < 0);
  }`;
const wraps: Readonly<Record<TextureWrap, ExprFunction>> = {
  clamp: expr`fn wrapped(i: i32, n: i32) -> i32 { return clamp(i, 0, n - 1); }`,
  repeat: expr`fn wrapped(i: i32, n: i32) -> i32 { return ${period}(i, n); }`,
  mirror: expr`fn wrapped(i: i32, n: i32) -> i32 {
    let k = ${period}(i, 2 * n);
    return min(k, 2 * n - 1 - k);
  }`,
};

/** Places farther out than this many texels are moved here: a float has no fraction left there. */
const farthest = 2 ** 24 - 2;

const forWraps = (make: (wrap: TextureWrap) => ExprFunction): Readonly<Record<TextureWrap, ExprFunction>> => ({
  clamp: make('clamp'),
  repeat: make('repeat'),
  mirror: make('mirror'),
});

/** Rows of the four texels around a place in a texture's list of texels: left, right, then those of the next row. */
export const cornerRows = forWraps(
  (wrap) => expr`
    fn cornerRows(at: vec2f, scale: vec2f, offset: vec2f, width: i32, height: i32) -> vec4i {
      let low = clamp(floor(${place}(at, scale, offset)), vec2f(-${farthest}.0), vec2f(${farthest}.0));
      let left = ${wraps[wrap]}(i32(low.x), width);
      let right = ${wraps[wrap]}(i32(low.x) + 1, width);
      let top = ${wraps[wrap]}(i32(low.y), height) * width;
      let bottom = ${wraps[wrap]}(i32(low.y) + 1, height) * width;
      return vec4i(top + left, top + right, bottom + left, bottom + right);
    }`,
);

/** Weights of these four; their derivatives are those of bilinear interpolation. */
export const cornerWeights = expr`
  fn cornerWeights(at: vec2f, scale: vec2f, offset: vec2f) -> vec4f {
    let p = ${place}(at, scale, offset);
    let t = p - floor(p);
    return vec4f((1.0 - t.x) * (1.0 - t.y), t.x * (1.0 - t.y), (1.0 - t.x) * t.y, t.x * t.y);
  }`;

/** One of each: the corners make a dimension of their own, and whatever uses a weight computes it in its kernel. */
const cornerRow = forWraps(
  (wrap) => expr`
    fn cornerRow(at: vec2f, scale: vec2f, offset: vec2f, width: i32, height: i32, corner: i32) -> i32 {
      let r = ${cornerRows[wrap]}(at, scale, offset, width, height);
      return select(select(r.x, r.y, corner == 1), select(r.z, r.w, corner == 3), corner > 1);
    }`,
);
const cornerWeight = expr`
  fn cornerWeight(at: vec2f, scale: vec2f, offset: vec2f, corner: i32) -> f32 {
    let w = ${cornerWeights}(at, scale, offset);
    return select(select(w.x, w.y, corner == 1), select(w.z, w.w, corner == 3), corner > 1);
  }`;

/** Row of the texel that a place lies in. */
const texelRow = forWraps(
  (wrap) => expr`
    fn texelRow(at: vec2f, width: i32, height: i32) -> i32 {
      let size = vec2f(f32(width), f32(height));
      let p = clamp(floor(vec2f(at.x, 1.0 - at.y) * size), vec2f(-${farthest}.0), vec2f(${farthest}.0));
      return ${wraps[wrap]}(i32(p.y), height) * width + ${wraps[wrap]}(i32(p.x), width);
    }`,
);

/**
 * Rows [N] of the texels that texture coordinates [N, 2] lie in, among those of textures one after the other, of which each
 * has `places` coordinates.
 */
export function nearestIndex(
  uv: Tensor,
  { height, width, places }: { readonly height: number; readonly width: number; readonly places: number },
  wrap: TextureWrap,
): Tensor {
  const rows = elementwise(texelRow[wrap], uv, width, height);
  const frames = uv.shape[0] / places;
  if (frames === 1) return rows;
  return rows
    .reshape([frames, places])
    .add(
      arange(frames)
        .mul(height * width)
        .unsqueeze(1),
    )
    .flatten();
}

function bilinear(
  texels: Tensor,
  at: Tensor,
  scale: readonly [number, number],
  offset: readonly [number, number],
  wrap: TextureWrap,
): Tensor {
  const [height, width, channels] = texels.shape;
  const shape = at.shape.slice(0, -1);
  const map = [tensor([...scale]), tensor([...offset])];
  const places = at.unsqueeze(-2); // [..., 1, 2], so that the corners make the last dimension
  const rows = elementwise(cornerRow[wrap], places, ...map, width, height, arange(4));
  const weights = elementwise(cornerWeight, places, ...map, arange(4));
  return texels
    .reshape([height * width, channels])
    .indexSelect(0, rows.flatten())
    .reshape([...shape, 4, channels])
    .mul(weights.unsqueeze(-1))
    .sum(-2);
}

function checkTexels(what: string, texels: Tensor, at: Tensor, name: string): void {
  if (texels.rank !== 3 || texels.size === 0) {
    throw new ShapeError(`${what}: needs [H, W, C] with at least one texel, got [${texels.shape.join(', ')}]`);
  }
  if (at.shape.at(-1) !== 2) {
    throw new ShapeError(`${what}: ${name} need a last dimension of 2, got [${at.shape.join(', ')}]`);
  }
}

/**
 * A texture at texture coordinates, interpolated bilinearly: texture [H, W, C] and uv [..., 2] -> [..., C]. (0, 0) is the
 * bottom left corner and (1, 1) the top right one, as in `Mesh.uvs`; row 0 of the texture is its top. Texel centres lie at
 * (column + 1/2) / W. Differentiable in texture and coordinates (the slope jumps at texel centres).
 *
 * Made of tensor operations that fuse with their neighbours: right for values at vertices. For the pixels of an image
 * `texture` is faster, filters, and needs less memory for gradients.
 *
 * @param wrap what lies outside of [0, 1]; by default the border is drawn out.
 */
export function sampleTexture(
  texture: Tensor,
  uv: Tensor,
  { wrap = 'clamp' }: { readonly wrap?: TextureWrap } = {},
): Tensor {
  checkTexels('sampleTexture', texture, uv, 'coordinates');
  const [height, width] = texture.shape;
  return bilinear(texture, uv, [width, -height], [0, height], wrap);
}

/**
 * An image at pixel coordinates, interpolated bilinearly: image [H, W, C] or [1, H, W, C] and pixels [..., 2] (x to the
 * right, y downwards, centres at +0.5, as `Camera.toPixels` gives them) -> [..., C]. Outside the border is drawn out.
 * Reads a photograph at projected vertices. Differentiable in both.
 */
export function sampleImage(image: Tensor, pixels: Tensor): Tensor {
  const single = image.rank === 4 && image.shape[0] === 1 ? image.squeeze(0) : image;
  checkTexels('sampleImage', single, pixels, 'pixels');
  return bilinear(single, pixels, [1, 1], [0, 0], 'clamp');
}
