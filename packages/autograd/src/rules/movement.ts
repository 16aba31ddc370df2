import { concat, zeros, type Shape, type Tensor } from '@chiaro/tensor';

/** Sizes of 1 where a dimension was folded away. */
export const keptDims = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, d) => (axes.includes(d) ? 1 : n));

/** The permutation that takes `axes` back. */
export function inverse(axes: readonly number[]): number[] {
  const back = new Array<number>(axes.length);
  axes.forEach((a, i) => (back[a] = i));
  return back;
}

/** Transpose of `expand`: sums over the dimensions that were repeated. */
export function unexpand(g: Tensor, shape: Shape): Tensor {
  const repeated = shape.flatMap((n, d) => (n === 1 && g.shape[d] !== 1 ? [d] : []));
  return repeated.length === 0 ? g : g.sum(repeated, true);
}

/** Transpose of `slice`: the elements back at starts + steps * c, zeros between and around them. */
export function unslice(g: Tensor, starts: readonly number[], steps: readonly number[], shape: Shape): Tensor {
  if (g.size === 0) return zeros(shape, { dtype: g.dtype });
  const backwards = steps.flatMap((s, d) => (s < 0 ? [d] : []));
  let out = backwards.length > 0 ? g.flip(backwards) : g;
  const amounts = shape.map((n, d): [number, number] => {
    const [count, step] = [g.shape[d]!, Math.abs(steps[d]!)];
    const first = steps[d]! > 0 ? starts[d]! : starts[d]! - step * (count - 1);
    if (step > 1 && count > 1) out = spread(out, d, step);
    return [first, n - first - (step * (count - 1) + 1)];
  });
  return amounts.every(([before, after]) => before === 0 && after === 0) ? out : out.pad(amounts);
}

/**
 * Transpose of `unfold`: each element of the input sums what the windows that hold it say. Windows are cut into blocks
 * of `step` elements; one block of all windows covers the input without overlap.
 */
export function fold(g: Tensor, dim: number, step: number, shape: Shape): Tensor {
  const [windows, size, n] = [g.shape[dim]!, g.shape[g.rank - 1]!, shape[dim]!];
  if (g.size === 0) return zeros(shape, { dtype: g.dtype });
  const axes = [...shape.keys()];
  const inside = [...axes.slice(0, dim + 1), g.rank - 1, ...axes.slice(dim + 1)];
  const beside = g.permute(inside); // [.., windows, size, ..]
  const blocks: Tensor[] = [];
  for (let from = 0; from < size; from += step) {
    const length = Math.min(step, size - from);
    const padding = inside.map((_, d): [number, number] => (d === dim + 1 ? [0, step - length] : [0, 0]));
    const block = beside.narrow(dim + 1, from, length).pad(padding);
    const line = block.reshape([...shape.slice(0, dim), windows * step, ...shape.slice(dim + 1)]);
    // what was padded may reach past the end: cropped
    blocks.push(
      line.pad(shape.map((_, d): [number, number] => (d === dim ? [from, n - from - windows * step] : [0, 0]))),
    );
  }
  return blocks.reduce((a, b) => a.add(b));
}

/** step - 1 zeros between neighbours along a dimension. */
function spread(x: Tensor, d: number, step: number): Tensor {
  const [head, n, tail] = [x.shape.slice(0, d), x.shape[d]!, x.shape.slice(d + 1)];
  const gaps = [...head, n, 1, ...tail].map((_, k): [number, number] => (k === d + 1 ? [0, step - 1] : [0, 0]));
  const wide = x.reshape([...head, n, 1, ...tail]).pad(gaps);
  return wide.reshape([...head, n * step, ...tail]).narrow(d, 0, (n - 1) * step + 1);
}

/** Transpose of `pad`: the part inside. */
export const unpad = (g: Tensor, before: readonly number[], shape: Shape): Tensor =>
  g.slice(...before.map((b, d): [number, number] => [b, b + shape[d]!]));

/** Transpose of `concat`: the parts. */
export function unconcat(g: Tensor, dim: number, shapes: readonly Shape[]): Tensor[] {
  let start = 0;
  return shapes.map((shape) => {
    const part = g.narrow(dim, start, shape[dim]!);
    start += shape[dim]!;
    return part;
  });
}

/** Parts side by side where some do not move. */
export const concatTangents = (
  parts: readonly (Tensor | undefined)[],
  shapes: readonly Shape[],
  dim: number,
  dtype: Tensor['dtype'],
): Tensor =>
  concat(
    parts.map((t, i) => t ?? zeros(shapes[i]!, { dtype })),
    dim,
  );
