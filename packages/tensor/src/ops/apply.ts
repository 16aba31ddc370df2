import { isFloat, promote, promoteNumber, scalarType, type DType } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { build, componentsOf, type ExprFunction, type OpName, type ScalarType } from '../expr/index.js';
import { Node } from '../graph/node.js';
import { isMovement } from '../graph/primitive.js';
import { broadcastShapes, sameShape, showShape, type Shape } from '../shape.js';
import { live, Tensor } from '../tensor.js';
import { recordSite } from '../runtime/debug.js';
import { tidy } from '../runtime/tidy.js';

/** What operations take beside tensors: a number adapts to the other operand's dtype, as in PyTorch. */
export type Operand = Tensor | number;

/** Makes a node and its handle. */
export function make(node: Node): Tensor {
  recordSite(node);
  return new Tensor(node);
}

/** A tensor of shape [] that holds `value`; it is a uniform of the kernels that use it. */
export function scalarNode(value: number, dtype: DType): Node {
  return new Node('scalar', [], { value }, [], dtype);
}

/** `node` broadcast to `shape`. */
export function expandNode(node: Node, shape: Shape): Node {
  if (sameShape(node.shape, shape)) return node;
  const pad = shape.length - node.shape.length;
  let n = node;
  if (pad > 0) n = new Node('reshape', [n], {}, [...new Array<number>(pad).fill(1), ...node.shape], node.dtype);
  return sameShape(n.shape, shape) ? n : new Node('expand', [n], {}, [...shape], node.dtype);
}

/** The number that fills a node which `full` made and no gradient is wanted for; undefined for all others. */
export function constantOf(node: Node): number | undefined {
  if (node.requiresGrad) return undefined;
  let inner = node;
  if (inner.is('expand')) inner = inner.inputs[0]!;
  if (inner.is('reshape') && !inner.opaque) inner = inner.inputs[0]!;
  return inner.is('scalar') ? inner.attrs.value : undefined;
}

const functions = new Map<string, ExprFunction>();

/** The expression that applies one operation to arguments of a type. */
export function operation(op: OpName, type: ScalarType, arity: number, result: ScalarType = type): ExprFunction {
  const key = `${op} ${type} ${result}`;
  let fn = functions.get(key);
  if (!fn) {
    const names = ['a', 'b', 'c'].slice(0, arity);
    fn = build(
      op,
      names.map((name) => ({ name, type })),
      result,
      (g, ...args) => g.apply(op, ...args),
    );
    functions.set(key, fn);
  }
  return fn;
}

/** The expression that converts between types. */
function conversion(from: ScalarType, to: ScalarType): ExprFunction {
  const key = `convert ${from} ${to}`;
  let fn = functions.get(key);
  if (!fn) {
    fn = build(`to ${to}`, [{ name: 'a', type: from }], to, (g, a) =>
      to === 'bool' && from !== 'bool' ? g.apply('ne', a!, g.literal(from, 0)) : g.convert(a!, to),
    );
    functions.set(key, fn);
  }
  return fn;
}

/** `node` with another dtype; numbers convert where they stand. */
export function castNode(node: Node, dtype: DType): Node {
  if (node.dtype === dtype) return node;
  if (node.is('scalar')) {
    const { value } = node.attrs;
    return scalarNode(isFloat(dtype) ? value : dtype === 'bool' ? Number(value !== 0) : Math.trunc(value), dtype);
  }
  const fn = conversion(scalarType[node.dtype], scalarType[dtype]);
  return new Node('elementwise', [node], { fn, output: 0 }, node.shape, dtype);
}

/** An elementwise node over operands that broadcast; their dtypes must be what `fn` takes. */
export function applyNode(op: string, fn: ExprFunction, nodes: readonly Node[], dtype: DType): Node {
  const shape = broadcastShapes(op, ...nodes.map((n) => n.shape));
  return new Node(
    'elementwise',
    nodes.map((n) => expandNode(n, shape)),
    { fn, output: 0 },
    shape,
    dtype,
  );
}

/** Nodes of operands with one common dtype, numbers adapted to it. At least one operand is a tensor. */
export function operands(
  op: string,
  values: readonly Operand[],
  atLeastFloat = false,
): { nodes: Node[]; dtype: DType } {
  let dtype: DType | undefined;
  for (const v of values) {
    if (v instanceof Tensor) dtype = dtype === undefined ? v.dtype : promoteTensors(dtype, v.dtype);
    else if (typeof v !== 'number') throw new DTypeError(`${op} takes tensors and numbers, got ${describe(v)}`);
  }
  let common: DType = dtype ?? 'float32';
  for (const v of values) if (typeof v === 'number') common = promoteNumber(common, v);
  if (atLeastFloat && !isFloat(common)) common = 'float32';
  const nodes = values.map((v) => (typeof v === 'number' ? scalarNode(v, common) : castNode(live(v, op), common)));
  return { nodes, dtype: common };
}

/** A number argument of a compiled function gives way to the other operand, like the number it stands for. */
const promoteTensors = (a: DType, b: DType): DType => promote(a, b);

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array; wrap it in tensor(...)' : typeof value;
}

/** A function of one tensor of real numbers; integers convert to float32 first. */
export function floatUnary(op: string, fn: ExprFunction): (x: Tensor) => Tensor {
  return (x) => {
    const { nodes, dtype } = operands(op, [x], true);
    return make(applyNode(op, fn, nodes, dtype));
  };
}

/**
 * A composition of real numbers that must not be rounded on the way: float16 is widened first and the result rounded
 * once, integers convert to float32.
 */
