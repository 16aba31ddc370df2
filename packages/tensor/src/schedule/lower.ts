import type { DType } from '../dtype.js';
import { scalarType } from '../dtype.js';
import { Graph, inline, type Value } from '../expr/index.js';
import type { Node } from '../graph/node.js';
import { sameBuffer, type Backing, type BufferId } from '../kernel/buffer.js';
import type { FormSite, KernelScalar, LoadSite, ScalarSite } from '../kernel/ir.js';
import { siteOf } from '../kernel/layout.js';
import {
  affine,
  constantForm,
  linearIndex,
  reshapeCoords,
  resolve,
  unfoldCoords,
  type Atom,
  type Form,
} from '../kernel/space.js';

/** Thrown while lowering: the kernel cannot be written unless `node` is stored first. */
export class MustStore {
  constructor(
    readonly node: Node,
    readonly why: string,
  ) {}
}

/** Thrown while lowering: this value cannot be part of this kernel. */
export class CannotJoin {
  constructor(readonly why: string) {}
}

/** How the kernel under construction sees values that have a place of their own. */
export interface Surroundings {
  /** The value of a node that this kernel computes itself, at this linear index; undefined if it does not. */
  local(node: Node, at: Form): Value | undefined;
  /** Is the node to be read from memory? Otherwise it is computed in place. May throw CannotJoin. */
  backing(node: Node): boolean;
}

/** The node behind reshapes and picks, when `isStored` says that it has a place of its own. */
export function backingOf(node: Node, isStored: (node: Node) => boolean): Backing | undefined {
  let n = node;
  while (n.is('reshape') && !isStored(n)) n = n.inputs[0]!;
  if (n.is('pick'))
    return isStored(n.inputs[0]!) ? { kind: 'node', node: n.inputs[0]!, index: n.attrs.index } : undefined;
  return isStored(n) ? { kind: 'node', node: n, index: 0 } : undefined;
}

let atomIds = 0;
const atomKeys = new WeakMap<Atom, number>();
function formKey(form: Form): string {
  const terms = resolve(form).terms.map(([atom, c]) => {
    let id = atomKeys.get(atom);
    if (id === undefined) atomKeys.set(atom, (id = atomIds++));
    return `${id}*${c}`;
  });
  return `${form.offset}+${terms.sort().join('+')}`;
}

/** True when two forms have the same value at every iteration. */
export const sameForm = (a: Form, b: Form): boolean => a === b || formKey(a) === formKey(b);

/** From here on a kernel's equal numbers share a uniform. */
const manyScalars = 16;

/**
 * Writes nodes as values of one kernel: walks from a node at given coordinates down through elementwise and movement
 * nodes to buffers, numbers and counters, which become extern values of the kernel's graph.
 */
export class Lowering {
  readonly graph = new Graph();
  readonly buffers: BufferId[] = [];
  readonly scalars: KernelScalar[] = [];
  /** Nodes that this kernel computes, inputs first: what names it. */
  readonly computed: Node[] = [];
  #values = new WeakMap<readonly Form[], Map<Node, Value>>();
  #sites = new Map<string, Value>();
  #scalarNodes = new Map<Node, Value>();

  constructor(private readonly surroundings: Surroundings) {}

