import { ShapeError, arange, elementwise, expr, tensor } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';

/** What a texture is outside of [0, 1]: its border drawn out, itself again, or itself mirrored. */
export type TextureWrap = 'clamp' | 'repeat' | 'mirror';

/** Place in texels, texel centres at whole numbers, row 0 on top. */
const place = expr`
  fn place(at: vec2f, scale: vec2f, offset: vec2f) -> vec2f {
    return at * scale + offset - vec2f(0.5);
  }`;

const wraps: Readonly<Record<TextureWrap, ExprFunction>> = {
  clamp: expr`fn wrapped(i: i32, n: i32) -> i32 { return clamp(i, 0, n - 1); }`,
  repeat: expr`fn wrapped(i: i32, n: i32) -> i32 { return (i % n + n) % n; }`,
  mirror: expr`fn wrapped(i: i32, n: i32) -> i32 {
    let k = (i % (2 * n) + 2 * n) % (2 * n);
    return min(k, 2 * n - 1 - k);
  }`,
};

/** Row of texel (x, y) in a texture's list of texels, for corner 0..3 of the four around a place. */
const cornerIndex = Object.fromEntries(
  Object.entries(wraps).map(([wrap, wrapped]) => [
    wrap,
    expr`
      fn cornerIndex(at: vec2f, scale: vec2f, offset: vec2f, width: i32, height: i32, corner: i32) -> i32 {
        // far outside a float has no fraction left; the limit keeps the conversion defined
        let low = clamp(floor(${place}(at, scale, offset)), vec2f(-1e9), vec2f(1e9));
        let x = ${wrapped}(i32(low.x) + corner % 2, width);
        let y = ${wrapped}(i32(low.y) + corner / 2, height);
        return y * width + x;
      }`,
  ]),
) as Record<TextureWrap, ExprFunction>;

/** Weight of corner 0..3; its derivative is that of bilinear interpolation. */
const cornerWeight = expr`
  fn cornerWeight(at: vec2f, scale: vec2f, offset: vec2f, corner: i32) -> f32 {
    let p = ${place}(at, scale, offset);
    let t = p - floor(p);
    return select(1.0 - t.x, t.x, corner % 2 == 1) * select(1.0 - t.y, t.y, corner / 2 == 1);
  }`;

function bilinear(
  texels: Tensor,
  at: Tensor,
  scale: readonly [number, number],
  offset: readonly [number, number],
  wrap: TextureWrap,
): Tensor {
  const [height, width, channels] = texels.shape;
  const shape = at.shape.slice(0, -1);
  const corner = arange(4);
  const map = [tensor([...scale]), tensor([...offset])];
  const places = at.unsqueeze(-2); // [..., 1, 2], so that the corners make the last dimension
  const index = elementwise(cornerIndex[wrap], places, ...map, width, height, corner);
  const weight = elementwise(cornerWeight, places, ...map, corner);
  return texels
    .reshape([height * width, channels])
    .indexSelect(0, index.flatten())
    .reshape([...shape, 4, channels])
    .mul(weight.unsqueeze(-1))
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