export function inFloat32(name: string, x: Tensor, fn: (wide: Tensor) => Tensor): Tensor {
  live(x, name);
  return tidy(() => fn(x.to('float32')).to(isFloat(x.dtype) ? x.dtype : 'float32'));
}

/** Applies a built-in operation to operands of their common dtype. */
export function numeric(op: OpName, ...values: Operand[]): Tensor {
  const { nodes, dtype } = operands(op, values);
  const type = scalarType[dtype];
  if (type === 'bool')
    throw new DTypeError(`${op} does not take bool tensors; convert with .to('int32') or use logicalAnd`);
  return make(applyNode(op, operation(op, type, values.length), nodes, dtype));
}

/**
 * Applies an expression to every element of tensors that broadcast: the tensor form of a user's own function.
 * Scalar parameters take one element each; a vector parameter takes a tensor whose last dimension holds the
 * components, and a vector result adds such a dimension.
 *
 * @param fn an expression, see `expr`.
 * @param inputs one tensor (or number) per parameter.
 * @throws ShapeError when the number of inputs, a vector's last dimension or the broadcast does not fit.
 */
export function elementwise(fn: ExprFunction, ...inputs: Operand[]): Tensor {
  if (inputs.length !== fn.params.length) {
    throw new ShapeError(
      `${fn.name} takes ${fn.params.length} arguments (${fn.params.map((p) => p.name).join(', ')}), got ${inputs.length}`,
    );
  }
  const args: Node[] = [];
  let at = 0;
  inputs.forEach((input, i) => {
    const { name, type } = fn.params[i]!;
    const width = componentCount(type);
    const scalar = fn.inputs[at]!.type;
    const dtype: DType =
      scalar === 'f32' ? 'float32' : scalar === 'i32' ? 'int32' : scalar === 'u32' ? 'uint32' : 'bool';
    const node = typeof input === 'number' ? scalarNode(input, dtype) : castNode(live(input, fn.name), dtype);
    if (width === 1) args.push(node);
    else {
      const last = node.shape.length - 1;
      if (node.shape[last] !== width) {
        throw new ShapeError(
          `${fn.name}: parameter ${name} has ${width} components, so its tensor needs a last dimension of ${width}; got ${showShape(node.shape)}`,
        );
      }
      for (let k = 0; k < width; k++) args.push(component(node, k));
    }
    at += width;
  });
  const outputs = fn.outputs.length;
  const shape = broadcastShapes(fn.name, ...args.map((n) => n.shape));
  const expanded = fitBuffers(args.map((n) => expandNode(n, shape)));
  const results = fn.outputs.map((value, output) => {
    const dtype: DType =
      value.type === 'f32' ? 'float32' : value.type === 'i32' ? 'int32' : value.type === 'u32' ? 'uint32' : 'bool';
    return new Node('elementwise', expanded, { fn, output }, shape, dtype);
  });
  if (outputs === 1) return make(results[0]!);
  const columns = results.map((n) => new Node('reshape', [n], {}, [...shape, 1], n.dtype));
  return make(new Node('concat', columns, { dim: shape.length }, [...shape, outputs], columns[0]!.dtype));
}

/** Buffers that one kernel reads beside the one it writes. */
const readable = 7;

/**
 * Inputs of one expression that come from more buffers than a kernel may bind are laid side by side in one buffer, as
 * many as it takes.
 */
export function fitBuffers(inputs: readonly Node[]): readonly Node[] {
  const sourceOf = (node: Node): Node => {
    let n = node;
    while (isMovement(n) && !n.realized) n = n.inputs[0]!; // one that has been computed has its own buffer
    return n;
  };
  const stored = (n: Node): boolean => !n.is('scalar') && !n.is('iota');
  const sources = [...new Set(inputs.map(sourceOf).filter(stored))];
  if (sources.length <= readable) return inputs;
  const packed = new Set(sources.slice(readable - 2));
  const chosen = (dtype: DType): Node[] => inputs.filter((n) => n.dtype === dtype && packed.has(sourceOf(n)));
  const parts = new Map<Node, Node>();
  for (const dtype of new Set(inputs.map((n) => n.dtype))) {
    const rows = [...new Set(chosen(dtype))];
    if (rows.length < 2) continue;
    const { shape } = rows[0]!;
    const columns = rows.map((n) => new Node('reshape', [n], {}, [1, ...shape], dtype));
    const all = new Node('concat', columns, { dim: 0 }, [rows.length, ...shape], dtype);
    rows.forEach((n, k) => {
      const starts = [k, ...shape.map(() => 0)];
      const row = new Node('slice', [all], { starts, steps: starts.map(() => 1) }, [1, ...shape], dtype);
      parts.set(n, new Node('reshape', [row], {}, shape, dtype));
    });
  }
  return inputs.map((n) => parts.get(n) ?? n);
}

/** Number of scalar components of a parameter's type. */
function componentCount(type: ExprFunction['result']): number {
  return componentsOf(type).length;
}

/** Element k of the last dimension. */
function component(node: Node, k: number): Node {
  const rank = node.shape.length;
  const starts = new Array<number>(rank).fill(0);
  starts[rank - 1] = k;
  const sliced = new Node(
    'slice',
    [node],
    { starts, steps: new Array<number>(rank).fill(1) },
    [...node.shape.slice(0, -1), 1],
    node.dtype,
  );
  return new Node('reshape', [sliced], {}, node.shape.slice(0, -1), node.dtype);
}
