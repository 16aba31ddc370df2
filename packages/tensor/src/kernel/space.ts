import { contiguousStrides, type Shape } from '../shape.js';

/**
 * One loop of a kernel. Reshapes may split an atom in two (major, minor); forms that mention the whole atom are
 * rewritten when they are read.
 */
export interface Atom {
  readonly size: number;
  parts: readonly [major: Atom, minor: Atom] | undefined;
}

/** offset + sum of coefficient * atom: every index of a kernel is such an affine form of its loops. */
export interface Form {
  readonly offset: number;
  readonly terms: readonly (readonly [Atom, number])[];
}

/** The atoms that an atom has been split into, major first. */
export function leaves(atom: Atom): Atom[] {
  return atom.parts ? [...leaves(atom.parts[0]), ...leaves(atom.parts[1])] : [atom];
}

/** A form in unsplit atoms, without zero terms. */
export function resolve(form: Form): Form {
  if (form.terms.every(([atom, c]) => !atom.parts && c !== 0)) return form;
  const terms: [Atom, number][] = [];
  const push = (atom: Atom, c: number): void => {
    if (!atom.parts) terms.push([atom, c]);
    else {
      const [major, minor] = atom.parts;
      push(major, c * minor.size);
      push(minor, c);
    }
  };
  for (const [atom, c] of form.terms) if (c !== 0) push(atom, c);
  return { offset: form.offset, terms };
}

/** step * form + shift. */
export function affine(form: Form, step: number, shift: number): Form {
  return { offset: form.offset * step + shift, terms: form.terms.map(([a, c]) => [a, c * step]) };
}

/** The form that is always `value`. */
export const constantForm = (value: number): Form => ({ offset: value, terms: [] });

/** Sum of scale * form. */
export function combine(parts: readonly (readonly [Form, number])[]): Form {
  let offset = 0;
  const terms = new Map<Atom, number>();
  for (const [form, scale] of parts) {
    const r = resolve(form);
    offset += r.offset * scale;
    for (const [atom, c] of r.terms) terms.set(atom, (terms.get(atom) ?? 0) + c * scale);
  }
  return { offset, terms: [...terms].filter(([, c]) => c !== 0) };
}

/** Smallest and largest value of a form over its loops. */
function bounds(form: Form): [number, number] {
  let lo = form.offset;
  let hi = form.offset;
  for (const [atom, c] of resolve(form).terms) {
    if (c > 0) hi += c * (atom.size - 1);
    else lo += c * (atom.size - 1);
  }
  return [lo, hi];
}

/** One loop per dimension larger than 1, and the coordinate of every dimension. */
export function iterate(shape: Shape): { atoms: Atom[]; coords: Form[] } {
  const atoms: Atom[] = [];
  const coords = shape.map((size): Form => {
    if (size === 1) return constantForm(0);
    const atom: Atom = { size, parts: undefined };
    atoms.push(atom);
    return { offset: 0, terms: [[atom, 1]] };
  });
  return { atoms, coords };
}

/** The coordinate in the input of an unfold of the element that has `coords` in its output. */
export function unfoldCoords(coords: readonly Form[], { dim, step }: { dim: number; step: number }): Form[] {
  const inWindow = coords[coords.length - 1]!;
  const at = (c: Form, d: number): Form =>
    d === dim
      ? combine([
          [c, step],
          [inWindow, 1],
        ])
      : c;
  return coords.slice(0, -1).map(at);
}

/** Row-major linear index of a coordinate. */
export function linearIndex(coords: readonly Form[], shape: Shape): Form {
  const strides = contiguousStrides(shape);
  return combine(coords.map((c, i) => [c, strides[i]!]));
}

/**
 * The coordinate in `to` of the element that has coordinate `coords` in `from`; `undefined` when it is not affine.
 * May split atoms. Dimensions that both shapes share keep their coordinate as it is, so slices survive.
 */
export function reshapeCoords(coords: readonly Form[], from: Shape, to: Shape): Form[] | undefined {
  if (to.includes(0)) return to.map(() => constantForm(0)); // no element is ever asked for
  const out: Form[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    if (to[j] === 1) {
      out.push(constantForm(0));
      j++;
      continue;
    }
    if (from[i] === 1) {
      i++;
      continue;
    }
    // the smallest group of dimensions with equal products on both sides
    let iEnd = i + 1;
    let jEnd = j + 1;
    let p = from[i]!;
    let q = to[j]!;
    while (p !== q) {
      if (p < q) p *= from[iEnd++]!;
      else q *= to[jEnd++]!;
    }
    if (iEnd === i + 1 && jEnd === j + 1) out.push(coords[i]!);
    else {
      const target = to.slice(j, jEnd);
      const split = decompose(linearIndex(coords.slice(i, iEnd), from.slice(i, iEnd)), target);
      if (!split) return undefined;
      out.push(...split);
    }
    i = iEnd;
    j = jEnd;
  }
  return out;
}

/** Writes a linear index as coordinates of `shape`, if no carry can happen between its dimensions. */
function decompose(linear: Form, shape: Shape): Form[] | undefined {
  const strides = contiguousStrides(shape);
  const offsets: number[] = [];
  let rest = linear.offset;
  for (let d = 0; d < shape.length; d++) {
    offsets.push(Math.floor(rest / strides[d]!));
    rest -= offsets[d]! * strides[d]!;
  }
  const terms: [Atom, number][][] = shape.map(() => []);
  const pending = [...linear.terms];
  for (let term = pending.pop(); term; term = pending.pop()) {
    const [atom, c] = term;
    const d = strides.findIndex((s, k) => s <= Math.abs(c) || k === shape.length - 1);
    if (c % strides[d]! !== 0) return undefined;
    const room = shape[d]! * strides[d]!;
    if (Math.abs(c) * (atom.size - 1) < room) {
      terms[d]!.push([atom, c / strides[d]!]);
      continue;
    }
    // the atom runs past this dimension: split it where the dimension ends
    const minor = room / Math.abs(c);
    if (!Number.isInteger(minor) || minor <= 1 || atom.size % minor !== 0) return undefined;
    const parts = [
      { size: atom.size / minor, parts: undefined },
      { size: minor, parts: undefined },
    ] as const;
    atom.parts = parts;
    pending.push([parts[0], c * minor], [parts[1], c]);
  }
  const coords = shape.map((_, d): Form => ({ offset: offsets[d]!, terms: terms[d]! }));
  const fits = coords.every((c, d) => {
    const [lo, hi] = bounds(c);
    return lo >= 0 && hi < shape[d]!;
  });
  return fits ? coords : undefined;
}
