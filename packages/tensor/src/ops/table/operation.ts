import { ShapeError, type ChiaroError } from '../../errors.js';
import type { Tolerance } from '../../expr/stdlib/tolerances.js';
import { zeros, type Tensor } from '../../index.js';
import type { Draw, Input } from './draw.js';
import type { HostTensor } from './host.js';

/** An argument of a sample: a tensor, several tensors, or whatever else the operation takes. */
export type Argument = Input | readonly Input[] | object | number | boolean | string | null | undefined;

/** The arguments as a reference gets them. */
export type HostArgument<A> = A extends Input ? HostTensor : A extends readonly Input[] ? readonly HostTensor[] : A;
type HostArguments<A extends readonly Argument[]> = { [K in keyof A]: HostArgument<A[K]> };

/** Error that the GPU may make: units in the last place of the result (or of its scale), and absolutely. */
export type OperationTolerance = Pick<Tolerance, 'ulp' | 'absolute'>;

/** Which derivatives an operation claims; packages/autograd tests them. */
export interface GradientClaim {
  /** Positions of the tensor arguments that gradients flow to. */
  readonly inputs: readonly number[];
  /** May the derivative be differentiated again? */
  readonly second: boolean;
  /** Inputs where the claim holds: away from kinks and ties. The operation's own samples by default. */
  readonly sample?: (draw: Draw) => readonly Argument[];
}

/** A call that must be refused. */
export interface BadCall {
  readonly what: string;
  readonly call: () => unknown;
  readonly error: new (message: string) => ChiaroError;
  /** What the message must say, so that it helps. */
  readonly message: RegExp;
}

/** A call that must be refused, with a ShapeError unless told otherwise. */
export const bad = (
  what: string,
  call: () => unknown,
  message: RegExp,
  error: BadCall['error'] = ShapeError,
): BadCall => ({ what, call, error, message });

/** A call on a tensor of one dimension, which has no dimension 1. */
export const noDimension = (name: string, call: (x: Tensor, dim: number) => unknown): BadCall =>
  bad('a dimension that does not exist', () => call(zeros([2]), 1), new RegExp(`${name}.*dimension 1`));

/** An operation of the table; see `operation`. */
export interface Operation {
  /** Name of the exported function. */
  readonly name: string;
  /** What PyTorch calls it. */
  readonly torch: string;
  /** What a call returns, computed in plain loops. */
  readonly reference: (args: readonly unknown[]) => readonly HostTensor[];
  readonly sample: (draw: Draw) => readonly Argument[];
  readonly tolerance: OperationTolerance;
  /** False: nothing flows through it (integers, comparisons, shapes). */
  readonly gradient: GradientClaim | false;
  readonly bad: readonly BadCall[];
  /** Position of the argument that the method of that name belongs to. */
  readonly receiver: number;
}

/** How an operation is written down. */
export interface OperationSpec<A extends readonly Argument[]> {
  readonly name: string;
  readonly torch: string;
  readonly sample: (draw: Draw) => A;
  readonly reference: (...args: HostArguments<A>) => HostTensor | readonly HostTensor[];
  readonly tolerance?: OperationTolerance;
  readonly gradient?: GradientClaim | false;
  readonly bad?: readonly BadCall[];
  /** Position of the argument whose method it is; the first by default. */
  readonly receiver?: number;
}

/** Nothing is computed, only moved: results are exact. */
export const exact: OperationTolerance = { ulp: 0 };

/** A claim about the first argument (or the given ones), differentiable twice. */
export const smooth = (...inputs: number[]): GradientClaim => ({
  inputs: inputs.length > 0 ? inputs : [0],
  second: true,
});

/** Types an entry of the table. */
export function operation<const A extends readonly Argument[]>(spec: OperationSpec<A>): Operation {
  const { name, torch, sample, reference, tolerance = exact, gradient = false, bad = [], receiver = 0 } = spec;
  return {
    name,
    torch,
    sample,
    tolerance,
    gradient,
    bad,
    receiver,
    reference(args) {
      const result = reference(...(args as unknown as HostArguments<A>));
      return Array.isArray(result) ? (result as readonly HostTensor[]) : [result as HostTensor];
    },
  };
}
