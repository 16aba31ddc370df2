import { defineProgram, wgsl } from '../engine.js';
import type { DispatchSpec, Tensor, WgslModule } from '../engine.js';

/** A level of a pyramid of textures. */
export interface MipLevel {
  readonly height: number;
  readonly width: number;
  /** Texels of the finer levels before it. */
  readonly first: number;
}

/** Sizes from H x W down to 1 x 1: half of the one before, rounded down. */
export function mipLevels(height: number, width: number): MipLevel[] {
  const levels: MipLevel[] = [{ height, width, first: 0 }];
  for (let { height: h, width: w, first } = levels[0]; h > 1 || w > 1;) {
    first += h * w;
    [h, w] = [Math.max(h >> 1, 1), Math.max(w >> 1, 1)];
    levels.push({ height: h, width: w, first });
  }
  return levels;
}

/** Share of texel 2 i + k in texel i of half the size n, rounded down: the length that they have in common. */
function share(i: number, k: number, n: number): number {
  if (n === 1) return k === 0 ? 1 : 0;
  if (n % 2 === 0) return k < 2 ? 0.5 : 0;
  return [(n >> 1) - i, n >> 1, i + 1][k] / n;
}

const shareCode = wgsl`
fn share(i: u32, k: u32, n: u32) -> f32 {
  if (n == 1u) { return select(0.0, 1.0, k == 0u); }
  if (n % 2u == 0u) { return select(0.0, 0.5, k < 2u); }
  return f32(select(select(i + 1u, n / 2u, k == 1u), n / 2u - i, k == 0u)) / f32(n);
}`;

const options = {
  ...({ height: 'u32', width: 'u32', fineHeight: 'u32', fineWidth: 'u32', first: 'u32', next: 'u32' } as const),
  ...({ total: 'u32' } as const),
};

/** Dispatches over the texels of levels, each with its numbers: of the finer level of two, and where both begin. */
function overLevels(
  label: string,
  code: WgslModule,
  levels: readonly (readonly [finer: MipLevel, coarser: MipLevel])[],
  items: (finer: MipLevel, coarser: MipLevel) => number,
): DispatchSpec[] {
  return levels.map(([finer, coarser]) => ({
    label,
    code,
    items: items(finer, coarser),
    options: {
      ...{ fineHeight: finer.height, fineWidth: finer.width, first: finer.first },
      ...{ height: coarser.height, width: coarser.width, next: coarser.first },
    },
  }));
}

const pairsOf = (levels: readonly MipLevel[]): [MipLevel, MipLevel][] =>
  levels.slice(1).map((coarser, l) => [levels[l], coarser]);

const texels = ({ height, width }: MipLevel): number => height * width;

/** Calls `each` with texels of the pyramid, and how much of the fine one the coarse one has. */
function onShares(levels: readonly MipLevel[], each: (coarse: number, fine: number, part: number) => void): void {
  for (const [{ height: h, width: w, first }, coarser] of pairsOf(levels)) {
    for (let t = 0; t < texels(coarser); t++) {
      const [y, x] = [Math.floor(t / coarser.width), t % coarser.width];
      for (let k = 0; k < 9; k++) {
        const part = share(y, Math.floor(k / 3), h) * share(x, k % 3, w);
        if (part > 0) each(coarser.first + t, first + (2 * y + Math.floor(k / 3)) * w + 2 * x + (k % 3), part);
      }
    }
  }
}

/** Gradient of the finest level from that of the pyramid: from the coarsest level on, each hands its share down. */
const transposed = defineProgram({
  name: 'mipmapsTransposed',
  inputs: { seeds: 'f32[B, P, C]' },
  options,
  outputs: ({ seeds }) => ({ sums: { dtype: 'f32', shape: seeds.shape } }),
  dispatches: ({ B }, { height, width }) => {
    const levels = mipLevels(height, width);
    const top = levels[levels.length - 1];
    const nothing = { height: 0, width: 0, first: 0 };
    return overLevels(
      'mipmaps: gradient',
      wgsl`${shareCode}
fn item(i: u32) {
  let x = i % fineWidth;
  let y = i / fineWidth % fineHeight;
  var frame = 0u;
  if (B > 1u) { frame = i / fineWidth / fineHeight * total; }
  let at = (frame + first + y * fineWidth + x) * C;
  for (var c = 0u; c < C; c++) { sums[at + c] = seeds[at + c]; }
  // coarse texels y / 2 and, of odd sizes, the one before (x likewise) may have a share of this one
  let candidates = 1u + vec2u(fineHeight, fineWidth) % 2u;
  for (var n = 0u; n < candidates.x * candidates.y; n++) {
    let up = vec2u(n / candidates.y, n % candidates.y);
    let half = vec2u(y, x) / 2u;
    if (any(half < up) || any(half - up >= vec2u(height, width))) { continue; }
    let coarse = half - up;
    let k = vec2u(y, x) - 2u * coarse;
    if (any(k > vec2u(2u))) { continue; }
    let part = share(coarse.x, k.x, fineHeight) * share(coarse.y, k.y, fineWidth);
    let source = (frame + next + coarse.x * width + coarse.y) * C;
    for (var c = 0u; c < C; c++) { sums[at + c] += part * sums[source + c]; }
  }
}`,
      [[top, nothing] as const, ...pairsOf(levels).reverse()],
      (finer) => B * texels(finer),
    );
  },
  reference: ({ seeds }, { height, width, total }) => {
    const [frames, , C] = seeds.shape;
    const sums = Float64Array.from(seeds.data);
    const shares: [number, number, number][] = [];
    onShares(mipLevels(height, width), (...s) => shares.push(s));
    for (const [coarse, fine, part] of shares.reverse()) {
      for (let n = 0; n < frames * C; n++) {
        const frame = Math.floor(n / C) * total;
        sums[(frame + fine) * C + (n % C)] += part * sums[(frame + coarse) * C + (n % C)];
      }
    }
    return { sums };
  },
});