  /** This kernel's name for a buffer, added on first use. */
  #buffer(id: BufferId): number {
    const known = this.buffers.findIndex((b) => sameBuffer(b, id));
    return known >= 0 ? known : this.buffers.push(id) - 1;
  }

  /** How much there is by now: what `rewind` goes back to. */
  mark(): { readonly buffers: number; readonly computed: number } {
    return { buffers: this.buffers.length, computed: this.computed.length };
  }

  /** Forgets buffers added since a mark, and what was lowered with them: a join that did not work out. */
  rewind(mark: ReturnType<Lowering['mark']>): void {
    this.buffers.length = mark.buffers;
    this.computed.length = mark.computed;
    this.#values = new WeakMap();
    for (const [key, value] of this.#sites) {
      const site = siteOf(value);
      if (site.kind === 'load' && !this.buffers.includes(site.buffer)) this.#sites.delete(key);
    }
  }

  /** The value of `node` at `coords`; a value this kernel or another one owns is taken from there. */
  value(node: Node, coords: readonly Form[]): Value {
    const at = linearIndex(coords, node.shape);
    for (let n = node; ; n = n.inputs[0]!) {
      const local = this.surroundings.local(n, at);
      if (local) return local;
      if (!n.is('reshape')) break;
    }
    const backing = backingOf(node, (n) => this.surroundings.backing(n));
    return backing ? this.load(backing, at, node.dtype) : this.compute(node, coords);
  }

  /** The value of `node` at `coords`, computed here from its inputs. */
  compute(node: Node, coords: readonly Form[]): Value {
    let memo = this.#values.get(coords);
    if (!memo) this.#values.set(coords, (memo = new Map()));
    let value = memo.get(node);
    if (!value) {
      memo.set(node, (value = this.#compute(node, coords)));
      this.computed.push(node);
    }
    return value;
  }

  #compute(node: Node, coords: readonly Form[]): Value {
    if (node.is('scalar') || node.is('argument')) return this.#scalar(node);
    if (node.is('iota')) return this.form(coords[0]!);
    const input = node.inputs[0]!;
    if (node.is('elementwise')) {
      const args = node.inputs.map((n) => this.value(n, coords));
      return inline(this.graph, node.attrs.fn, args)[node.attrs.output]!;
    }
    if (node.is('reshape')) {
      const inner = reshapeCoords(coords, node.shape, input.shape);
      if (!inner) throw new MustStore(input, 'a reshape of a view whose elements are not evenly spaced');
      return this.value(input, inner);
    }
    if (node.is('permute')) {
      const inner: Form[] = [];
      node.attrs.axes.forEach((axis, i) => (inner[axis] = coords[i]!));
      return this.value(input, inner);
    }
    if (node.is('expand')) {
      return this.value(
        input,
        coords.map((c, i) => (input.shape[i] === 1 ? constantForm(0) : c)),
      );
    }
    if (node.is('slice')) {
      const { starts, steps } = node.attrs;
      return this.value(
        input,
        coords.map((c, i) => affine(c, steps[i]!, starts[i]!)),
      );
    }
    if (node.is('unfold')) return this.value(input, unfoldCoords(coords, node.attrs));
    if (node.is('pad')) return this.#pad(node, coords);
    if (node.is('gather')) return this.#gather(node, coords);
    throw new Error(`internal: ${node.prim} cannot be computed inside a kernel`);
  }

  /** Zero outside the input, the input's value inside. */
  #pad(node: Node<'pad'>, coords: readonly Form[]): Value {
    const input = node.inputs[0]!;
    const g = this.graph;
    let inside: Value | undefined;
    const inner = coords.map((c, d) => {
      const before = node.attrs.before[d]!;
      const size = input.shape[d]!;
      if (before === 0 && size === node.shape[d]) return c;
      const shifted = affine(c, 1, -before);
      const at = this.form(shifted);
      const ok = g.apply('and', g.apply('ge', at, g.literal('i32', 0)), g.apply('lt', at, this.#integer(size)));
      inside = inside ? g.apply('and', inside, ok) : ok;
      return shifted;
    });
    const value = this.value(input, inner);
    const zero = value.type === 'bool' ? g.literal('bool', false) : g.literal(value.type, 0);
    return inside ? g.apply('select', zero, value, inside) : value;
  }

  #gather(node: Node<'gather'>, coords: readonly Form[]): Value {
    const [table, index] = node.inputs as [Node, Node];
    const backing = backingOf(table, (n) => this.surroundings.backing(n));
    if (!backing) throw new MustStore(table, 'a gather reads its table from memory');
    const { dim } = node.attrs;
    const at = this.value(index, coords);
    const base = coords.map((c, d) => (d === dim ? constantForm(0) : c));
    const stride = table.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
    const extent = table.shape[dim]!;
    return this.load(backing, linearIndex(base, table.shape), table.dtype, { at, stride, extent });
  }

  /** A read of a buffer; equal reads are one value. */
  load(id: BufferId, form: Form, dtype: DType, dynamic?: { at: Value; stride: number; extent: number }): Value {
    const number = this.#buffer(id);
    const key = `${number}:${formKey(form)}${dynamic ? `:${dynamic.at.id}:${dynamic.stride}` : ''}`;
    let value = this.#sites.get(key);
    if (!value) {
      const site: LoadSite = {
        kind: 'load',
        buffer: this.buffers[number]!,
        form,
        dynamic: dynamic && { stride: dynamic.stride, extent: dynamic.extent },
      };
      value = this.graph.extern(scalarType[dtype], 'load', dynamic ? [dynamic.at] : [], site);
      this.#sites.set(key, value);
    }
    return value;
  }

  /** An affine form of the loops as an i32 value. */
  form(form: Form): Value {
    const key = `form:${formKey(form)}`;
    let value = this.#sites.get(key);
    if (!value) {
      const site: FormSite = { kind: 'form', form };
      value = this.graph.extern('i32', 'form', [], site);
      this.#sites.set(key, value);
    }
    return value;
  }

  /** An integer that is a uniform, so that sizes stay out of the kernel's text. */
  #integer(value: number): Value {
    const key = `integer:${value}`;
    let found = this.#sites.get(key);
    if (!found) this.#sites.set(key, (found = this.#uniform({ dtype: 'int32', value, argument: undefined })));
    return found;
  }

  #scalar(node: Node): Value {
    let value = this.#scalarNodes.get(node);
    if (!value) {
      const scalar = node.is('scalar') ? node.attrs.value : 0;
      const argument = node.is('argument') ? node.attrs.slot : undefined;
      value = this.#number({ dtype: node.dtype, value: scalar, argument });
      this.#scalarNodes.set(node, value);
    }
    return value;
  }

  /**
   * A number of the graph. Equal ones share a uniform in kernels of very many: a chain of a thousand steps need not load
   * a thousand numbers. Few numbers stay apart, so that whether they happen to be equal does not make another kernel.
   */
  #number(scalar: KernelScalar): Value {
    if (scalar.argument !== undefined) return this.#uniform(scalar);
    const key = `number:${scalar.dtype}:${Object.is(scalar.value, -0) ? '-0' : scalar.value}`;
    const known = this.scalars.length < manyScalars ? undefined : this.#sites.get(key);
    if (known) return known;
    const value = this.#uniform(scalar);
    this.#sites.set(key, value);
    return value;
  }

  #uniform(scalar: KernelScalar): Value {
    const site: ScalarSite = { kind: 'scalar', scalar: this.scalars.push(scalar) - 1 };
    return this.graph.extern(scalarType[scalar.dtype], 'scalar', [], site);
  }
}
