import { ShapeError, segmentSum, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * A sparse linear map from rows to rows, as CSR: row r of the result is the sum of weights[k] times row indices[k] for k
 * from offsets[r] to offsets[r + 1].
 */
export interface RowMap {
  /** Rows of what it is applied to. */
  readonly columns: number;
  /** [R + 1] */
  readonly offsets: Uint32Array;
  readonly indices: Uint32Array;
  readonly weights: Float32Array;
}

/** Makes a map row by row, on the host. */
export class RowMapBuilder {
  readonly #offsets = [0];
  readonly #indices: number[] = [];
  readonly #weights: number[] = [];

  constructor(private readonly columns: number) {}

  /** Adds to the row that is being made. */
  put(index: number, weight: number): void {
    this.#indices.push(index);
    this.#weights.push(weight);
  }

  /** Ends the row. */
  endRow(): void {
    this.#offsets.push(this.#indices.length);
  }

  finish(): RowMap {
    return {
      columns: this.columns,
      offsets: Uint32Array.from(this.#offsets),
      indices: Uint32Array.from(this.#indices),
      weights: Float32Array.from(this.#weights),
    };
  }
}

/**
 * Applies a map: values [columns, C] -> [R, C]. Differentiable; its gradient is the transposed map.
 * @throws ShapeError for other shapes.
 */
export function applyRowMap({ columns, offsets, indices, weights }: RowMap, values: Tensor): Tensor {
  if (values.rank !== 2 || values.shape[0] !== columns) {
    throw new ShapeError(`applyRowMap: needs values [${columns}, C], got [${values.shape.join(', ')}]`);
  }
  const parts = values.indexSelect(0, tensor(Int32Array.from(indices))).mul(tensor(weights, [weights.length, 1]));
  return segmentSum(parts, tensor(Int32Array.from(offsets)));
}

/**
 * Applies a map to numbers on the host, in float64: [columns * width] -> [R * width]. Several fields one behind the other
 * are mapped one by one.
 * @throws ShapeError where the numbers are no whole number of fields.
 */
export function mapNumbers(
  { columns, offsets, indices, weights }: RowMap,
  values: Float32Array,
  width: number,
): Float32Array {
  const [rows, field] = [offsets.length - 1, columns * width];
  if (field === 0 ? values.length > 0 : values.length % field !== 0) {
    throw new ShapeError(`mapNumbers: ${values.length} numbers are no whole number of [${columns}, ${width}]`);
  }
  const fields = field === 0 ? 0 : values.length / field;
  const result = new Float32Array(fields * rows * width);
  for (let to = 0, from = 0; to < result.length; from += field) {
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let k = offsets[row]; k < offsets[row + 1]; k++) sum += weights[k] * values[from + indices[k] * width + c];
        result[to++] = sum;
      }
    }
  }
  return result;
}

/** The map that does `first`, then `second`. */
export function composeRowMaps(first: RowMap, second: RowMap): RowMap {
  const builder = new RowMapBuilder(first.columns);
  const sums = new Float64Array(first.columns);
  const seen = new Uint8Array(first.columns);
  for (let row = 0; row + 1 < second.offsets.length; row++) {
    const touched: number[] = [];
    for (let k = second.offsets[row]; k < second.offsets[row + 1]; k++) {
      const middle = second.indices[k];
      for (let n = first.offsets[middle]; n < first.offsets[middle + 1]; n++) {
        const index = first.indices[n];
        if (seen[index] === 0) touched.push(index);
        seen[index] = 1;
        sums[index] += second.weights[k] * first.weights[n];
      }
    }
    for (const index of touched) {
      builder.put(index, sums[index]);
      sums[index] = seen[index] = 0;
    }
    builder.endRow();
  }
  return builder.finish();
}
