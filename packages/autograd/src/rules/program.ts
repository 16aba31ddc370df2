import { GradientError, ShapeError, zeros, type ProgramDetail, type Tensor } from '@chiaro/tensor';
import { make, Node, sameShape, showShape, type ScanDetail, type ScatterDetail } from '@chiaro/tensor/engine';
import { scatteredFrom, unsort } from './indexing.js';
import type { JvpCall, VjpCall } from './rule.js';
import { scanJvp, scanVjp } from './scan.js';

type Vjp = (call: VjpCall<'program'>) => readonly (Tensor | undefined)[];
type Jvp = (call: JvpCall<'program'>) => readonly (Tensor | undefined)[];

/** The derivatives of the library's own programs, by name. */
const own: Readonly<Record<string, { readonly vjp: Vjp; readonly jvp: Jvp }>> = {
  scatterAdd: {
    vjp: ({ node, inputs, wants, grad }) => {
      const at = inputs.length - 1;
      const [index, source] = inputs.slice(-2);
      const detail = node.attrs.detail as ScatterDetail;
      const toSource = wants[at] ? scatteredFrom(grad, detail, index!, source!.shape) : undefined;
      return inputs.map((_, i) => (i === at ? toSource : i === at - 2 ? grad : undefined));
    },
    jvp: ({ node, inputs, tangents }) => {
      const at = inputs.length - 1;
      const [index, source] = inputs.slice(-2);
      const { dim, outside } = node.attrs.detail as ScatterDetail;
      const from = tangents[at - 2] ?? zeros(node.attrs.outputs[0]!.shape);
      return [tangents[at] ? from.scatterAdd(dim, index!, tangents[at].expand(source!.shape), { outside }) : from];
    },
  },
  ...Object.fromEntries(
    ['cumSum', 'cumProd', 'cumMax', 'cumMin'].map((name) => [
      name,
      {
        vjp: ({ node, inputs: [x], grad }: VjpCall<'program'>) => [scanVjp(node.attrs.detail as ScanDetail, x!, grad)],
        jvp: ({ node, inputs: [x], tangents: [t] }: JvpCall<'program'>) => [
          scanJvp(node.attrs.detail as ScanDetail, x!, t!),
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    ['sort', 'topK'].map((name) => [
      name,
      {
        vjp: ({ node, inputs: [x], grads }: VjpCall<'program'>) => [
          grads[0] ? unsort(grads[0], result(node, 1), x!.shape) : undefined,
        ],
        jvp: ({ node, tangents: [t] }: JvpCall<'program'>) => [t!.gather(t!.rank - 1, result(node, 1)), undefined],
      },
    ]),
  ),
};

/** One result of a program. */
function result(node: Node<'program'>, index: number): Tensor {
  const { shape, dtype } = node.attrs.outputs[index]!;
  return make(new Node('pick', [node], { index }, [...shape], dtype));
}

const isDefined = (detail: unknown): detail is ProgramDetail =>
  typeof detail === 'object' && detail !== null && 'program' in detail;

const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

const named = <T>(names: readonly string[], value: (name: string, index: number) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(names.map((name, i) => [name, value(name, i)]));

/** Reverse rule of programs: the library's own, or the `vjp` that the user's `defineProgram` was given. */
export function programVjp(call: VjpCall<'program'>): readonly (Tensor | undefined)[] {
  const { node, inputs, grads } = call;
  const { name, detail, outputs } = node.attrs;
  if (!isDefined(detail)) {
    const rule = own[name];
    if (!rule) throw new GradientError(`${name} has no derivative`);
    return rule.vjp(call);
  }
  const { program, inputNames, outputNames, options } = detail;
  if (!program.vjp) {
    throw new GradientError(
      `${name} has no vjp: give defineProgram one, or stop the gradient with detach() where it is not wanted`,
    );
  }
  const given = program.vjp(
    Object.fromEntries(outputNames.map((o, i) => [`grad${capital(o)}`, grads[i] ?? zeros(outputs[i]!.shape)])),
    named(inputNames, (_, i) => inputs[i]!),
    options,
    named(outputNames, (_, i) => result(node, i)),
  ) as Readonly<Record<string, Tensor | undefined>>;
  const unknown = Object.keys(given).find((key) => !inputNames.includes(key));
  if (unknown !== undefined) {
    throw new GradientError(
      `the vjp of ${name} returned a gradient for ${unknown}; its inputs are ${inputNames.join(', ')}`,
    );
  }
  return inputNames.map((input, i) => checked(name, 'vjp', input, given[input], inputs[i]!.shape));
}

/** Forward rule of programs. */
export function programJvp(call: JvpCall<'program'>): readonly (Tensor | undefined)[] {
  const { node, inputs, tangents } = call;
  const { name, detail, outputs } = node.attrs;
  if (!isDefined(detail)) {
    const rule = own[name];
    if (!rule) throw new GradientError(`${name} has no forward derivative`);
    return rule.jvp(call);
  }
  const { program, inputNames, outputNames, options } = detail;
  if (!program.jvp) {
    throw new GradientError(`${name} has no jvp: give defineProgram one, or use reverse mode (grad, vjp)`);
  }
  const given = program.jvp(
    Object.fromEntries(inputNames.map((n, i) => [`tangent${capital(n)}`, tangents[i] ?? zeros(inputs[i]!.shape)])),
    named(inputNames, (_, i) => inputs[i]!),
    options,
  ) as Readonly<Record<string, Tensor | undefined>>;
  return outputNames.map((output, i) => checked(name, 'jvp', output, given[output], outputs[i]!.shape));
}

/** A derivative that a user's rule returned, if it has the right shape. */
export function checked(
  op: string,
  rule: 'vjp' | 'jvp',
  of: string,
  value: Tensor | undefined,
  shape: readonly number[],
): Tensor | undefined {
  if (value === undefined || sameShape(value.shape, shape)) return value;
  throw new ShapeError(
    `the ${rule} of ${op} returned ${showShape(value.shape)} for ${of}, which has shape ${showShape(shape)}`,
  );
}
