import type { AdapterProfile } from '../device/profile.js';
import { bytesPerElement } from '../dtype.js';
import type { Node } from '../graph/node.js';
import { isMovement } from '../graph/primitive.js';
import { sizeOf } from '../shape.js';
import { cheap, inlineCost } from './cost.js';
import { Group, labelOf, type Places } from './group.js';
import { backingOf, MustStore } from './lower.js';
import { operandLayout, stripReshapes, widens, type OperandLayout } from './operand.js';
import { convProduct, insideOfPad, matmulProduct, type Product, type ProductNode } from './product.js';

/** One step of a schedule before it becomes kernels: a fused group, a concat (one map per part), or a node on its own. */
export type Step = StepKind & {
  /** Why this is not part of an earlier kernel, for people. */
  readonly why: () => string;
};

type StepKind =
  | { readonly kind: 'group'; readonly group: Group }
  | { readonly kind: 'concat'; readonly node: Node<'concat'>; readonly parts: readonly Group[] }
  | {
      readonly kind: 'matmul';
      readonly product: Product;
      readonly epilogue: Group;
    }
  | { readonly kind: 'program'; readonly node: Node<'program'> };

/** Options of the planner. */
export interface FuseOptions {
  readonly profile: AdapterProfile;
  /** false stores every node on its own: the reference that fused schedules are compared with. */
  readonly fusion: boolean;
  /**
   * Whether what follows a matmul joins its kernel; true if left out. On software adapters such a kernel takes 200 ms
   * and more to compile, so only plans that run often want it.
   */
  readonly epilogues?: boolean;
}

const isProduct = (n: Node): n is ProductNode => n.is('matmul') || n.is('conv');

const isNumber = (n: Node): boolean =>
  n.is('scalar') || n.is('iota') || (n.is('argument') && n.attrs.kind === 'number');

/** Has elements in memory, or on the host waiting to be uploaded. */
export const isBacked = (n: Node): boolean =>
  n.realized || n.data !== undefined || (n.is('argument') && n.attrs.kind === 'tensor');

/**
 * Unrealised nodes below `roots` in the order in which they were made, so inputs first: memory then lives as long as it
 * would in a program that computes line by line. (Depth first, the gradients of all layers' weights would wait for the
 * end of the backward pass, and keep every layer's activations.)
 */
export function topologicalOrder(roots: readonly Node[]): Node[] {
  const found = new Set(roots.filter((root) => !isBacked(root)));
  for (const node of found) for (const input of node.inputs) if (!isBacked(input)) found.add(input);
  return [...found].sort((a, b) => a.id - b.id);
}

/**
 * Turns the graph below `roots` into steps. A node gets a place of its own (it is a member of a group) when it is
 * asked for, folds, is opaque, or is dear and used more than once; every other node is computed inside its consumers.
 * Members join the group of their latest input where shapes allow, so that chains, reductions and their epilogues
 * become one kernel.
 */
export function fuse(roots: readonly Node[], options: FuseOptions): Step[] {
  const forced = new Map<Node, string>();
  for (let hopeful = true; ;) {
    const { size } = forced;
    const planner = new Planner(roots, forced, options, hopeful);
    const steps = planner.run();
    if (planner.fits && forced.size === size) return steps;
    hopeful &&= forced.size > size;
  }
}

class Planner implements Places {
  readonly #steps: Step[] = [];
  readonly #orders = new Map<Node, number>();
  readonly #groups = new Map<number, Group>();
  /** Nodes with a place of their own, and why. */
  readonly #members: Map<Node, string>;
  readonly #nodes: Node[];
  #nextOrder = 0;

  constructor(
    private readonly roots: readonly Node[],
    /** Nodes that must get a place, and why; what a run finds to be among them joins them, and the plan is made again. */
    private readonly forced: Map<Node, string>,
    private readonly options: FuseOptions,
    /** Products count as a stored buffer of their kernel only once something asks for them; `fits` tells if that held. */
    private readonly hopeful: boolean,
  ) {
    this.#nodes = topologicalOrder(roots);
    this.#members = new Map(forced);
  }

