import { elementwise, GradientError, tensor, Tensor, type ExprFunction } from '@chiaro/tensor';
import {
  componentsOf,
  evaluateNodes,
  isBacked,
  isFloat,
  leavesOf,
  make,
  Node,
  readNode,
  sourceOf,
  toHostArray,
  topologicalOrder,
  type HostArray,
} from '@chiaro/tensor/engine';
import { GradcheckReport, type GradcheckEntry } from './gradcheckReport.js';
import { grad, jvp } from './functional.js';

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** Step of the central differences. */
  readonly step?: number;
  /** Allowed error of the rule: `absolute + relative * |difference quotient|`. */
  readonly absolute?: number;
  readonly relative?: number;
  /** Allowed error of the GPU's gradient, relative to its largest element; false leaves the GPU out. */
  readonly gpu?: number | false;
  /** Most inputs and most outputs whose partial derivatives are taken; more are picked at random. */
  readonly most?: number;
  /** false: give the report instead of throwing it. */
  readonly throws?: boolean;
}

/** A function whose derivative can be checked: float tensors in, float tensors out. */
export type CheckedFunction = (...inputs: never[]) => Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/**
 * Checks derivatives: the reverse rule in float64 on the reference device against central differences, forward mode
 * against reverse mode, and the GPU's gradient against the reference's. Throws a report of the worst entries.
 *
 * @param fn a function of tensors, checked at `inputs`; or an expression, checked at random points of the ranges given
 * for its parameters.
 * @example await gradcheck((x: Tensor, w: Tensor) => x.matmul(w).tanh(), [x, w]);
 * @example await gradcheck(charlie, { cos_h: [0.05, 0.95], r: [0.1, 1] });
 */
export function gradcheck(
  fn: ExprFunction,
  ranges: Readonly<Record<string, readonly [number, number]>>,
  options?: GradcheckOptions,
): Promise<GradcheckReport>;
export function gradcheck(
  fn: CheckedFunction,
  inputs: readonly Tensor[],
  options?: GradcheckOptions,
): Promise<GradcheckReport>;
export async function gradcheck(
  fn: CheckedFunction | ExprFunction,
  at: readonly Tensor[] | Readonly<Record<string, readonly [number, number]>>,
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  if (typeof fn === 'function') return check(fn.name || 'function', fn as never, at as readonly Tensor[], 1, options);
  const ranges = at as Readonly<Record<string, readonly [number, number]>>;
  const random = generator(fn.params.length);
  const inputs = fn.params.map(({ name, type }) => {
    const range = ranges[name];
    if (!range)
      throw new GradientError(
        `gradcheck: ${fn.name} has a parameter ${name}; give its range, such as { ${name}: [0, 1] }`,
      );
    const width = componentsOf(type).length;
    const shape = width === 1 ? [points] : [points, width];
    const data = Float32Array.from(
      { length: points * width },
      () => range[0] + (range[1] - range[0]) * (0.5 + 0.5 * random()),
    );
    return tensor(data, shape);
  });
  return check(fn.name, (...xs: Tensor[]) => elementwise(fn, ...xs), inputs, points, options);
}

/** Checks second derivatives: `gradcheck` of the gradient. */
export async function gradgradcheck(
  fn: CheckedFunction,
  inputs: readonly Tensor[],
  options?: GradcheckOptions,
): Promise<GradcheckReport> {
  const random = generator(2);
  const first = outputsOf((fn as (...xs: Tensor[]) => unknown)(...inputs));
  const weights = first.map((t) => randomLike(t, random));
  const gradient = (...xs: Tensor[]): readonly Tensor[] =>
    grad((given: readonly Tensor[]) => inner(outputsOf((fn as (...ys: Tensor[]) => unknown)(...given)), weights))(
      xs,
    ) as Tensor[];
  Object.defineProperty(gradient, 'name', { value: `the gradient of ${fn.name || 'function'}` });
  return gradcheck(gradient as CheckedFunction, inputs, options);
}

/** Points at which an expression is checked. */
const points = 24;

/** Uniform in [-1, 1), the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

const outputsOf = (result: unknown): Tensor[] =>
  leavesOf(result).filter((t): t is Tensor => t instanceof Tensor && isFloat(t.dtype));

const randomLike = (t: Tensor, random: () => number): Tensor =>
  tensor(Float32Array.from({ length: t.size }, random), t.shape);

const inner = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((t, i) => t.mul(b[i]!).sum()).reduce((s, t) => s.add(t), tensor(0));

/** A tensor that has been computed, as a leaf of a new graph. */
async function leafOf(t: Tensor): Promise<Tensor> {
  const node = new Node('data', [], {}, t.shape, t.dtype);
  node.data = await t.data();
  return make(node);
}

/** The float64 interpreter for a graph: everything it reads is fetched once; leaves may be replaced. */
async function interpreter(
  roots: readonly Tensor[],
): Promise<(replaced: ReadonlyMap<Node, HostArray>, which?: readonly Tensor[]) => HostArray[]> {
  const nodes = roots.map((t) => t.node);
  const arrays = new Map<Node, HostArray>();
  const fetch = async (n: Node): Promise<void> => {
    if (isBacked(n) && !n.is('program') && !arrays.has(n)) arrays.set(n, toHostArray(await readNode(n), n.dtype));
  };
  for (const n of nodes) await fetch(sourceOf(n).source);
  for (const n of topologicalOrder(nodes)) for (const input of n.inputs) await fetch(input);
  return (replaced, which = roots) =>
    evaluateNodes(
      which.map((t) => t.node),
      (n) => replaced.get(n) ?? arrays.get(n)!,
    );
}

