import { linearMain } from '../grid.js';

/** The digit of a key that a pass sorts by. */
const digitCode = /* wgsl */ `
fn digitOf(key: u32) -> u32 { return (key >> u.shift) & (u.bins - 1u); }

/** Counter of a digit in a chunk of a row: digits outermost, so that a scan over a row's counters gives places. */
fn counter(row: u32, digit: u32, chunk: u32) -> u32 { return (row * u.bins + digit) * u.chunks + chunk; }
`;

/** Counts the digits of each chunk. One invocation per chunk owns its counters, so nothing is atomic. */
export const histogramCode =
  digitCode +
  linearMain(
    'u.rows * u.chunks',
    `  let row = i / u.chunks;
  let chunk = i % u.chunks;
  for (var d = 0u; d < u.bins; d++) { counts[counter(row, d, chunk)] = 0u; }
  let end = min((chunk + 1u) * u.chunk, u.length);
  for (var j = chunk * u.chunk; j < end; j++) {
    counts[counter(row, digitOf(pairs[row * u.length + j].x), chunk)]++;
  }`,
  );

/** Moves each pair to its place; a chunk is walked in order by one invocation, which makes the pass stable. */
export const scatterCode =
  digitCode +
  linearMain(
    'u.rows * u.chunks',
    `  let row = i / u.chunks;
  let chunk = i % u.chunks;
  let end = min((chunk + 1u) * u.chunk, u.length);
  for (var j = chunk * u.chunk; j < end; j++) {
    let pair = pairs[row * u.length + j];
    let c = counter(row, digitOf(pair.x), chunk);
    let place = places[c];
    places[c] = place + 1u;
    sorted[row * u.length + place] = pair;
  }`,
  );

/** Insertion sort of a short row in place, one invocation each. Equal keys do not pass each other: stable. */
export const insertionCode = linearMain(
  'u.rows',
  `  let base = i * u.length;
  for (var j = 1u; j < u.length; j++) {
    let pair = pairs[base + j];
    var k = j;
    while (k > 0u) {
      let before = pairs[base + k - 1u];
      if (before.x <= pair.x) { break; }
      pairs[base + k] = before;
      k--;
    }
    pairs[base + k] = pair;
  }`,
);

/** Keys and payloads to pairs and back. */
export const packCode = linearMain('u.rows * u.length', '  pairs[i] = vec2u(keys[i], payload[i]);');
export const unpackCode = linearMain(
  'u.rows * u.length',
  `  let pair = pairs[i];
  keys[i] = pair.x;
  payload[i] = pair.y;`,
);
