import { defineProgram, wgsl } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import type { Silhouettes } from './silhouettes.js';

/**
 * A pair is a pixel p and its neighbour q to the right or below. Where `edges` is not negative, `shares` says which of them
 * takes colour from the other (p where it is above 0), `weights` how much: the taker gets weight * (q - p).
 */
const inputs = { image: 'f32[P, C]', edges: 'i32[P, 2]', shares: 'f32[P, 2]', weights: 'f32[P, 2]' } as const;
const options = { ...({ base: 'f32', height: 'u32', width: 'u32', four: 'u32' } as const) };
type Options = Readonly<Record<keyof typeof options, number>>;

/** The four pairs of pixel i. */
const pairs = wgsl`
struct Pair { slot: u32, p: u32, q: u32, isTaken: bool, taker: u32 }
fn pairOf(i: u32, n: u32) -> Pair {
  let along = n % 2u;
  let step = select(1u, width, along == 1u);
  let p = select(i - step, i, n < 2u);
  let slot = 2u * p + along;
  let isThere = n < 2u || select(i % width, i / width % height, along == 1u) > 0u;
  return Pair(slot, p, p + step, isThere && edges[slot] >= 0, select(p + step, p, shares[slot] > 0.0));
}`;

function* hostPairs(edges: HostTensor, { width }: Options): Generator<[pair: number, p: number, q: number]> {
  for (let pair = 0; pair < edges.data.length; pair++) {
    if (edges.data[pair] >= 0) yield [pair, pair >> 1, (pair >> 1) + (pair & 1 ? width : 1)];
  }
}

/** The transpose of `exchange` in the image. */
const transposed = defineProgram({
  name: 'antialiasTransposed',
  inputs,
  options,
  outputs: ({ image }) => ({ out: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${pairs}
fn item(i: u32) {
  for (var c = i * C; c < (i + 1u) * C; c++) { out[c] = base * image[c]; }
  for (var n = 0u; n < four; n++) {
    let pair = pairOf(i, n);
    if (!pair.isTaken) { continue; }
    let factor = select(-1.0, 1.0, i == pair.q) * weights[pair.slot];
    for (var c = 0u; c < C; c++) { out[i * C + c] += factor * image[pair.taker * C + c]; }
  }
}`,
    },
  ],
  reference: ({ image, edges, shares, weights }, opts) => {
    const [, C] = image.shape;
    const out = Float64Array.from(image.data, (v) => opts.base * v);
    for (const [pair, p, q] of hostPairs(edges, opts)) {
      const taker = shares.data[pair] > 0 ? p : q;
      for (let c = 0; c < C; c++) {
        const g = weights.data[pair] * image.data[taker * C + c];
        out[q * C + c] += g;
        out[p * C + c] -= g;
      }
    }
    return { out };
  },
});

/** Gradient of the weights: the taker's times the difference of colours. */
const toWeights = defineProgram({
  name: 'antialiasToShares',
  inputs: { image: 'f32[P, C]', edges: 'i32[P, 2]', shares: 'f32[P, 2]', seeds: 'f32[P, C]' },
  options,
  outputs: ({ shares }) => ({ grad: { dtype: 'f32', shape: shares.shape } }),
  dispatches: ({ P }) => [
    {
      items: 2 * P,
      code: wgsl`${pairs}
fn item(i: u32) {
  let pair = pairOf(i / 2u, i % 2u);
  var sum = 0.0;
  if (pair.isTaken) {
    for (var c = 0u; c < C; c++) {
      sum += seeds[pair.taker * C + c] * (image[pair.q * C + c] - image[pair.p * C + c]);
    }
  }
  grad[i] = sum;
}`,
    },
  ],
  reference: ({ image, edges, shares, seeds }, opts) => {
    const [, C] = image.shape;
    const grad = new Float64Array(shares.data.length);
    for (const [pair, p, q] of hostPairs(edges, opts)) {
      const taker = shares.data[pair] > 0 ? p : q;
      for (let c = 0; c < C; c++) {
        grad[pair] += seeds.data[taker * C + c] * (image.data[q * C + c] - image.data[p * C + c]);
      }
    }
    return { grad };
  },
});

const program = defineProgram({
  name: 'antialias',
  inputs,
  options,
  outputs: ({ image }) => ({ out: { dtype: 'f32', shape: image.shape } }),
  dispatches: ({ P }) => [
    {
      items: P,
      code: wgsl`${pairs}
fn item(i: u32) {
  for (var c = i * C; c < (i + 1u) * C; c++) { out[c] = base * image[c]; }
  for (var n = 0u; n < four; n++) {
    let pair = pairOf(i, n);
    if (!pair.isTaken || i != pair.taker) { continue; }
    for (var c = 0u; c < C; c++) {
      out[i * C + c] += weights[pair.slot] * (image[pair.q * C + c] - image[pair.p * C + c]);
    }
  }
}`,
    },
  ],
  reference: ({ image, edges, shares, weights }, opts) => {
    const [, C] = image.shape;
    const out = Float64Array.from(image.data, (v) => opts.base * v);
    for (const [pair, p, q] of hostPairs(edges, opts)) {
      const taker = shares.data[pair] > 0 ? p : q;
      for (let c = 0; c < C; c++) {
        out[taker * C + c] += weights.data[pair] * (image.data[q * C + c] - image.data[p * C + c]);
      }
    }
    return { out };
  },
  vjp: ({ gradOut }, { image, ...pair }, opts) => {
    const { edges, shares } = pair;
    return {
      image: transposed({ ...pair, image: gradOut }, opts).out,
      weights: toWeights({ image, edges, shares, seeds: gradOut }, opts).grad,
    };
  },
  jvp: ({ tangentImage, tangentWeights }, given, opts) => ({
    out: run({ ...given, image: tangentImage }, opts).add(
      run({ ...given, weights: tangentWeights }, { ...opts, base: 0 }),
    ),
  }),
});

function run(given: Readonly<Record<keyof typeof inputs, Tensor>>, opts: Options): Tensor {
  return program(given, opts).out;
}

/** Pixels that take shares of their neighbours' colours: image [P, C] -> [P, C]. Differentiable in image and shares. */
export function exchange(image: Tensor, { edges, shares }: Silhouettes, height: number, width: number): Tensor {
  const pairs = image.shape[0];
  const weights = shares.reshape([pairs, 2]);
  const given = { image, edges: edges.reshape([pairs, 2]), shares: weights.detach(), weights };
  return run(given, { base: 1, height, width, four: 4 });
}
