import { ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import type { CapacityContract, ProgramCall } from '../graph/primitive.js';
import type { HostArray } from '../kernel/dispatch.js';
import { castNode, make } from '../ops/apply.js';
import { expectShape, type Shape } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import type { WgslModule } from '../wgsl/link.js';
import type { AccumulateMode } from './accumulate.js';
import { buildProgram } from './build.js';
import { bindSizes, elementDType, parseDeclaration, type Declaration, type ElementName } from './declaration.js';
import { checkOptions, type OptionTypes } from './options.js';

/** An output of a program. */
export interface OutputSpec {
  readonly dtype: ElementName;
  readonly shape: Shape;
  /** Makes the output a sum: kernels call `accumulate_NAME(index, value)` instead of writing it. f32 only. */
  readonly accumulate?: AccumulateMode;
  /** Smallest step of a `scatter` sum, a power of two; 2^-40 by default. */
  readonly resolution?: number;
  /** Bound as `atomic<u32>` or `atomic<i32>`, and zero before the first dispatch. */
  readonly atomic?: boolean;
}

/** Memory that only the program's own kernels see. */
export interface ScratchSpec {
  /** WGSL element type: `u32`, `f32`, `vec4f`, `atomic<u32>`, ... */
  readonly element: string;
  /** Number of elements. */
  readonly length: number;
  /** Zero before the first dispatch. */
  readonly zero?: boolean;
}

/** One kernel of a program. */
export interface DispatchSpec {
  /** WGSL: `fn item(i: u32)` with `items`, else a whole `@compute ... fn main`. */
  readonly code: WgslModule;
  /** Calls `item(i)` for i = 0 .. items - 1; the engine writes the entry point and the grid. */
  readonly items?: number;
  /** Workgroups of a whole kernel, or the buffer (and byte) where another kernel left their number. */
  readonly workgroups?: readonly number[] | { readonly indirect: string; readonly offset?: number };
  /** Values of options in this dispatch alone: one kernel, run several times with another number. */
  readonly options?: Readonly<Record<string, number>>;
  readonly label?: string;
}

/** An array on the host, as references see it. */
export interface HostTensor {
  readonly shape: Shape;
  readonly data: HostArray;
}

type Sizes = Readonly<Record<string, number>>;
type Options<P> = { readonly [K in keyof P]: number };
type Given<I, T> = { readonly [K in keyof I]: T };
type Prefixed<P extends string, K, T> = { readonly [N in K & string as `${P}${Capitalize<N>}`]: T };

/** A program: kernels in WGSL with a float64 reference and, if it has them, derivatives. */
export interface ProgramDefinition<
  I extends Readonly<Record<string, string>>,
  O extends string,
  P extends OptionTypes,
> {
  readonly name: string;
  /**
   * `f32[H, W, 3]`: element type and named or fixed sizes. Names are bound at the first use and must agree. `vec4f[N]` is a
   * tensor [N, 4] that the code sees as an array of vec4f (vec4i, vec4u likewise).
   */
  readonly inputs: I;
  readonly options?: P;
  /** Shapes of the results, from the shapes of the inputs. */
  readonly outputs: (
    inputs: Given<I, { readonly shape: Shape }>,
    options: Options<P>,
  ) => Readonly<Record<O, OutputSpec>>;
  readonly scratch?: (sizes: Sizes, options: Options<P>) => Readonly<Record<string, ScratchSpec>>;
  /** Kernels in order. Sizes and options are uniforms: `H` and `radius` can be used in the code as they are. */
  readonly dispatches: (sizes: Sizes, options: Options<P>) => readonly DispatchSpec[];
  /** The same in float64: the oracle of tests, and what runs on the reference device. */
  readonly reference: (inputs: Given<I, HostTensor>, options: Options<P>) => Readonly<Record<O, ArrayLike<number>>>;
  /**
   * Room for data whose amount is only known on the GPU: count, scan, fill. `scratch` and `dispatches` find it in their
   * sizes as `capacity`; the kernels write the amount that they needed to element 0 of the output `needed` and stay
   * within the capacity. If it was too small, nothing computed from the result is used: the next await runs again with
   * room enough.
   */
  readonly capacity?: { readonly initial: (sizes: Sizes, options: Options<P>) => number; readonly needed: NoInfer<O> };
  /** Gradients of the inputs from gradients of the outputs; inputs left out have none. Written with tensors. */
  readonly vjp?: (
    gradients: Prefixed<'grad', O, Tensor>,
    inputs: Given<I, Tensor>,
    options: Options<P>,
    outputs: Readonly<Record<O, Tensor>>,
  ) => { readonly [K in keyof I]?: Tensor };
  /** Tangents of the outputs from tangents of the inputs (zeros where there is none). */
  readonly jvp?: (
    tangents: { readonly [K in keyof I & string as `tangent${Capitalize<K>}`]: Tensor },
    inputs: Given<I, Tensor>,
    options: Options<P>,
  ) => Readonly<Partial<Record<O, Tensor>>>;
}

/** A definition whose names the compiler does not know: what packages/autograd finds in a program node. */
export type AnyProgram = ProgramDefinition<Readonly<Record<string, string>>, string, OptionTypes>;

/** What a program node carries for the rules of differentiation. */
export interface ProgramDetail {
  readonly program: AnyProgram;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly options: Readonly<Record<string, number>>;
}

/**
 * Defines a differentiable operation of hand-written WGSL kernels. The result is a function from named tensors and
 * options to named tensors: lazy, replayable by `compile`, and differentiable where `vjp` and `jvp` are given.
 * See docs/guides/custom-programs.md.
 *
 * @example
 * const double = defineProgram({
 *   name: 'double',
 *   inputs: { x: 'f32[N]' },
 *   outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
 *   dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { y[i] = 2.0 * x[i]; }` }],
 *   reference: ({ x }) => ({ y: x.data.map((v) => 2 * v) }),
 * });
 * const { y } = double({ x: tensor([1, 2]) });
 */
export function defineProgram<
  const I extends Readonly<Record<string, string>>,
  O extends string,
  const P extends OptionTypes = Record<never, never>,
>(
  definition: ProgramDefinition<I, O, P>,
): (
  inputs: Given<I, Tensor>,
  ...options: keyof P extends never ? [options?: Options<P>] : [options: Options<P>]
) => Readonly<Record<O, Tensor>> {
  const program = definition as unknown as AnyProgram;
  const { name } = definition;
  const declarations = Object.entries(definition.inputs).map(([input, text]) => parseDeclaration(name, input, text));
  return (inputs, ...rest) => {
    const options: unknown = rest[0];
    const given = checkOptions(program, options as Readonly<Record<string, number>> | undefined);
    const sizes: Record<string, number> = {};
    const nodes = declarations.map((d) =>
      operand(name, d, (inputs as Readonly<Record<string, Tensor>>)[d.name], sizes),
    );
    const shapes = Object.fromEntries(declarations.map((d, i) => [d.name, { shape: nodes[i]!.shape }]));
    const outputs = program.outputs(shapes, given);
    for (const spec of Object.values(outputs)) expectShape(name, spec.shape);
    const outputNames = Object.keys(outputs);
    const detail: ProgramDetail = { program, inputNames: declarations.map((d) => d.name), outputNames, options: given };
    const common = { program, declarations, sizes, options: given, outputs };
    const capacity = program.capacity?.initial(sizes, given);
    const node = new Node('program', nodes, callOf(common, detail, capacity), [], 'float32');
    const results = outputNames.map((output, index) => {
      const { dtype, shape } = outputs[output]!;
      return [output, make(new Node('pick', [node], { index }, [...shape], elementDType[dtype]))] as const;
    });
    return Object.fromEntries(results) as Record<O, Tensor>;
  };
}

/** What building the kernels of a call needs to know. */
export interface ProgramInstance {
  readonly program: AnyProgram;
  readonly declarations: readonly Declaration[];
  readonly sizes: Sizes;
  readonly options: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
}

function callOf(instance: ProgramInstance, detail: ProgramDetail, capacity: number | undefined): ProgramCall {
  const outputs = detail.outputNames.map((name) => {
    const { shape, dtype } = instance.outputs[name]!;
    return { shape, dtype: elementDType[dtype] };
  });
  const contract: CapacityContract | undefined =
    capacity === undefined
      ? undefined
      : { neededOutput: detail.outputNames.indexOf(instance.program.capacity!.needed), capacity };
  return {
    name: instance.program.name,
    outputs,
    detail,
    build: () => buildProgram(instance, contract?.capacity),
    ...(contract ? { capacity: contract } : {}),
  };
}

function operand(
  program: string,
  declaration: Declaration,
  tensor: Tensor | undefined,
  sizes: Record<string, number>,
): Node {
  if (!tensor) throw new ShapeError(`${program}: input ${declaration.name} is missing`);
  bindSizes(program, declaration, tensor.shape, sizes);
  return castNode(live(tensor, program), elementDType[declaration.element]);
}
