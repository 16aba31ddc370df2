import { linearMain } from '../grid.js';

/** WGSL of `fn put(at: u32, batch: u32, row: u32, col: u32, acc: S)`, which takes a finished sum to where it goes. */
export interface StoreCode {
  readonly code: string;
  /** Call sites that a kernel should afford: a long epilogue is worth one only. */
  readonly calls: 1 | 4;
}

/** Place of a column behind the start of its row. */
const columnPlace = (blocks: boolean): string =>
  blocks ? 'col / u.blockSize * u.blockStride + col % u.blockSize' : 'col';

/** Stores to `c` as `element`; `at` is where the matrix of the batch entry starts. */
export const plainStore = (scalar: string, element: string, blocks = false): StoreCode => ({
  calls: 4,
  code: /* wgsl */ `
fn put(at: u32, batch: u32, row: u32, col: u32, acc: ${scalar}) {
  c[at + row * u.cRow + ${columnPlace(blocks)}] = ${element}(acc);
}
`,
});

/** Adds to what `c` holds. */
export const addingStore = (scalar: string, element: string, blocks = false): StoreCode => ({
  calls: 4,
  code: /* wgsl */ `
fn put(at: u32, batch: u32, row: u32, col: u32, acc: ${scalar}) {
  let i = at + row * u.cRow + ${columnPlace(blocks)};
  c[i] = ${element}(${scalar}(c[i]) + acc);
}
`,
});

/** Hands the sum to the engine's `finish`, with its coordinates in the whole product. Blocks are its outer batch. */
export const epilogueStore = (scalar: string, finish: string, blocks = false): StoreCode => ({
  calls: 1,
  code: /* wgsl */ `
${finish}
fn put(at: u32, batch: u32, row: u32, col: u32, acc: ${scalar}) {
  ${
    blocks
      ? 'finish(col / u.blockSize * u.batches + batch, u.rowOrigin + row, u.colOrigin + col % u.blockSize, acc);'
      : 'finish(batch, u.rowOrigin + row, u.colOrigin + col, acc);'
  }
}
`,
});

/**
 * Second pass of a K-split: element i of every partial product is added up in the order of the splits, which makes
 * the result independent of the order in which they were computed.
 */
export const combineCode = (scalar: string, place: string, store: StoreCode): string => /* wgsl */ `
${place}${store.code}
${linearMain(
  'u.partialSize',
  `  var sum = ${scalar}();
  for (var s = 0u; s < u.splits; s++) { sum += partial[s * u.partialSize + i]; }
  let row = i / u.N % u.M;
  let batch = i / u.N / u.M;
  put(placeOf(batch).c, batch, row, i % u.N, sum);`,
)}`;
