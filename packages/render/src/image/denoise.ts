import { GradientError, ShapeError, concat, defineProgram, expr, compileToJS, tidy, wgsl, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';

/** What is known of a rendered image without noise, pixel by pixel: `renderAovs` has it. Zero where no shape is seen. */
export interface DenoiseGuides {
  /** [H, W, 3] colour of the surfaces: taken out before the filter and put back after it, so that textures stay sharp. */
  readonly albedo?: Tensor;
  /** [H, W, 3] unit normals. */
  readonly normal: Tensor;
  /** [H, W] distance along the view axis, above 0 where a shape is seen. */
  readonly depth: Tensor;
  /**
   * [H, W] or [H, W, 3] variance of the pixel's mean. With it differences of light that are greater than the noise stay;
   * without it the other guides decide alone, and edges of shadows and of visible lamps get soft.
   */
  readonly variance?: Tensor;
}

/** Choices of `denoise`. */
export interface DenoiseOptions {
  /** Rounds, each over twice the distance of the one before: 5 (default) reach 62 pixels away. 1 to 10. */
  readonly rounds?: number;
  /** Differences of light that count as noise, in standard deviations; 4 by default. */
  readonly noise?: number;
}

/** Least albedo that is divided by: darker surfaces are filtered as they look. */
const leastAlbedo = 1e-3;

/**
 * How much the pixel q counts for the pixel p: the edge-stopping functions of Dammertz et al. 2010 with the exponents and
 * the noise-aware light term of Schied et al. 2017 (SVGF, eqs. 3-5). A guide is a normal and a depth; pixels without depth
 * count for none but themselves.
 */
const likeness = expr`
  fn likeness(p: vec4f, q: vec4f, slope: f32, difference: f32, deviation: f32, noise: f32) -> f32 {
    if (p.w <= 0.0 || q.w <= 0.0) { return 0.0; }
    let turned = pow(max(dot(p.xyz, q.xyz), 0.0), 128.0);
    let away = abs(p.w - q.w) / (slope + 1e-3 * p.w);
    let brighter = select(0.0, difference / (noise * deviation + 1e-6), deviation >= 0.0);
    return turned * exp(-away - brighter);
  }`;
const likenessOnHost = compileToJS(likeness);

/** B-spline weights 1/16, 1/4, 3/8 by distance 2, 1, 0. */
const spline = (k: number): number => [0.375, 0.25, 0.0625][Math.abs(k)];
const luminance = [0.2126, 0.7152, 0.0722];

/** One round: light (rgb) and its variance, -1 where it is unknown, over 5 x 5 pixels that are `step` apart. */
const round = defineProgram({
  name: 'denoise',
  inputs: { light: 'vec4f[P]', guide: 'vec4f[P]' },
  options: { width: 'u32', step: 'u32', noise: 'f32', taps: 'u32' },
  outputs: ({ light }) => ({ filtered: { dtype: 'f32', shape: light.shape } }),
  dispatches: ({ P }) => [
    {
      label: 'denoise',
      items: P,
      code: wgsl`fn spline(k: i32) -> f32 { return select(select(0.0625, 0.25, abs(k) == 1), 0.375, k == 0); }
fn item(i: u32) {
  let height = i32(P / width);
  let at = vec2i(i32(i % width), i32(i / width));
  let own = light[i];
  let mine = guide[i];
  let weigh = vec3f(0.2126, 0.7152, 0.0722);
  // what few samples say of the variance is noise itself: averaged over the pixels around
  var known = vec2f();
  for (var t = 0u; t < (taps - 2u) * (taps - 2u); t++) {
    let off = vec2i(i32(t % (taps - 2u)) - 1, i32(t / (taps - 2u)) - 1);
    let to = at + off;
    if (to.x < 0 || to.y < 0 || to.x >= i32(width) || to.y >= height) { continue; }
    let w = 1.0 / f32(1 << u32(abs(off.x) + abs(off.y)));
    known += w * vec2f(max(light[u32(to.y) * width + u32(to.x)].w, 0.0), 1.0);
  }
  let deviation = select(-1.0, sqrt(known.x / known.y), own.w >= 0.0);
  // by how much depth changes from pixel to pixel: the lesser of both sides, so that edges do not count as slopes
  var slope = vec2f(1e30);
  for (var k = 0u; k + 1u < taps; k++) {
    let along = vec2i(select(0, 1, k < 2u), select(1, 0, k < 2u));
    let to = at + select(-along, along, k % 2u == 0u);
    if (to.x < 0 || to.y < 0 || to.x >= i32(width) || to.y >= height) { continue; }
    let change = abs(guide[u32(to.y) * width + u32(to.x)].w - mine.w);
    if (k < 2u) { slope.x = min(slope.x, change); } else { slope.y = min(slope.y, change); }
  }
  slope = select(slope, vec2f(), slope == vec2f(1e30));
  var sum = 0.140625 * own;
  if (own.w < 0.0) { sum.w = 0.0; }
  var squares = 0.140625 * 0.140625 * max(own.w, 0.0);
  var weights = 0.140625;
  for (var t = 0u; t < taps * taps; t++) {
    let off = vec2i(i32(t % taps) - 2, i32(t / taps) - 2);
    let to = at + i32(step) * off;
    if (all(off == vec2i()) || to.x < 0 || to.y < 0 || to.x >= i32(width) || to.y >= height) { continue; }
    let there = u32(to.y) * width + u32(to.x);
    let other = light[there];
    let reach = dot(slope, abs(vec2f(off))) * f32(step);
    let difference = abs(dot(weigh, other.xyz - own.xyz));
    let w = spline(off.x) * spline(off.y) * ${likeness}(mine, guide[there], reach, difference, deviation, noise);
    sum += w * other;
    squares += w * w * max(other.w, 0.0);
    weights += w;
  }
  let mean = sum.xyz / weights;
  let left = select(-1.0, squares / (weights * weights), own.w >= 0.0);
  filtered[4u * i] = mean.x;
  filtered[4u * i + 1u] = mean.y;
  filtered[4u * i + 2u] = mean.z;
  filtered[4u * i + 3u] = left;
}`,
    },
  ],
  reference: ({ light, guide }, { width, step, noise }) => {
    const height = light.shape[0] / width;
    const four = (t: typeof light, i: number): number[] => Array.from({ length: 4 }, (_, c) => t.data[4 * i + c]);
    const smooth = new Float64Array(light.data.length);
    const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const [own, mine] = [four(light, i), four(guide, i)];
        const slopeAlong = (dx: number, dy: number): number => {
          const sides = [1, -1].filter((s) => inside(x + s * dx, y + s * dy));
          const changes = sides.map((s) => Math.abs(guide.data[4 * ((y + s * dy) * width + x + s * dx) + 3] - mine[3]));
          return changes.length > 0 ? Math.min(...changes) : 0;
        };
        const [slopeX, slopeY] = [slopeAlong(1, 0), slopeAlong(0, 1)];
        let [known, count] = [0, 0];
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            if (!inside(x + dx, y + dy)) continue;
            const w = 2 ** -(Math.abs(dx) + Math.abs(dy));
            known += w * Math.max(light.data[4 * ((y + dy) * width + x + dx) + 3], 0);
            count += w;
          }
        }
        const deviation = own[3] >= 0 ? Math.sqrt(known / count) : -1;
        let [weights, squares] = [0, 0];
        const sum = [0, 0, 0];
        for (let dy = -2; dy <= 2; dy++) {
          for (let dx = -2; dx <= 2; dx++) {
            const [tx, ty] = [x + step * dx, y + step * dy];
            if (!inside(tx, ty)) continue;
            const other = four(light, ty * width + tx);
            const difference = Math.abs(luminance.reduce((s, v, c) => s + v * (other[c] - own[c]), 0));
            const reach = (slopeX * Math.abs(dx) + slopeY * Math.abs(dy)) * step;
            const like = likenessOnHost(
              ...mine,
              ...four(guide, ty * width + tx),
              reach,
              difference,
              deviation,
              noise,
            )[0];
            const w = spline(dx) * spline(dy) * (dx === 0 && dy === 0 ? 1 : like);
            sum.forEach((s, c) => (sum[c] = s + w * other[c]));
            squares += w * w * Math.max(other[3], 0);
            weights += w;
          }
        }
        smooth.set([...sum.map((s) => s / weights), own[3] >= 0 ? squares / weights ** 2 : -1], 4 * i);
      }
    }
    return { filtered: smooth };
  },
});

