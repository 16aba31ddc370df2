import { defineProgram, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';

/** `base` is 1 for values and 0 for what only the shares move; `eight` is 8, unknown to the compiler. */
const options = { ...({ base: 'f32', height: 'u32', width: 'u32', eight: 'u32' } as const) };
type Options = Readonly<Record<keyof typeof options, number>>;
const inputs = { image: 'f32[P, C]', shares: 'f32[P, 8]' } as const;

/** The pixel at neighbour k of pixel i (rows from the upper left), or i itself where there is none. */
const neighbours = wgsl`
fn neighbourOf(i: u32, k: u32) -> u32 {
  let cell = i32(k + select(0u, 1u, k >= 4u));
  let at = vec2i(i32(i % width), i32(i / width % height)) + vec2i(cell % 3, cell / 3) - 1;
  if (any(at < vec2i()) || at.x >= i32(width) || at.y >= i32(height)) { return i; }
  return i + width * u32(cell / 3) + u32(cell % 3) - width - 1u;
}`;

function neighbourOf(i: number, k: number, { width, height }: Options): number {
  const cell = k + (k >= 4 ? 1 : 0);
  const [dx, dy] = [(cell % 3) - 1, Math.floor(cell / 3) - 1];
  const [x, y] = [(i % width) + dx, (Math.floor(i / width) % height) + dy];
  return x < 0 || y < 0 || x >= width || y >= height ? i : i + width * dy + dx;
}

/** Calls `each` with all pixels, their neighbours and the shares of these. */
function onPairs(shares: HostTensor, opts: Options, each: (i: number, j: number, slot: number) => void): void {
  shares.data.forEach((_, slot) => each(slot >> 3, neighbourOf(slot >> 3, slot & 7, opts), slot));
}

/** Gradient of the image: what a pixel keeps of its own, and what its neighbours have of it. */
const toImage = defineProgram({
  name: 'mixToImage',
  inputs,
  options,
  outputs: ({ image }) => ({ out: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${neighbours}
fn item(i: u32) {
  for (var c = i * C; c < (i + 1u) * C; c++) { out[c] = base * image[c]; }
  for (var k = 0u; k < eight; k++) {
    let j = neighbourOf(i, k); // of which i is neighbour 7 - k
    if (j == i) { continue; }
    let given = shares[8u * i + k];
    let taken = shares[8u * j + 7u - k];
    for (var c = 0u; c < C; c++) { out[i * C + c] += taken * image[j * C + c] - given * image[i * C + c]; }
  }
}`,
    },
  ],
  reference: ({ image, shares }, opts) => {
    const C = image.shape[1];
    const out = Float64Array.from(image.data, (v) => opts.base * v);
    onPairs(shares, opts, (i, j, slot) => {
      for (let c = 0; c < C; c++) {
        const g = shares.data[slot] * image.data[i * C + c];
        out[j * C + c] += g;
        out[i * C + c] -= g;
      }
    });
    return { out };
  },
});

/** Gradient of the shares. */
const toShares = defineProgram({
  name: 'mixToShares',
  inputs: { image: 'f32[P, C]', seeds: 'f32[P, C]' },
  options,
  outputs: ({ image }) => ({ grad: { dtype: 'f32', shape: [image.shape[0], 8] } }),
  dispatches: ({ P }) => [
    {
      items: 8 * P,
      code: wgsl`${neighbours}
fn item(slot: u32) {
  let i = slot / 8u;
  let j = neighbourOf(i, slot % 8u);
  var sum = 0.0;
  for (var c = 0u; c < C; c++) { sum += seeds[i * C + c] * (image[j * C + c] - image[i * C + c]); }
  grad[slot] = sum;
}`,
    },
  ],
  reference: ({ image, seeds }, opts) => {
    const [P, C] = image.shape;
    const grad = new Float64Array(8 * P);
    onPairs({ shape: [], data: grad }, opts, (i, j, slot) => {
      for (let c = 0; c < C; c++) {
        grad[slot] += seeds.data[i * C + c] * (image.data[j * C + c] - image.data[i * C + c]);
      }
    });
    return { grad };
  },
});

const program = defineProgram({
  name: 'mixNeighbours',
  inputs,
  options,
  outputs: ({ image }) => ({ out: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${neighbours}
fn item(i: u32) {
  for (var c = i * C; c < (i + 1u) * C; c++) { out[c] = base * image[c]; }
  for (var k = 0u; k < eight; k++) {
    let share = shares[8u * i + k];
    if (share == 0.0) { continue; }
    let j = neighbourOf(i, k);
    for (var c = 0u; c < C; c++) { out[i * C + c] += share * (image[j * C + c] - image[i * C + c]); }
  }
}`,
    },
  ],
  reference: ({ image, shares }, opts) => {
    const C = image.shape[1];
    const out = Float64Array.from(image.data, (v) => opts.base * v);
    onPairs(shares, opts, (i, j, slot) => {
      for (let c = 0; c < C; c++) out[i * C + c] += shares.data[slot] * (image.data[j * C + c] - image.data[i * C + c]);
    });
    return { out };
  },
  vjp: ({ gradOut }, { image, shares }, opts) => ({
    image: toImage({ image: gradOut, shares }, opts).out,
    shares: toShares({ image, seeds: gradOut }, opts).grad,
  }),
  jvp: ({ tangentImage, tangentShares }, { image, shares }, opts) => ({
    out: run({ image: tangentImage, shares }, opts).add(run({ image, shares: tangentShares }, { ...opts, base: 0 })),
  }),
});

function run(given: Readonly<Record<keyof typeof inputs, Tensor>>, opts: Options): Tensor {
  return program(given, opts).out;
}

/** Pixels [P, C] that take shares [P, 8] of their neighbours' colours. Differentiable in both. */
export function mixNeighbours(image: Tensor, shares: Tensor, height: number, width: number): Tensor {
  return run({ image, shares }, { base: 1, height, width, eight: 8 });
}