  /** Whether every kernel binds as few buffers as it must. */
  get fits(): boolean {
    return [...this.#groups.values()].every((group) => group.fits);
  }

  mayStayInside(product: Node): boolean {
    return this.hopeful && !this.roots.includes(product);
  }

  orderOf(node: Node): number | undefined {
    return this.#orders.get(node);
  }

  isStored(node: Node): boolean {
    return isBacked(node);
  }

  run(): Step[] {
    this.#chooseMembers();
    for (const node of this.#nodes) if (this.#members.has(node)) this.#placeAfter(node);
    for (const root of this.roots) this.#store(root);
    return this.#steps;
  }

  /** Marks the source of a root (or of an opaque operand) as needed in memory. */
  #store(node: Node): void {
    const source = backingOf(node, (n) => isBacked(n) || this.#orders.has(n));
    if (!source || isBacked(source.node)) return;
    this.#groups.get(this.#orders.get(source.node)!)?.stores.add(source.node);
  }

  /** Decides which nodes get a place; see `fuse`. */
  #chooseMembers(): void {
    const members = this.#members;
    const needsBuffer = (node: Node, why: string): void => {
      const hasPlace = (n: Node): boolean => isBacked(n) || members.has(n) || n.is('program');
      if (!backingOf(node, hasPlace)) members.set(stripReshapes(node), why);
    };
    const uses = this.#countUses();
    const rootSet = new Set(this.roots);
    const hasPlace = (n: Node): boolean => isBacked(n) || members.has(n);
    const memo = new Map<Node, number>();
    for (const node of this.#nodes) {
      const opaque = node.is('program') || node.is('concat') || isProduct(node) || node.is('reduce');
      if (node.is('program')) node.inputs.forEach((n) => needsBuffer(n, `${node.attrs.name} reads it from memory`));
      if (isProduct(node)) node.inputs.forEach((n) => this.#operand(node, n, needsBuffer));
      if (node.is('gather')) needsBuffer(node.inputs[0]!, 'a gather reads its table from memory');
      if ((node.is('expand') || node.is('unfold')) && sizeOf(node.shape) > sizeOf(node.inputs[0]!.shape)) {
        const source = stripMovement(node);
        if (!hasPlace(source) && inlineCost(source, hasPlace, memo) > cheap) {
          members.set(source, 'many elements use it by broadcasting or in windows, and it is dear to compute again');
        }
      }
      const compute = node.is('elementwise') || node.is('gather');
      const shared = compute && uses.get(node)! > 1 && inlineCost(node, hasPlace, memo) > cheap;
      const unfused = !this.options.fusion && (compute || node.is('pad'));
      if (opaque) members.set(node, 'a reduction');
      else if (shared) members.set(node, `${uses.get(node)!} operations use it, and it is dear to compute again`);
      else if (unfused) members.set(node, 'fusion is off');
      else if (compute && node.dtype === 'float16' && node.inputs[0]?.dtype === 'float32')
        members.set(node, 'asked for in halves');
      else if (compute && node.pinned) members.set(node, 'a derivative compares with its elements');
      memo.delete(node);
    }
    for (const root of rootSet) if (!isBacked(root)) needsBuffer(root, 'asked for');
  }

  /**
   * A matmul reads a transposed or sliced view in place, if its source has a buffer; a convolution also one of an image
   * with zeros around it, or the image alone where its kernel puts in the zeros itself.
   */
  #operand(product: ProductNode, node: Node, needsBuffer: (node: Node, why: string) => void): void {
    let source = stripMovement(node);
    // float16 is read where it lies
    while (this.options.profile.shaderF16 && widens(source) && !isBacked(source))
      source = stripMovement(source.inputs[0]!);
    const inside = product.is('conv') && node === product.inputs[0] ? insideOfPad(product) : undefined;
    const hasPlace = (n: Node): boolean => isBacked(n) || this.#members.has(n) || n.is('program');
    if (inside && hasPlace(stripMovement(inside))) return;
    const whole = isNumber(source) || (source.is('pad') && product.is('matmul'));
    needsBuffer(whole ? node : source, `a ${product.prim} reads its operands from memory`);
  }

  /** What a matmul or a convolution multiplies, read where it lies; a layout that is not affine is stored first. */
  #product(node: ProductNode): Product {
    const isStored = (n: Node): boolean => isBacked(n) || this.#orders.has(n);
    const layout = (operand: Node): OperandLayout => {
      const found = operandLayout(operand, isStored);
      if (!found) throw new MustStore(stripReshapes(operand), 'a matmul operand whose elements are not evenly spaced');
      return found;
    };
    const product = node.is('conv')
      ? convProduct(node, isStored)
      : matmulProduct(node as Node<'matmul'>, layout(node.inputs[0]!), layout(node.inputs[1]!));
    this.#store(product.a.node);
    this.#store(product.b.node);
    return product;
  }