async function check(
  name: string,
  fn: (...xs: Tensor[]) => unknown,
  at: readonly Tensor[],
  batch: number,
  options: GradcheckOptions,
): Promise<GradcheckReport> {
  const { step = 1e-6, absolute = 1e-5, relative = 1e-3, gpu = 1e-4, most = 64, throws = true } = options;
  const inputs = await Promise.all(at.map(leafOf));
  const variables = inputs.filter((t) => isFloat(t.dtype));
  const call = (xs: readonly Tensor[]): Tensor[] => {
    let k = 0;
    return outputsOf(fn(...inputs.map((t) => (isFloat(t.dtype) ? xs[k++]! : t))));
  };
  const outputs = call(variables);
  if (outputs.length === 0) throw new GradientError(`gradcheck: ${name} returned no float tensor`);
  const random = generator(1);
  const seeds = outputs.map((t) => randomLike(t, random));
  const gradients = grad((xs: readonly Tensor[]) => inner(call(xs), seeds))(variables) as Tensor[];
  const entries: GradcheckEntry[] = [];
  const notes: string[] = [];
  const add = (kind: GradcheckEntry['check'], of: string, found: number, expected: number, allowed: number): void => {
    const equal = found === expected || (Number.isNaN(found) && Number.isNaN(expected));
    const ratio = equal ? 0 : Math.abs(found - expected) / allowed;
    entries.push({ check: kind, of, found, expected, ratio: Number.isNaN(ratio) ? Infinity : ratio });
  };

  const run = await interpreter([...outputs, ...gradients]);
  const values = new Map(variables.map((v) => [v.node, toHostArray(v.node.data!, v.dtype)]));
  const columns = pick(variables, batch, most, random);
  const rows = pick(outputs, batch, most, random);
  const quotients = columns.map(({ tensor: k, element }) => {
    const { node } = variables[k]!;
    const moved = (by: number): HostArray[] => {
      const array = values.get(node)!.slice();
      const width = array.length / batch;
      for (let b = 0; b < batch; b++) array[b * width + element]! += by;
      return run(new Map([[node, array]]), outputs);
    };
    const [up, down] = [moved(step), moved(-step)];
    return up.map((array, o) => Float64Array.from(array, (x, i) => (x - down[o]![i]!) / (2 * step)));
  });
  for (const row of rows) {
    const unit = new Map(
      seeds.map((s, o) => [
        s.node,
        Float64Array.from({ length: s.size }, (_, i) =>
          o === row.tensor && i % (s.size / batch) === row.element ? 1 : 0,
        ),
      ]),
    );
    const found = run(unit, gradients);
    columns.forEach((column, c) => {
      for (let b = 0; b < batch; b++) {
        const out = b * (outputs[row.tensor]!.size / batch) + row.element;
        const into = b * (variables[column.tensor]!.size / batch) + column.element;
        const expected = quotients[c]![row.tensor]![out]!;
        const of = `d output${outputs.length > 1 ? row.tensor : ''}[${out}] / d input${column.tensor}[${into}]`;
        add('differences', of, found[column.tensor]![into]!, expected, absolute + relative * Math.abs(expected));
      }
    });
  }
  const exact = run(new Map(), gradients);
  await forwardCheck();
  if (gpu !== false) {
    for (const [k, g] of gradients.entries()) {
      const data = await g.data();
      const scale = Array.from(exact[k]!).reduce((m, x) => Math.max(m, Number.isFinite(x) ? Math.abs(x) : 0), 1e-6);
      data.forEach((x, i) => add('gpu', `gradient of input${k}[${i}]`, x, exact[k]![i]!, gpu * scale));
    }
  }
  entries.sort((a, b) => b.ratio - a.ratio);
  const report = new GradcheckReport(name, entries, notes);
  if (throws && !report.passed) throw new GradientError(report.toString());
  return report;

  async function forwardCheck(): Promise<void> {
    const directions = variables.map((t) => randomLike(t, random));
    let tangents: Tensor[];
    try {
      tangents = jvp((xs: readonly Tensor[]) => call(xs), variables, directions as never)[1] as unknown as Tensor[];
    } catch (reason) {
      if (!(reason instanceof GradientError)) throw reason;
      notes.push(`forward mode was not checked: ${reason.message}`);
      return;
    }
    const forward = (await interpreter([inner(tangents, seeds)]))(new Map())[0]![0]!;
    let reverse = 0;
    let size = 0;
    exact.forEach((g, k) =>
      g.forEach((x, i) => {
        reverse += x * directions[k]!.node.data![i]!;
        size += Math.abs(x * directions[k]!.node.data![i]!);
      }),
    );
    add('forward', "<u, Jv> and <J'u, v>", forward, reverse, 1e-7 * size + 1e-12);
  }
}

/** Elements (of one batch item) to look at: all, or `most` of them at random. */
function pick(
  tensors: readonly Tensor[],
  batch: number,
  most: number,
  random: () => number,
): { tensor: number; element: number }[] {
  const all = tensors.flatMap((t, k) =>
    Array.from({ length: t.size / batch }, (_, element) => ({ tensor: k, element })),
  );
  if (all.length <= most) return all;
  const chosen = new Set<number>();
  while (chosen.size < most) chosen.add(Math.floor((0.5 + 0.5 * random()) * all.length));
  return [...chosen].map((i) => all[i]!);
}
