import { linearMain } from '../grid.js';

/** Where element j of a row stands in the tensor; rows are [outer, inner]. */
const addressCode = /* wgsl */ `
fn address(row: u32, j: u32, length: u32) -> u32 {
  return (row / u.inner * length + j) * u.inner + row % u.inner;
}
`;

/** WGSL `fn orderedKey(x)`: an unsigned number that sorts as `x` does. */
export const orderedKeyCode = {
  /** Bits of a float32: -0 equals 0, NaN of any sign comes last. */
  f32: /* wgsl */ `
fn orderedKey(x: u32) -> u32 {
  if ((x & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if (x == 0x80000000u) { return 0x80000000u; }
  return select(x | 0x80000000u, ~x, x >> 31u == 1u);
}
`,
  i32: 'fn orderedKey(x: u32) -> u32 { return x ^ 0x80000000u; }',
  u32: 'fn orderedKey(x: u32) -> u32 { return x; }',
} as const;

/** Makes the pairs (key, index in the row). `bits` is WGSL that gives the 32 bits of element `at`. */
export const keysCode = (kind: keyof typeof orderedKeyCode, bits: string): string =>
  orderedKeyCode[kind] +
  addressCode +
  linearMain(
    'u.rows * u.length',
    `  let row = i / u.length;
  let j = i % u.length;
  let at = address(row, j, u.length);
  let key = orderedKey(${bits});
  pairs[i] = vec2u(select(key, ~key, u.descending != 0u), j);`,
  );

/** The first \`count\` elements of each sorted row: values fetched from the tensor, bit for bit, and their indices. */
export const resultCode =
  addressCode +
  linearMain(
    'u.rows * u.count',
    `  let row = i / u.count;
  let j = i % u.count;
  let index = pairs[row * u.length + j].y;
  let to = address(row, j, u.count);
  values[to] = x[address(row, index, u.length)];
  indices[to] = i32(index);`,
  );
