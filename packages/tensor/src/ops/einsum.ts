import { FormatError, ShapeError } from '../errors.js';
import { tidy } from '../runtime/tidy.js';
import { showShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { diagonal } from './matrixParts.js';
import { matmul } from './matmul.js';
import { permute, reshape } from './movement.js';
import { sum } from './reduce.js';

/** A tensor with a letter for each dimension; no letter twice, no dimension of size 1 that stands for a larger one. */
interface Term {
  readonly value: Tensor;
  readonly letters: readonly string[];
}

/**
 * Sums of products in Einstein's notation: each operand has a letter per dimension, letters that the result does not
 * name are summed over. Without `->` the result has the letters that occur once, in alphabetical order. A letter twice
 * in one operand is its diagonal; a size of 1 repeats. Operands are multiplied from left to right: what two of them share
 * becomes one matrix product. `...` stands for all dimensions of an operand that have no letter; those of several operands
 * broadcast from the right, come first in a result that is not written out, and are summed over if it leaves them out.
 *
 * @throws FormatError for an equation that cannot be read; ShapeError for operands that do not fit it.
 *
 * @example einsum('bik,bkj->bij', a, b) // batched matrix product
 * @example einsum('...ik,...kj->...ij', a, b) // over any leading dimensions
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  const sizes = letterSizes(equation, inputs, operands);
  return tidy(() => {
    const terms = operands.map((value, i) => prepared(value, inputs[i]!, sizes));
    const whole = terms.reduce((product, next, i) => {
      const later = terms.slice(i + 1).flatMap((t) => t.letters);
      return multiply(product, next, [...output, ...later], sizes);
    });
    return arranged(summed(whole, output), output, sizes);
  });
}

function parse(equation: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const fail = (why: string): never => {
    throw new FormatError(`einsum: "${equation}": ${why}`);
  };
  const text = equation.replace(/\s/g, '');
  const [left = '', right, ...more] = text.split('->');
  const strange = /[^A-Za-z,.]/.exec(left + (right ?? ''))?.[0];
  if (more.length > 0) fail('has more than one ->');
  if (strange !== undefined) fail(`${strange} is neither a letter nor a comma`);
  if (right?.includes(',')) fail('the result has a comma');
  const terms = left.split(',');
  if (terms.length !== operands.length) fail(`describes ${terms.length} operands, got ${operands.length}`);
  if ([...terms, right ?? ''].some((term) => !/^[^.]*(\.\.\.)?[^.]*$/.test(term)))
    fail('dots stand for dimensions only as "...", once in an operand or the result');
  const inputs = terms.map((term, i) => {
    const { shape } = operands[i]!;
    const named = term.replace('...', '').length;
    if (named === shape.length || (named < shape.length && term.includes('.')))
      return namesOf(term, shape.length - named);
    throw new ShapeError(
      `einsum: "${equation}": ${term} has ${named} letters, operand ${i} has shape ${showShape(shape)}`,
    );
  });
  const all = inputs.flat();
  const rest = Math.max(0, ...inputs.map((names) => names.filter((name) => name.startsWith('.')).length));
  const once = [...new Set(all)].filter((c) => !c.startsWith('.') && all.indexOf(c) === all.lastIndexOf(c)).sort();
  const output = right === undefined ? [...namesOf('...', rest), ...once] : namesOf(right, rest);
  const unknown = output.find((c) => !all.includes(c));
  if (unknown !== undefined) fail(`the result names ${unknown}, which no operand has`);
  if (new Set(output).size !== output.length) fail('the result names a letter twice');
  return { inputs, output };
}

/** The letters of a term; dimensions that dots stand for are called .0, .1, ... from the last one. */
function namesOf(term: string, count: number): string[] {
  const [before, after = ''] = term.split('...') as [string, string?];
  const dots = Array.from({ length: term.includes('.') ? count : 0 }, (_, k) => `.${count - 1 - k}`);
  return [...before, ...dots, ...after];
}

/** The size that each letter stands for. */
function letterSizes(
  equation: string,
  inputs: readonly (readonly string[])[],
  operands: readonly Tensor[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((letters, i) => {
    const own = new Map<string, number>();
    letters.forEach((letter, d) => {
      const n = operands[i]!.shape[d]!;
      const known = sizes.get(letter) ?? 1;
      const wrong = (own.get(letter) ?? n) !== n || (known !== 1 && n !== 1 && n !== known);
      if (wrong) {
        throw new ShapeError(
          `einsum: "${equation}": ${letter.startsWith('.') ? 'a dimension of "..."' : letter} is ${own.get(letter) ?? known} and ${n} in operand ${i} of shape ${showShape(operands[i]!.shape)}`,
        );
      }
      own.set(letter, n);
      if (known === 1) sizes.set(letter, n);
    });
  });
  return sizes;
}

/** Diagonals taken, repeated sizes of 1 left out. */
function prepared(operand: Tensor, given: readonly string[], sizes: ReadonlyMap<string, number>): Term {
  let value = operand;
  let letters = [...given];
  for (let j = letters.findIndex((c, k) => letters.indexOf(c) < k); j > 0;) {
    const letter = letters[j]!;
    value = diagonal(value, 0, letters.indexOf(letter), j);
    letters = [...letters.filter((c) => c !== letter), ...letters.filter((c) => c === letter).slice(1)];
    j = letters.findIndex((c, k) => letters.indexOf(c) < k);
  }
  const real = letters.filter((c, d) => value.shape[d] === sizes.get(c));
  return {
    value: reshape(
      value,
      real.map((c) => sizes.get(c)!),
    ),
    letters: real,
  };
}

/** Sums over the letters that nobody asks for. */
function summed({ value, letters }: Term, keep: readonly string[]): Term {
  const gone = letters.flatMap((c, d) => (keep.includes(c) ? [] : [d]));
  return gone.length === 0
    ? { value, letters }
    : { value: sum(value, gone), letters: letters.filter((c) => keep.includes(c)) };
}

/** The term with its letters in an order; those that it does not have become sizes of 1. */
function aligned({ value, letters }: Term, order: readonly string[]): Tensor {
  const own = order.filter((c) => letters.includes(c));
  const moved = permute(
    value,
    own.map((c) => letters.indexOf(c)),
  );
  let d = 0;
  return reshape(
    moved,
    order.map((c) => (letters.includes(c) ? moved.shape[d++]! : 1)),
  );
}

const arranged = (term: Term, order: readonly string[], sizes: ReadonlyMap<string, number>): Tensor =>
  aligned(term, order).expand(order.map((c) => sizes.get(c)!));

/** The product of two terms, summed over what they share and nobody needs any more. */
function multiply(first: Term, second: Term, keep: readonly string[], sizes: ReadonlyMap<string, number>): Term {
  const a = summed(first, [...keep, ...second.letters]);
  const b = summed(second, [...keep, ...first.letters]);
  const shared = a.letters.filter((c) => b.letters.includes(c));
  const folded = shared.filter((c) => !keep.includes(c));
  const batch = shared.filter((c) => keep.includes(c));
  const [rows, columns] = [a, b].map((t) => t.letters.filter((c) => !shared.includes(c))) as [string[], string[]];
  const letters = [...batch, ...rows, ...columns];
  if (folded.length === 0 || rows.length + columns.length === 0) {
    const all = [...letters, ...folded];
    return summed({ value: aligned(a, all).mul(aligned(b, all)), letters: all }, keep);
  }
  const extent = (list: readonly string[]): number[] => list.map((c) => sizes.get(c)!);
  const size = (list: readonly string[]): number => sizeOf(extent(list));
  const left = reshape(aligned(a, [...batch, ...rows, ...folded]), [...extent(batch), size(rows), size(folded)]);
  const right = reshape(aligned(b, [...batch, ...folded, ...columns]), [...extent(batch), size(folded), size(columns)]);
  return { value: reshape(matmul(left, right), extent(letters)), letters };
}
