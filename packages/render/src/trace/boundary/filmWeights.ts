import { elementwise, parse, arange, tensor, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Structure } from '../structure.js';

/** What places of the film count for pixels: the film filters as functions, the densities that `sampling` draws from. */
const { functions } = parse(`
  // number k of the (2 reach + 1)^2 pixels around a place
  fn neighbour(place: vec2f, k: u32, reach: u32) -> vec2f {
    let side = 2 * reach + 1;
    return floor(place) + vec2f(f32(k % side), f32(k / side)) - f32(reach);
  }
  // its number in the image, -1 outside
  fn pixelNumber(place: vec2f, k: u32, reach: u32, size: vec2f) -> i32 {
    let at = neighbour(place, k, reach);
    let inside = at.x >= 0.0 && at.y >= 0.0 && at.x < size.x && at.y < size.y;
    return select(-1, i32(at.y) * i32(size.x) + i32(at.x), inside);
  }
  // weight of the place in the mean that the pixel is
  fn boxShare(place: vec2f, k: u32, reach: u32) -> f32 { return 1.0; }
  fn tentShare(place: vec2f, k: u32, reach: u32) -> f32 {
    let near = max(1.0 - abs(place - neighbour(place, k, reach) - 0.5), vec2f(0.0));
    return near.x * near.y;
  }
  fn gaussianShare(place: vec2f, k: u32, reach: u32) -> f32 {
    let off = place - neighbour(place, k, reach) - 0.5;
    let s = dot(off, off);
    return select(0.0, 2.0 / PI * exp(-2.0 * s) / (1.0 - 0.00033546262790251185), s < 4.0);
  }
`);

/** A film filter: how many pixels away a place counts, and its weight in a pixel. */
export const filmFilters = {
  box: { reach: 0, share: functions.get('boxShare')! },
  tent: { reach: 1, share: functions.get('tentShare')! },
  gaussian: { reach: 2, share: functions.get('gaussianShare')! },
} as const satisfies Record<Structure['filter'], unknown>;

/** Pixels around places of the film, and the places' weights in them. */
export interface FilmWeights {
  /** [N, K] int32, -1 outside of the image */
  readonly pixels: Tensor;
  /** [N, K] */
  readonly shares: Tensor;
}

/** @param places [N, 2] in pixels */
export function filmWeights(
  places: Tensor,
  filter: Structure['filter'],
  { height, width }: { readonly height: number; readonly width: number },
): FilmWeights {
  const { reach, share } = filmFilters[filter];
  const k = arange((2 * reach + 1) ** 2, undefined, 1, { dtype: 'uint32' });
  const each = places.unsqueeze(1);
  const shares = elementwise(share, each, k, reach);
  return {
    pixels: elementwise(functions.get('pixelNumber')!, each, k, reach, tensor([width, height])),
    shares: shares.expand([places.shape[0], k.shape[0]]),
  };
}

/** What an image [P, C] is at the places, through the filter: [N, C]. */
export function gatherFilm({ pixels, shares }: FilmWeights, image: Tensor): Tensor {
  const [count, around] = pixels.shape;
  const values = image.indexSelect(0, pixels.clamp(0).reshape([-1])).reshape([count, around, image.shape[1]]);
  return values.mul(shares.where(pixels.ge(0), 0).unsqueeze(2)).sum(1);
}

/** The transpose of `gatherFilm`: values [N, C] at the places added to an image [pixelCount, C]. */
export function splatFilm({ pixels, shares }: FilmWeights, values: Tensor, pixelCount: number): Tensor {
  const channels = values.shape[1];
  const source = values.unsqueeze(1).mul(shares.unsqueeze(2)).reshape([-1, channels]);
  return zeros([pixelCount, channels]).indexAdd(0, pixels.reshape([-1]), source);
}