  /** How many computing nodes (or callers) use each node, seen through movement. */
  #countUses(): Map<Node, number> {
    const uses = new Map<Node, number>();
    const add = (n: Node, k: number): void => void uses.set(n, (uses.get(n) ?? 0) + k);
    for (const root of new Set(this.roots)) add(root, 1);
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i]!;
      for (const input of new Set(node.inputs)) add(input, isMovement(node) ? uses.get(node)! : 1);
    }
    return uses;
  }

  /** Places a node after those without whose places it has none: one run finds nearly all of them. */
  #placeAfter(node: Node): void {
    try {
      this.#place(node);
    } catch (reason) {
      if (!(reason instanceof MustStore) || this.forced.has(reason.node)) throw reason;
      this.forced.set(reason.node, reason.why);
      this.#placeAfter(reason.node);
      this.#placeAfter(node);
    }
  }

  #place(node: Node): void {
    if (node.is('program')) return this.#placeProgram(node);
    if (isProduct(node)) return this.#placeProduct(node);
    if (node.is('concat')) return this.#placeConcat(node);
    const { latest, sources } = this.#dependencies(node);
    const join = (g: Group): boolean => (node.is('reduce') ? g.joinReduce(node) : g.joinMap(node));
    const start = latest < 0 ? 'it needs no earlier kernel' : 'it reads what a program or a concat makes';
    let why = (): string => start;
    if (this.options.fusion) {
      for (let order = this.#nextOrder - 1; order >= Math.max(latest, 0); order--) {
        const group = this.#groups.get(order);
        if (!group) continue;
        if (group.isEpilogue && (this.options.epilogues === false || group.closed)) {
          const { closed } = group;
          if (order === latest) {
            why = () => (closed ? 'the product runs in pieces' : 'only compiled functions continue a matmul');
          }
          continue;
        }
        if (order > latest && !group.shares(sources)) continue;
        if (join(group)) return this.#joined(node, group);
        const { refusal } = group;
        why = () => `it does not fit into "${labelOf(group.lowering.computed)}": ${refusal}`;
      }
    }
    const group = node.is('reduce')
      ? this.#newGroup(node.inputs[0]!.shape, node.attrs.axes)
      : this.#newGroup(node.shape, []);
    if (node.is('reduce')) group.parts = reductionParts(node, this.options.profile);
    if (!join(group)) throw this.#tooManyBuffers(node);
    this.#joined(node, group);
    const place = this.#members.get(node)!;
    this.#steps.push({ kind: 'group', group, why: () => `${place}; ${why()}` });
  }

  #newGroup(shape: readonly number[], axes: readonly number[]): Group {
    const group = new Group(this.#nextOrder++, shape, axes, this);
    this.#groups.set(group.order, group);
    return group;
  }

  #joined(node: Node, group: Group): void {
    this.#orders.set(node, group.order);
    for (const read of group.takeReads()) this.#store(read);
  }

  /** The last group that `node` reads from, and the buffers it would read. */
  #dependencies(node: Node): { latest: number; sources: Node[] } {
    let latest = -1;
    const sources: Node[] = [];
    const seen = new Set<Node>();
    const pending = [...node.inputs];
    for (let n = pending.pop(); n; n = pending.pop()) {
      if (seen.has(n)) continue;
      seen.add(n);
      const order = this.#orders.get(n);
      if (order !== undefined) latest = Math.max(latest, order);
      if (order !== undefined || isBacked(n)) sources.push(n);
      else pending.push(...n.inputs);
    }
    return { latest, sources };
  }

  #placeProgram(node: Node<'program'>): void {
    this.#orders.set(node, this.#nextOrder++);
    node.inputs.forEach((n) => this.#store(n));
    this.#steps.push({ kind: 'program', node, why: () => 'a program: its kernels are written by hand' });
  }

  #placeProduct(node: ProductNode): void {
    const epilogue = this.#newGroup(node.shape, []);
    this.#orders.set(node, epilogue.order);
    const product = this.#product(node);
    epilogue.seed(node, [product.a, product.b]);
    // products that must be computed in pieces are stored before anything is made of them
    epilogue.closed = [...node.inputs, node].some(
      (n) => sizeOf(n.shape) * bytesPerElement[n.dtype] > this.options.profile.maxBindingBytes,
    );
    const why = (): string => `a ${node.prim}: it takes in what is computed from its elements, nothing before`;
    this.#steps.push({ kind: 'matmul', product, epilogue, why });
  }

  /**
   * Parts of one shape are computed by one kernel with several stores, others by one kernel each; so are those of a result
   * that is larger than a binding, since the stores lie far apart.
   */
  #placeConcat(node: Node<'concat'>): void {
    const large = sizeOf(node.shape) * bytesPerElement[node.dtype] > this.options.profile.maxBindingBytes;
    const same = !large && node.inputs.every((n) => n.shape[node.attrs.dim] === node.inputs[0]!.shape[node.attrs.dim]);
    const batches: Node[][] = same ? chunk(node.inputs, 4) : node.inputs.map((n) => [n]);
    const parts: Group[] = [];
    for (const batch of batches) {
      let group = this.#newGroup(batch[0]!.shape, []);
      for (const input of batch) {
        if (!group.joinPiece(input)) {
          parts.push(group);
          group = this.#newGroup(input.shape, []);
          if (!group.joinPiece(input)) throw this.#tooManyBuffers(input);
        }
        for (const read of group.takeReads()) this.#store(read);
      }
      parts.push(group);
    }
    this.#orders.set(node, this.#nextOrder++);
    this.#steps.push({ kind: 'concat', node, parts, why: () => 'a concat: parts of one shape share a kernel' });
  }

  /** A kernel of its own is still too much: store the part of its expression that reads the most buffers. */
  #tooManyBuffers(node: Node): MustStore {
    let best: Node | undefined;
    let most = 0;
    for (const n of topologicalOrder(node.inputs)) {
      if (this.#orders.has(n) || n === node || !(n.is('elementwise') || n.is('gather'))) continue;
      const count = this.#dependencies(n).sources.length;
      if (count > most && count < maxInline) [best, most] = [n, count];
    }
    if (!best) throw new Error(`internal: ${node.prim} cannot be split`);
    return new MustStore(best, `its consumer would bind more than ${maxInline} buffers`);
  }
}

