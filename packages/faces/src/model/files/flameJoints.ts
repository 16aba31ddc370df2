import type { NumpyArray } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import type { JointData } from '../joints/jointData.js';
import { modesOfColumns } from './sourceModel.js';

/** What FLAME's files call the lists of the joints. */
export const jointLists = ['kintree_table', 'weights', 'posedirs', 'J_regressor'] as const;

/** Joints in the order of every published version. */
const published = ['root', 'neck', 'jaw', 'left eye', 'right eye'];

const millimetresPerMetre = 1000;

const fail = (why: string): never => {
  throw new FormatError(`FLAME: ${why}`);
};

const expectShape = (name: string, { shape }: { readonly shape: readonly number[] }, ...wanted: number[]): void => {
  if (shape.length !== wanted.length || wanted.some((n, k) => n !== shape[k]))
    fail(`${name} is [${shape.join(', ')}], not [${wanted.join(', ')}]`);
};

/** The lists as a file has them. */
export interface FLAMEJointLists {
  /** kintree_table [2, J]: parents and numbers of the joints; the root's parent is no number. */
  readonly tree: NumpyArray;
  /** weights [V, J] */
  readonly weights: NumpyArray;
  /** posedirs [V, 3, 9 (J - 1)], metres */
  readonly correctives: NumpyArray;
  /** J_regressor [J, V], an array or the attributes of a sparse matrix by columns */
  readonly regressor: unknown;
  /** [V * 3] the mean face, mm */
  readonly positions: Float32Array;
}

/** Parents of the joints from both rows of the table. */
function parentsOf({ shape, data }: NumpyArray): Uint32Array {
  const count = shape.length === 2 && shape[0] === 2 ? shape[1] : fail(`kintree_table is [${shape.join(', ')}]`);
  return Uint32Array.from({ length: count }, (_, k) => {
    if (data[count + k] !== k) return fail(`joint ${k} of kintree_table has the number ${data[count + k]}`);
    const parent = data[k];
    if (k === 0) return 0; // the root's is -1, as 2^32 - 1 in unsigned numbers
    return Number.isInteger(parent) && parent >= 0 && parent < k ? parent : fail(`joint ${k} hangs on ${parent}`);
  });
}

/** A matrix [rows, columns] row by row, of an array or of scipy's attributes of a csc_matrix. */
function denseOf(value: unknown, rows: number, columns: number): Float64Array {
  if (!(value instanceof Map)) {
    const array = value as NumpyArray | undefined;
    if (typeof array !== 'object' || !ArrayBuffer.isView(array.data))
      return fail('J_regressor is missing or no matrix');
    expectShape('J_regressor', array, rows, columns);
    return Float64Array.from(array.data);
  }
  const attribute = (name: string): NumpyArray['data'] => {
    const list = value.get(name) as NumpyArray | undefined;
    return ArrayBuffer.isView(list?.data) ? list.data : fail(`${name} of J_regressor is missing or no array`);
  };
  const shape: unknown = value.get('_shape') ?? value.get('shape');
  expectShape('J_regressor', { shape: Array.isArray(shape) ? (shape as number[]) : [] }, rows, columns);
  const [data, indices, starts] = [attribute('data'), attribute('indices'), attribute('indptr')];
  const dense = new Float64Array(rows * columns);
  const fits = starts.length === columns + 1 && starts[0] === 0 && starts[columns] <= data.length;
  if (!fits || starts.some((x, c) => !Number.isInteger(x) || (c > 0 && x < starts[c - 1])))
    return fail('indptr of J_regressor is no list of columns');
  for (let c = 0; c < columns; c++) {
    for (let k = starts[c]; k < starts[c + 1]; k++) {
      const row = indices[k] ?? NaN;
      if (!(Number.isInteger(row) && row >= 0 && row < rows)) return fail(`J_regressor has an entry in row ${row}`);
      dense[row * columns + c] += data[k];
    }
  }
  return dense;
}

/**
 * FLAME's joints in our units. The joints of the mean face are the regressor's times the mean face; `J` of the file, which
 * says the same, is not read.
 * @throws FormatError where the lists do not fit each other.
 */
export function flameJoints({ tree, weights, correctives, regressor, positions }: FLAMEJointLists): JointData {
  const parents = parentsOf(tree);
  const [count, vertices] = [parents.length, positions.length / 3];
  expectShape('weights', weights, vertices, count);
  const directions = 9 * (count - 1);
  expectShape('posedirs', correctives, vertices, 3, directions);
  const rows = denseOf(regressor, count, vertices);
  const places = new Float64Array(3 * count);
  rows.forEach((x, at) => {
    const [k, v] = [Math.floor(at / vertices), at % vertices];
    for (let axis = 0; axis < 3; axis++) places[3 * k + axis] += x * positions[3 * v + axis];
  });
  return {
    names: count === published.length ? published : Array.from(parents, (_, k) => `joint ${k}`),
    parents,
    positions: Float32Array.from(places),
    regressor: Float32Array.from(rows),
    weights: Float32Array.from(weights.data),
    correctives: modesOfColumns(correctives.data, directions, millimetresPerMetre),
  };
}
