import { linearMain } from '../grid.js';

/** Cumulative operations. */
export type ScanOp = 'sum' | 'prod' | 'max' | 'min';

/** NaN by its bits: comparisons of NaN with itself are folded away on some adapters. */
const isNaNCode = /* wgsl */ `
fn isNaN(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
`;

/** WGSL `fn combine(a, b)` of an operation on `scalar`; max and min of floats propagate NaN, as PyTorch's do. */
function combineCode(op: ScanOp, scalar: string): string {
  if (op === 'sum' || op === 'prod') {
    return `\nfn combine(a: ${scalar}, b: ${scalar}) -> ${scalar} { return a ${op === 'sum' ? '+' : '*'} b; }\n`;
  }
  if (scalar !== 'f32') return `\nfn combine(a: ${scalar}, b: ${scalar}) -> ${scalar} { return ${op}(a, b); }\n`;
  return /* wgsl */ `${isNaNCode}
fn combine(a: f32, b: f32) -> f32 {
  if (isNaN(a)) { return a; }
  return select(${op}(a, b), b, isNaN(b));
}
`;
}

/** Where element j (counted in scan direction) of a row stands; rows are [outer, inner]. */
const addressCode = /* wgsl */ `
fn address(row: u32, j: u32) -> u32 {
  let along = select(j, u.length - 1u - j, u.reverse != 0u);
  return (row / u.inner * u.length + along) * u.inner + row % u.inner;
}
`;

/** Scans elements [begin, end) of a row one after the other, starting from `before`. */
const scanRangeCode = (scalar: string, element: string): string => /* wgsl */ `
fn scanRange(row: u32, begin: u32, end: u32, before: ${scalar}) {
  var total = before;
  for (var j = begin; j < end; j++) {
    let at = address(row, j);
    let next = combine(total, ${scalar}(x[at]));
    y[at] = ${element}(select(next, total, u.exclusive != 0u));
    total = next;
  }
}
`;

/** One invocation per row. */
export const rowCode = (op: ScanOp, scalar: string, element: string): string =>
  addressCode +
  combineCode(op, scalar) +
  scanRangeCode(scalar, element) +
  linearMain('u.rows', '  scanRange(i, 0u, u.length, u.identity);');

/** Pass 1 of a long scan: the total of each chunk of a row, one invocation each. */
export const chunkTotalsCode = (op: ScanOp, scalar: string): string =>
  addressCode +
  combineCode(op, scalar) +
  linearMain(
    'u.rows * u.chunks',
    `  let row = i % u.rows; // neighbours work on neighbouring rows, which share cache lines where inner > 1
  let begin = i / u.rows * u.chunk;
  var total = u.identity;
  for (var j = begin; j < min(begin + u.chunk, u.length); j++) { total = combine(total, ${scalar}(x[address(row, j)])); }
  totals[i] = total;`,
  );

/** Pass 2: what stands before each chunk, an exclusive scan of the totals by one invocation per row. */
export const chunkOffsetsCode = (op: ScanOp, scalar: string): string =>
  combineCode(op, scalar) +
  linearMain(
    'u.rows',
    `  var total = u.identity;
  for (var c = i; c < u.rows * u.chunks; c += u.rows) {
    let next: ${scalar} = combine(total, totals[c]);
    totals[c] = total;
    total = next;
  }`,
  );

/** Pass 3: each chunk again, from what stands before it. */
export const chunkScanCode = (op: ScanOp, scalar: string, element: string): string =>
  addressCode +
  combineCode(op, scalar) +
  scanRangeCode(scalar, element) +
  linearMain(
    'u.rows * u.chunks',
    `  let begin = i / u.rows * u.chunk;
  scanRange(i % u.rows, begin, min(begin + u.chunk, u.length), totals[i]);`,
  );