/** Buffers that one expression may read beside the one it writes. */
const maxInline = 8;

function stripMovement(node: Node): Node {
  let n = node;
  while (isMovement(n) && !isBacked(n) && !n.is('pad')) n = n.inputs[0]!;
  return n;
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size));
  return out;
}

/**
 * How many parts a reduction is cut into. Few rows with many elements would leave the device idle, and one long sum
 * would lose digits; many rows are parallel enough as they are.
 */
function reductionParts(node: Node<'reduce'>, profile: AdapterProfile): number {
  const input = node.inputs[0]!;
  const rows = sizeOf(node.shape);
  const length = rows === 0 ? 0 : sizeOf(input.shape) / rows;
  // what is folded is spread over the whole input, unless it is its last dimensions: parts must fit into a binding
  const trailing = node.attrs.axes.every((axis, i) => axis === input.shape.length - node.attrs.axes.length + i);
  const span = (trailing ? length : length * rows) * bytesPerElement[node.dtype];
  const fitting = span > profile.maxBindingBytes ? Math.ceil((4 * span) / profile.maxBindingBytes) : 1;
  const wanted = profile.kind === 'software' ? 512 : 16384;
  const shortest = profile.kind === 'software' ? 2048 : 256;
  if (rows >= wanted / 8 || length < 2 * shortest) return Math.min(fitting, Math.max(length, 1));
  return Math.max(fitting, Math.min(Math.ceil(length / shortest), Math.ceil(wanted / Math.max(rows, 1))));
}
