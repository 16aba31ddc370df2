import { scalarType } from '../dtype.js';
import type { Value } from '../expr/index.js';
import type { Node } from '../graph/node.js';
import { sameBuffer, type BufferId } from '../kernel/buffer.js';
import { sameShape, showShape, type Shape } from '../shape.js';
import { CannotJoin, Lowering, sameForm, type Surroundings } from './lower.js';
import { iterate, linearIndex, type Atom, type Form } from '../kernel/space.js';

/** A node that a group computes. */
export interface Member {
  readonly value: Value;
  /** Where the value lives: in every inner iteration, or once per outer one. */
  readonly level: 'inner' | 'outer';
  /** Coordinates of the node at its level. */
  readonly coords: readonly Form[];
}

/** What the planner knows about places; groups ask it for everything that is not their own. */
export interface Places {
  /** Number of the group that computes a node; undefined for nodes that are inlined or already have storage. */
  orderOf(node: Node): number | undefined;
  isStored(node: Node): boolean;
  /** Whether a matmul's elements may be taken to stay inside their kernel until something else asks for them. */
  mayStayInside(product: Node): boolean;
}

/** Storage buffers that one kernel may bind: the floor of every browser. */
const maxBuffers = 8;
const tooMany = `it would bind more than ${maxBuffers} buffers`;

/** Nodes that one kernel computes together. Maps are groups without inner loops. */
export class Group {
  readonly members = new Map<Node, Member>();
  readonly lowering: Lowering;
  readonly outer: Atom[];
  readonly inner: Atom[];
  readonly outerShape: Shape;
  /** Coordinates of an element of the full (outer and inner) space. */
  readonly coords: readonly Form[];
  /** Coordinates of `outerShape`. */
  readonly outerCoords: readonly Form[];
  /** Reductions by the stage they run in. */
  readonly stages: { node: Node; op: 'sum' | 'prod' | 'max' | 'min'; value: Value; result: Value }[][] = [];
  /** Values without a buffer of their own: the parts of a concat. */
  readonly pieces: { readonly node: Node; readonly value: Value }[] = [];
  /** Nodes of this group that another kernel or the caller needs in memory. */
  readonly stores = new Set<Node>();
  /** How many invocations share each reduction; see FusedKernel.parts. */
  parts = 1;
  /** Takes no more members. */
  closed = false;
  /** Why the last node that did not fit did not. */
  refusal = '';
  /** Nodes of earlier groups that lowering has asked to read: stored there once the join is final. */
  #reads: Node[] = [];
  /** Buffers that the kernel binds besides the group's own: a matmul's operands. */
  #operands: readonly BufferId[] = [];
  #stageOfResult = new Map<Value, number>();
  #stageMemo = new Map<Value, number>();

  constructor(
    readonly order: number,
    readonly shape: Shape,
    readonly axes: readonly number[],
    readonly places: Places,
  ) {
    const { atoms, coords } = iterate(shape);
    this.coords = coords;
    const innerAtoms = new Set(axes.flatMap((d) => coords[d]!.terms.map(([a]) => a)));
    this.outer = atoms.filter((a) => !innerAtoms.has(a));
    this.inner = atoms.filter((a) => innerAtoms.has(a));
    this.outerShape = shape.filter((_, d) => !axes.includes(d));
    this.outerCoords = coords.filter((_, d) => !axes.includes(d));
    const surroundings: Surroundings = {
      local: (node, at) => this.#local(node, at),
      backing: (node) => this.#backing(node),
    };
    this.lowering = new Lowering(surroundings);
  }

  /** The loops, for messages: `[4, 8] folding [1]`. */
  get loops(): string {
    return showShape(this.shape) + (this.isMap ? '' : ` folding ${showShape(this.axes)}`);
  }

  /** True when the group's values are computed from the elements of a matmul. */
  get isEpilogue(): boolean {
    return this.#operands.length > 0;
  }

  get isMap(): boolean {
    return this.axes.length === 0;
  }