/**
 * A preview of a noisy render: each pixel is averaged with those around it that show the same surface, in rounds of 5 x 5
 * pixels, wider and wider apart (edge-avoiding a-trous wavelets: Dammertz, Sewtz, Hanika and Lensch 2010; variance in the
 * light term: Schied et al. 2017). What it removes is noise, what it adds is bias: for looking at, not for fitting. So it
 * takes no part in any gradient.
 *
 * @param image [H, W, 3] linear RGB.
 * @param guides Of the same pixels; normals and depth decide what goes together, see `DenoiseGuides`.
 * @returns [H, W, 3]. Pixels that show no shape are as they were.
 * @throws GradientError if an input requires a gradient: detach it, or leave the denoiser out of what is derived.
 * @throws ShapeError where sizes differ or an option is out of range.
 *
 * @example
 * const { image } = pathTrace(scene, camera, { spp: 16, depth: 6 });
 * const preview = denoise(image.detach(), renderAovs(scene, camera));
 */
export function denoise(image: Tensor, guides: DenoiseGuides, { rounds = 5, noise = 4 }: DenoiseOptions = {}): Tensor {
  const { albedo, normal, depth, variance } = guides;
  const [height, width] = image.shape;
  const check = (what: string, t: Tensor, ...shapes: readonly (readonly number[])[]): void => {
    const wanted = shapes.map((s) => `[${s.join(', ')}]`);
    if (!wanted.includes(`[${t.shape.join(', ')}]`)) {
      throw new ShapeError(`denoise: ${what} must be ${wanted.join(' or ')}, got [${t.shape.join(', ')}]`);
    }
    if (t.requiresGrad) {
      throw new GradientError(
        `denoise: ${what} requires a gradient, and a denoised image has none: pass ${what}.detach() for a preview, ` +
          'and derive the image itself',
      );
    }
  };
  if (image.rank !== 3 || image.size === 0) {
    throw new ShapeError(`denoise: the image must be [H, W, 3] of at least one pixel, got [${image.shape.join(', ')}]`);
  }
  check('image', image, [height, width, 3]);
  check('normal', normal, [height, width, 3]);
  check('depth', depth, [height, width]);
  if (albedo) check('albedo', albedo, [height, width, 3]);
  if (variance) check('variance', variance, [height, width], [height, width, 3]);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 10)) {
    throw new ShapeError(`denoise: rounds must be a whole number from 1 to 10, got ${rounds}`);
  }
  if (!(noise > 0)) throw new ShapeError(`denoise: noise must be above 0, got ${noise}`);
  return tidy(() => {
    const pixels = height * width;
    const colour = albedo?.clamp(leastAlbedo).where(albedo.gt(0), 1).reshape([pixels, 3]);
    const flat = image.reshape([pixels, 3]);
    const plain = colour ? flat.div(colour) : flat;
    const known = variance && spreadOf(variance, colour, pixels);
    let light = concat([plain, known ?? zeros([pixels, 1]).sub(1)], 1);
    const guide = concat([normal.reshape([pixels, 3]), depth.reshape([pixels, 1])], 1);
    for (let k = 0; k < rounds; k++) light = round({ light, guide }, { width, step: 2 ** k, noise, taps: 5 }).filtered;
    const smooth = light.narrow(1, 0, 3);
    return (colour ? smooth.mul(colour) : smooth).reshape([height, width, 3]);
  });
}

/** [P, 1] variance of the luminance of light before its colour is put back. */
function spreadOf(variance: Tensor, colour: Tensor | undefined, pixels: number): Tensor {
  const byChannel = variance.rank === 3 ? variance.reshape([pixels, 3]) : variance.reshape([pixels, 1]);
  const plain = colour ? byChannel.div(colour.square()) : byChannel;
  // channels of one path go together: deviations add
  if (plain.shape[1] === 3) return weighted(plain.sqrt()).square();
  return plain.mean(1, true);
}

const weighted = (t: Tensor): Tensor => luminance.map((v, c) => t.narrow(1, c, 1).mul(v)).reduce((a, b) => a.add(b));
