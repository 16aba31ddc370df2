import { ShapeError, arange, elementwise, expr, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';

/** What a texture is outside of [0, 1]: its border drawn out, itself again, or itself mirrored. */
export type TextureWrap = 'clamp' | 'repeat' | 'mirror';

/**
 * The texel that stands for number i of a row of n. `period` wraps by division in floats, which is exact up to `farthest`
 * once a remainder beside the range is put right: integer division is slow on many adapters.
 */
const period = expr`
  fn period(i: i32, n: i32) -> i32 {
    let r = i - n * i32(floor(f32(i) / f32(n)));
    return select(select(r, r - n, r >= n), r + n, r < 0);
  }`;
const clamped = expr`fn wrapped(i: i32, n: i32) -> i32 { return clamp(i, 0, n - 1); }`;
const wraps: Readonly<Record<Places, ExprFunction>> = {
  clamp: clamped,
  pixels: clamped,
  repeat: expr`fn wrapped(i: i32, n: i32) -> i32 { return ${period}(i, n); }`,
  mirror: expr`fn wrapped(i: i32, n: i32) -> i32 {
    let k = ${period}(i, 2 * n);
    return min(k, 2 * n - 1 - k);
  }`,
};

/** Places farther out than this many texels are moved here: a float has no fraction left there. */
const farthest = 2 ** 24 - 2;

/** What places are: texture coordinates with one of the borders, or pixels of an image whose border is drawn out. */
type Places = TextureWrap | 'pixels';

const forPlaces = (make: (kind: Places) => ExprFunction): Readonly<Record<Places, ExprFunction>> => ({
  clamp: make('clamp'),
  repeat: make('repeat'),
  mirror: make('mirror'),
  pixels: make('pixels'),
});

/**
 * Place in texels, texel centres at whole numbers, row 0 on top. Texture coordinates are first moved to where their texels
 * are the same near [0, 1], a period or beyond the border: there floats still tell parts of texels from each other.
 */
const place = forPlaces((kind) => {
  if (kind === 'pixels') return expr`fn place(at: vec2f, size: vec2f) -> vec2f { return at - vec2f(0.5); }`;
  if (kind === 'clamp') {
    return expr`fn place(at: vec2f, size: vec2f) -> vec2f {
      let near = clamp(at, vec2f(-1.0), vec2f(2.0));
      return vec2f(near.x, 1.0 - near.y) * size - vec2f(0.5);
    }`;
  }
  return expr`fn place(at: vec2f, size: vec2f) -> vec2f {
    let period = ${kind === 'repeat' ? 1 : 2}.0;
    let near = at - period * floor(at / period);
    return vec2f(near.x, 1.0 - near.y) * size - vec2f(0.5);
  }`;
});

/** Rows of the four texels around a place in a texture's list of texels: left, right, then those of the next row. */
export const cornerRows = forPlaces(
  (kind) => expr`
    fn cornerRows(at: vec2f, width: i32, height: i32) -> vec4i {
      let p = ${place[kind]}(at, vec2f(f32(width), f32(height)));
      let low = clamp(floor(p), vec2f(-${farthest}.0), vec2f(${farthest}.0));
      let left = ${wraps[kind]}(i32(low.x), width);
      let right = ${wraps[kind]}(i32(low.x) + 1, width);
      let top = ${wraps[kind]}(i32(low.y), height) * width;
      let bottom = ${wraps[kind]}(i32(low.y) + 1, height) * width;
      return vec4i(top + left, top + right, bottom + left, bottom + right);
    }`,
);

/** Weights of these four; their derivatives are those of bilinear interpolation. */
export const cornerWeights = forPlaces(
  (kind) => expr`
    fn cornerWeights(at: vec2f, size: vec2f) -> vec4f {
      let p = ${place[kind]}(at, size);
      let t = p - floor(p);
      return vec4f((1.0 - t.x) * (1.0 - t.y), t.x * (1.0 - t.y), (1.0 - t.x) * t.y, t.x * t.y);
    }`,
);

/** One of each: the corners make a dimension of their own, and whatever uses a weight computes it in its kernel. */
const cornerRow = forPlaces(
  (kind) => expr`
    fn cornerRow(at: vec2f, width: i32, height: i32, corner: i32) -> i32 {
      let r = ${cornerRows[kind]}(at, width, height);
      return select(select(r.x, r.y, corner == 1), select(r.z, r.w, corner == 3), corner > 1);
    }`,
);
const cornerWeight = forPlaces(
  (kind) => expr`
    fn cornerWeight(at: vec2f, size: vec2f, corner: i32) -> f32 {
      let w = ${cornerWeights[kind]}(at, size);
      return select(select(w.x, w.y, corner == 1), select(w.z, w.w, corner == 3), corner > 1);
    }`,
);

/** Row of the texel that texture coordinates lie in. */
export const texelRow = forPlaces(
  (kind) => expr`
    fn texelRow(at: vec2f, width: i32, height: i32) -> i32 {
      let p = floor(${place[kind]}(at, vec2f(f32(width), f32(height))) + vec2f(0.5));
      let near = clamp(p, vec2f(-${farthest}.0), vec2f(${farthest}.0));
      return ${wraps[kind]}(i32(near.y), height) * width + ${wraps[kind]}(i32(near.x), width);
    }`,
);

function bilinear(texels: Tensor, at: Tensor, kind: Places): Tensor {
  const [height, width, channels] = texels.shape;
  const shape = at.shape.slice(0, -1);
  const places = at.unsqueeze(-2); // [..., 1, 2], so that the corners make the last dimension
  const rows = elementwise(cornerRow[kind], places, width, height, arange(4));
  const weights = elementwise(cornerWeight[kind], places, tensor([width, height]), arange(4));
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
  return bilinear(texture, uv, wrap);
}

/**
 * An image at pixel coordinates, interpolated bilinearly: image [H, W, C] or [1, H, W, C] and pixels [..., 2] (x to the
 * right, y downwards, centres at +0.5, as `Camera.toPixels` gives them) -> [..., C]. Outside the border is drawn out.
 * Reads a photograph at projected vertices. Differentiable in both.
 */
export function sampleImage(image: Tensor, pixels: Tensor): Tensor {
  const single = image.rank === 4 && image.shape[0] === 1 ? image.squeeze(0) : image;
  checkTexels('sampleImage', single, pixels, 'pixels');
  return bilinear(single, pixels, 'pixels');
}