  #local(node: Node, at: Form): Value | undefined {
    const member = this.members.get(node);
    if (!member) return undefined;
    if (!sameForm(at, linearIndex(member.coords, node.shape)))
      throw new CannotJoin('it reads another element than the one at hand');
    return member.value;
  }

  #backing(node: Node): boolean {
    if (this.places.isStored(node)) return true;
    const order = this.places.orderOf(node);
    if (order === undefined) return false;
    if (order >= this.order) throw new CannotJoin('it needs what only a later kernel knows');
    this.#reads.push(node);
    return true;
  }

  /** Coordinates for a shape that equals the outer shape but for dimensions of size 1. */
  #outerCoordsFor(shape: Shape): readonly Form[] | undefined {
    if (sameShape(shape, this.outerShape)) return this.outerCoords;
    const squeezed = (s: Shape): number[] => s.filter((d) => d !== 1);
    if (!sameShape(squeezed(shape), squeezed(this.outerShape))) return undefined;
    const rest = this.outerCoords.filter((_, d) => this.outerShape[d] !== 1);
    return shape.map((d) => (d === 1 ? { offset: 0, terms: [] } : rest.shift()!));
  }

  /** Runs `add`; if it cannot be done or needs too many buffers, the group stays as it was. */
  #attempt(add: () => void): boolean {
    const mark = this.lowering.mark();
    try {
      add();
    } catch (reason) {
      this.#reads = [];
      this.lowering.rewind(mark);
      if (reason instanceof CannotJoin) return this.#refuse(reason.why);
      throw reason;
    }
    return true;
  }

  #refuse(why: string): false {
    this.refusal = why;
    return false;
  }

  /** Nodes of earlier groups that joining has read since the last call. */
  takeReads(): Node[] {
    const reads = this.#reads;
    this.#reads = [];
    return reads;
  }

  /** Adds an elementwise node (or a copy of a view); false if it does not fit this kernel. */
  joinMap(node: Node): boolean {
    const outer = this.#outerCoordsFor(node.shape);
    const full = !this.isMap && this.parts === 1 && sameShape(node.shape, this.shape);
    if (!outer && !full) return this.#refuse(`it has shape ${showShape(node.shape)}, the loops are ${this.loops}`);
    const level = outer ? 'outer' : 'inner';
    const coords = outer ?? this.coords;
    return this.#attempt(() => {
      const value = this.lowering.compute(node, coords);
      this.#expectRoom(0);
      this.members.set(node, { value, level, coords });
    });
  }

  /** Makes a value that other code produces from `operands` (a matmul's accumulator) the group's first member. */
  seed(node: Node, operands: readonly BufferId[]): void {
    this.#operands = operands;
    const value = this.lowering.graph.input(scalarType[node.dtype], node);
    this.members.set(node, { value, level: 'outer', coords: this.coords });
  }

  /** Adds a value that goes to a place the caller knows (a part of a concat); false if there is no room for it. */
  joinPiece(node: Node): boolean {
    return this.#attempt(() => {
      const value = this.lowering.value(node, this.coords);
      // the concat's buffer, whatever the number of its parts, and those of members that came before
      if (this.lowering.buffers.length + 1 + this.members.size > maxBuffers) throw new CannotJoin(tooMany);
      this.pieces.push({ node, value });
    });
  }

  /** Adds a reduction over the group's inner dimensions; false if it does not fit. */
  joinReduce(node: Node<'reduce'>): boolean {
    const input = node.inputs[0]!;
    if (this.isMap || !sameShape(input.shape, this.shape) || !sameShape(node.attrs.axes, this.axes)) {
      return this.#refuse(
        `it folds ${showShape(node.attrs.axes)} of ${showShape(input.shape)}, the loops are ${this.loops}`,
      );
    }
    return this.#attempt(() => {
      const value = this.lowering.value(input, this.coords);
      const stage = this.#stageOf(value);
      if (this.parts > 1 && stage > 0) throw new CannotJoin('it needs the whole of a reduction that runs in parts');
      this.#expectRoom(1);
      const result = this.lowering.graph.input(scalarType[node.dtype], node);
      this.#stageOfResult.set(result, stage + 1);
      (this.stages[stage] ??= []).push({ node, op: node.attrs.op, value, result });
      this.lowering.computed.push(node);
      this.members.set(node, { value: result, level: 'outer', coords: this.outerCoords });
    });
  }

  /** Room for one more member, a reduction or not, should it have to be stored. */
  #expectRoom(sums: 0 | 1): void {
    const [first] = this.members.keys();
    const inside = this.isEpilogue && this.places.mayStayInside(first!) ? 1 : 0;
    if (this.#bindings(this.members.size + 1 - inside, sums) > maxBuffers) throw new CannotJoin(tooMany);
  }

  /** False if more has to be stored than was hoped for when members joined. */
  get fits(): boolean {
    return this.#bindings(this.stores.size) <= maxBuffers;
  }

  /**
   * Buffers of a kernel that stores so many members. Reductions in parts have a second kernel, which binds a temporary for each;
   * what is computed from them there may read any of the buffers, too.
   */
  #bindings(stored: number, more = 0): number {
    const { buffers } = this.lowering;
    const temporaries = this.parts > 1 ? this.stages.flat().length + more : 0;
    const read = stored > temporaries ? buffers.length + temporaries : Math.max(buffers.length, temporaries);
    const operands = this.#operands.filter(
      (o, i) => !sameAsOne(o, buffers) && !sameAsOne(o, this.#operands.slice(0, i)),
    );
    const concat = this.pieces.length > 0 ? 1 : 0; // all parts of one concat are stored in one buffer
    return read + operands.length + concat + stored;
  }

  /** Number of stages that must have run before a value is known. */
  #stageOf(value: Value): number {
    const known = this.#stageOfResult.get(value) ?? this.#stageMemo.get(value);
    if (known !== undefined) return known;
    let stage = 0;
    for (const arg of value.args) stage = Math.max(stage, this.#stageOf(arg));
    this.#stageMemo.set(value, stage);
    return stage;
  }

  /** True when this group reads one of `nodes`. */
  shares(nodes: readonly Node[]): boolean {
    return this.lowering.buffers.some((b) => b.kind === 'node' && nodes.includes(b.node));
  }
}

const sameAsOne = (id: BufferId, list: readonly BufferId[]): boolean => list.some((other) => sameBuffer(id, other));

/** Names of the operations that a kernel fuses, inputs first: for tables and messages. */
export function labelOf(nodes: readonly Node[]): string {
  const named = nodes.filter((n) => n.is('elementwise') || n.is('reduce') || n.is('gather') || n.is('pad'));
  const names = named.map((n) => (n.is('elementwise') ? n.attrs.fn.name : n.is('reduce') ? n.attrs.op : n.prim));
  // a kernel without arithmetic only moves elements
  return names.length > 0 ? [...new Set(names)].join(' ') : 'copy';
}