const program = defineProgram({
  name: 'mipmaps',
  inputs: { texture: 'f32[B, T, C]' },
  options,
  outputs: ({ texture }, { total }) => ({
    pyramid: { dtype: 'f32', shape: [texture.shape[0], total, texture.shape[2]] },
  }),
  dispatches: ({ B, T }, { height, width }) => [
    {
      items: B * T,
      code: wgsl`
fn item(i: u32) {
  var at = i;
  if (B > 1u) { at += i / T * (total - T); }
  for (var c = 0u; c < C; c++) { pyramid[at * C + c] = texture[i * C + c]; }
}`,
    },
    ...overLevels(
      'mipmaps: level',
      wgsl`${shareCode}
fn item(i: u32) {
  let x = i % width;
  let y = i / width % height;
  var frame = 0u;
  if (B > 1u) { frame = i / width / height * total; }
  let goal = (frame + next + y * width + x) * C;
  for (var c = 0u; c < C; c++) { pyramid[goal + c] = 0.0; }
  let taps = 2u + vec2u(fineHeight, fineWidth) % 2u;
  for (var n = 0u; n < taps.x * taps.y; n++) {
    let k = vec2u(n / taps.y, n % taps.y);
    let at = 2u * vec2u(y, x) + k;
    let part = share(y, k.x, fineHeight) * share(x, k.y, fineWidth);
    if (part == 0.0) { continue; }
    let source = (frame + first + at.x * fineWidth + at.y) * C;
    for (var c = 0u; c < C; c++) { pyramid[goal + c] += part * pyramid[source + c]; }
  }
}`,
      pairsOf(mipLevels(height, width)),
      (_, coarser) => B * texels(coarser),
    ),
  ],
  reference: ({ texture }, { height, width, total }) => {
    const [frames, count, C] = texture.shape;
    const pyramid = new Float64Array(frames * total * C);
    texture.data.forEach((v, i) => (pyramid[Math.floor(i / (count * C)) * total * C + (i % (count * C))] = v));
    onShares(mipLevels(height, width), (coarse, fine, part) => {
      for (let n = 0; n < frames * C; n++) {
        const frame = Math.floor(n / C) * total;
        pyramid[(frame + coarse) * C + (n % C)] += part * pyramid[(frame + fine) * C + (n % C)];
      }
    });
    return { pyramid };
  },
  vjp: ({ gradPyramid }, { texture }, opts) => ({
    texture: transposed({ seeds: gradPyramid }, opts).sums.slice(null, [0, texture.shape[1]]),
  }),
  jvp: ({ tangentTexture }, { texture }, opts) => ({
    pyramid: pyramidOf(tangentTexture.reshape([texture.shape[0], opts.height, opts.width, texture.shape[2]])),
  }),
});

/**
 * A texture and all its mip levels, texel by texel: [B, H, W, C] -> [B, P, C], with the levels of `mipLevels` one after the
 * other. A texel of a level is the mean of the area that it covers in the level before; sizes need not be powers of two.
 * Differentiable.
 */
export function pyramidOf(texture: Tensor): Tensor {
  const [frames, height, width, channels] = texture.shape;
  const levels = mipLevels(height, width);
  const total = levels.reduce((n, level) => n + texels(level), 0);
  const sizes = { height, width, fineHeight: 0, fineWidth: 0, first: 0, next: 0, total };
  return program({ texture: texture.reshape([frames, height * width, channels]) }, sizes).pyramid;
}
