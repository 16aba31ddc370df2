// The cases in Chiaro. Each takes the inputs as tensors.
import { cumSum, indexAdd, indexSelect, matmul, softmax, sort, zeros } from '@chiaro/tensor';

const sumOfRows = (mode) => (index, source) => indexAdd(zeros([262_144, 3]), 0, index, source, { mode });

export const chiaroCases = {
  matmul_512: (a, b) => matmul(a, b),
  matmul_1024: (a, b) => matmul(a, b),
  bmm_16x128: (a, b) => matmul(a, b),
  chain6_4m: (x, y) => x.sin().mul(y).add(x).exp().sub(y).relu(),
  sum_all_4m: (x) => x.sum(),
  sum_last_2048: (x) => x.sum(1),
  softmax_1024: (x) => softmax(x, 1),
  gather_1m: (table, index) => indexSelect(table, 0, index),
  gather_1m_grad: sumOfRows('deterministic'),
  gather_1m_grad_fast: sumOfRows('fast'),
  cumsum_1m: (x) => cumSum(x, 0),
  cumsum_rows_1024: (x) => cumSum(x, 1),
  sort_1m: (x) => sort(x, 0).values,
};

/** The case whose inputs and output a variant shares. */
export const caseOf = (name) => name.replace(/_fast$/, '');
