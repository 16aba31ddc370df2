import { parse, philox, uniform01 } from '../engine.js';

/**
 * Where the numbers of a sample come from. A pixel's sample draws four numbers in [0, 1) for every stream: the place in the
 * pixel, and at each surface one stream per way to find light. All of it is integer arithmetic up to the last step, so the
 * bits are the same on every adapter, in float64, and when a derivative takes the sample again.
 */
const { functions } = parse(
  `
  fn numbers(pixel: u32, sample: u32, stream: u32, key: vec2u) -> vec4f {
    let w = philox(vec4u(pixel, sample, stream, 0), key);
    return vec4f(uniform01(w.x), uniform01(w.y), uniform01(w.z), uniform01(w.w));
  }

  // Bit mixing with the constants of lowbias32 (Wellons 2018).
  fn mixed(x: u32) -> u32 {
    let a = (x ^ (x >> 16)) * 0x7feb352d;
    let b = (a ^ (a >> 15)) * 0x846ca68b;
    return b ^ (b >> 16);
  }
  fn seedOf(pixel: u32, stream: u32, key: vec2u) -> u32 {
    return mixed((pixel * 0x9E3779B9) ^ (stream * 0x85EBCA6B) ^ key.x) ^ key.y;
  }

  // The key of an independent set of samples.
  fn keyOfBatch(key: vec2u, batch: u32) -> vec2u { return vec2u(key.x, key.y ^ mixed(batch)); }

  // place + a number of 0 ... size - 1 drawn for the line, around the end
  fn shifted(place: u32, line: u32, seed: u32, size: u32) -> u32 {
    let at = place + (((mixed(seed + line * 0x9E3779B9) >> 16) * size) >> 16);
    return select(at, at - size, at >= size);
  }
  // The stratum (column, row) of a sample: another order for every pixel and stream, each stratum once. Rows and columns
  // are shifted against each other by turns, a Feistel network. With one order for all streams, or orders that only begin
  // elsewhere, the stratum in the pixel would tell that on the light, and pixels would not converge.
  fn stratumOf(sample: u32, pixel: u32, stream: u32, key: vec2u, columns: u32, rows: u32) -> vec2u {
    let seed = seedOf(pixel, stream, key);
    let cell = sample % (columns * rows);
    let row = shifted(cell / columns, 0, seed, rows);
    let column = shifted(cell % columns, row, seed + 1, columns);
    let row2 = shifted(row, column, seed + 2, rows);
    return vec2u(shifted(column, row2, seed + 3, columns), row2);
  }

  // (u.x, u.y) within a stratum of a grid
  fn stratified(u: vec4f, stratum: vec2u, columns: u32, rows: u32) -> vec2f {
    let place = vec2f(f32(stratum.x) + u.x, f32(stratum.y) + u.y);
    return min(place / vec2f(f32(columns), f32(rows)), vec2f(0.99999994));
  }

  // the bits from last to first
  fn reversed(x: u32) -> u32 {
    let a = ((x >> 1) & 0x55555555) | ((x & 0x55555555) << 1);
    let b = ((a >> 2) & 0x33333333) | ((a & 0x33333333) << 2);
    let c = ((b >> 4) & 0x0F0F0F0F) | ((b & 0x0F0F0F0F) << 4);
    let d = ((c >> 8) & 0x00FF00FF) | ((c & 0x00FF00FF) << 8);
    return (d >> 16) | (d << 16);
  }
  // Owen's scrambling of bits from the first on: whether a bit turns depends on those before it. Laine and Karras 2011,
  // section 3.1, with the constants of Burley 2020, listing 2.
  fn scrambled(x: u32, seed: u32) -> u32 {
    var v = x + seed;
    v ^= v * 0x6c50b47c;
    v ^= v * 0xb82f1e52;
    v ^= v * 0xc7afe638;
    v ^= v * 0x8d22f6e6;
    return v;
  }
  // Point number index of Sobol's sequence in four dimensions, bits from last to first. Direction numbers by
  // recurrence from the primitive polynomials and first numbers of Joe and Kuo 2008: 1; x + 1; x^2 + x + 1; x^3 + x + 1.
  fn sobolBits(index: u32, digits: u32) -> vec4u {
    var point = vec4u(0);
    var direction = vec4u(1); // of this digit, and of the digits to come where a recurrence looks further back
    var next = vec2u(3, 3);
    var third = u32(4);
    for (var k = u32(0); k < digits; k++) {
      let taken = -i32((index >> k) & 1);
      point ^= direction & vec4u(bitcast<u32>(taken));
      let d = direction;
      direction = vec4u(d.x << 1, d.y ^ (d.y << 1), next.x, next.y);
      let further = next.y ^ d.w ^ (d.w << 3);
      next = vec2u(next.x ^ d.z ^ (d.z << 2), third);
      third = further;
    }
    return point;
  }
  // Four numbers of a sample of a stream by Sobol's sequence. Every pixel and stream has the points in another order and
  // scrambling of its own (Burley 2020): streams are independent of each other, the samples of one fill all four
  // dimensions evenly. Of the order only the last digits matter; those before them would shift all points alike.
  fn sobol(pixel: u32, sample: u32, stream: u32, key: vec2u, digits: u32) -> vec4f {
    let seed = mixed(seedOf(pixel, stream, key));
    let index = reversed(scrambled(reversed(sample), seed));
    let bits = sobolBits(index, digits);
    return vec4f(
      uniform01(reversed(scrambled(bits.x, mixed(seed + 0x9E3779B9)))),
      uniform01(reversed(scrambled(bits.y, mixed(seed + 0x3C6EF372)))),
      uniform01(reversed(scrambled(bits.z, mixed(seed + 0xDAA66D2B)))),
      uniform01(reversed(scrambled(bits.w, mixed(seed + 0x78DDE6E4)))));
  }
`,
  { uses: [philox, uniform01] },
);

const get = (name: string) => functions.get(name)!;
export const numbersFunction = get('numbers');
export const keyOfBatch = get('keyOfBatch');
export const stratumOf = get('stratumOf');
export const stratified = get('stratified');
export const sobolBits = get('sobolBits');
export const sobol = get('sobol');
