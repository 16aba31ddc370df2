import { FormatError, ShapeError } from '../errors.js';
import type { BufferBinding, BufferRef, Dispatch, HostArray, ProgramKernel, UniformValue } from '../kernel/dispatch.js';
import { hostArray } from '../kernel/hostArray.js';
import { linearGrid } from '../kernels/grid.js';
import { sizeOf } from '../shape.js';
import { link, linkEdited, wgsl, type WgslModule } from '../wgsl/link.js';
import {
  accumulateCode,
  defaultResolution,
  finishCode,
  gridInvocations,
  shiftOf,
  type Accumulator,
} from './accumulate.js';
import { accessors, elementDType, type Declaration } from './declaration.js';
import type { AnyProgram, DispatchSpec, ProgramInstance } from './define.js';
import { checkOption } from './options.js';

/** A buffer that a kernel binds if its code names it. */
interface Named {
  readonly ref: BufferRef;
  readonly element: string;
  readonly writable: boolean;
}

/** Bytes of WGSL types that may be array elements. */
function elementBytes(program: string, element: string): number {
  const inner = /^atomic<(.+)>$/.exec(element)?.[1] ?? element;
  const match = /^(?:(f32|i32|u32)|vec([24])(?:[fiu]|<(?:f32|i32|u32)>))$/.exec(inner);
  if (!match)
    throw new FormatError(
      `${program}: scratch of "${element}"; use f32, i32, u32, their vec2 and vec4, or atomic<u32>`,
    );
  return match[2] ? 4 * Number(match[2]) : 4;
}

/** The kernels of a program for the sizes of one call. */
export function buildProgram(instance: ProgramInstance, capacity: number | undefined): ProgramKernel {
  const { program, declarations, options, outputs } = instance;
  const sizes = capacity === undefined ? instance.sizes : { ...instance.sizes, capacity };
  const outputNames = Object.keys(outputs);
  const accumulators = outputNames.flatMap((name): Accumulator[] => {
    const { accumulate, shape, resolution = defaultResolution } = outputs[name]!;
    return accumulate ? [{ name, shape, mode: accumulate, resolution }] : [];
  });

  const scratch: { bytes: number; zero: boolean }[] = [];
  const named = new Map<string, Named>();
  const addScratch = (name: string, element: string, length: number, zero: boolean): void => {
    const index = scratch.push({ bytes: Math.max(4, length * elementBytes(program.name, element)), zero }) - 1;
    named.set(name, { ref: { kind: 'scratch', index }, element, writable: true });
  };
  declarations.forEach((d, index) =>
    named.set(d.name, { ref: { kind: 'input', index }, element: d.type, writable: false }),
  );
  outputNames.forEach((name, index) => {
    const { dtype, accumulate, atomic } = outputs[name]!;
    const element = accumulate === 'fast' ? 'atomic<u32>' : atomic ? `atomic<${dtype}>` : dtype;
    named.set(name, { ref: { kind: 'output', index }, element, writable: true });
  });
  for (const [name, s] of Object.entries(program.scratch?.(sizes, options) ?? {})) {
    addScratch(name, s.element, s.length, s.zero ?? false);
  }
  for (const a of accumulators) {
    if (a.mode === 'scatter')
      for (const half of ['low', 'high']) addScratch(`${a.name}_${half}`, 'atomic<u32>', sizeOf(a.shape), true);
    if (a.mode === 'private') addScratch(`${a.name}_grid`, 'f32', gridInvocations * sizeOf(a.shape), true);
  }
  if (accumulators.some((a) => a.mode === 'scatter') && !named.has('overflow'))
    addScratch('overflow', 'atomic<u32>', 1, true);

  if (named.has('u'))
    throw new FormatError(`${program.name}: a buffer cannot be called u, which is the name of the uniforms in kernels`);

  const uniforms = uniformsOf(instance, sizes, accumulators);
  const write = (spec: DispatchSpec, finishing: boolean): Dispatch =>
    dispatchOf(instance, sizes, spec, named, uniforms, finishing ? [] : accumulators, finishing);
  const finishes = accumulators.flatMap((a): DispatchSpec[] => {
    const code = finishCode(a);
    return code ? [{ label: `${program.name} ${a.name}`, items: sizeOf(a.shape), code }] : [];
  });
  const zeroed = outputNames.flatMap((name, i) => (outputs[name]!.atomic || outputs[name]!.accumulate ? [i] : []));
  return {
    label: program.name,
    outputs: outputNames.map((name) => ({ shape: outputs[name]!.shape, dtype: elementDType[outputs[name]!.dtype] })),
    scratch,
    zeroOutputs: zeroed,
    dispatches: [
      ...program.dispatches(sizes, options).map((s) => write(s, false)),
      ...finishes.map((s) => write(s, true)),
    ],
    reference: (inputs) => {
      const tensors = declarations.map((d, i) => [d.name, { data: inputs[i]!, shape: shapeOf(d, sizes) }] as const);
      const results = program.reference(Object.fromEntries(tensors), options);
      return outputNames.map((name): HostArray => {
        const array = hostArray(elementDType[outputs[name]!.dtype], sizeOf(outputs[name]!.shape));
        array.set(results[name]!);
        return array;
      });
    },
  };
}

const shapeOf = (d: Declaration, sizes: Readonly<Record<string, number>>): number[] =>
  d.dims.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));

function uniformsOf(
  { program, declarations, options, outputs }: ProgramInstance,
  sizes: Readonly<Record<string, number>>,
  accumulators: readonly Accumulator[],
): Record<string, UniformValue> {
  const uniforms: Record<string, UniformValue> = {};
  for (const [name, value] of Object.entries(sizes)) uniforms[name] = { type: 'u32', value };
  for (const [name, type] of Object.entries(program.options ?? {})) uniforms[name] = { type, value: options[name]! };
  for (const d of declarations) {
    d.dims.forEach((dim, i) => {
      if (typeof dim === 'string') uniforms[`${d.name}_n${i}`] = { type: 'u32', value: sizes[dim]! };
    });
  }
  for (const a of accumulators) {
    uniforms[`${a.name}_shift`] = { type: 'i32', value: shiftOf(a) };
    uniforms[`${a.name}_n`] = { type: 'u32', value: sizeOf(outputs[a.name]!.shape) };
  }
  return uniforms;
}

/** Size of workgroups that the engine writes entry points for. */
const workgroupSize = 64;

/** An entry point that calls `item` for every item; sums of a persistent grid are written out at its end. */
function entryPoint(
  items: number,
  privates: readonly Accumulator[],
): { code: WgslModule; workgroups: readonly [number, number, number] } {
  const head = `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(num_workgroups) groups: vec3u) {
  let invocation = (group.x + group.y * groups.x) * ${workgroupSize}u + lane;`;
  if (privates.length === 0) {
    return { code: wgsl`${head}\n  if (invocation < u.items) { item(invocation); }\n}`, workgroups: linearGrid(items) };
  }
  const flushes = privates.map((a) => `flush_${a.name}(invocation);`).join(' ');
  return {
    code: wgsl`${head}\n  for (var i = invocation; i < u.items; i += ${gridInvocations}u) { item(i); }\n  ${flushes}\n}`,
    workgroups: [gridInvocations / workgroupSize, 1, 1],
  };
}

/** WGSL with bare names as uniforms, `u.NAME`; a module that declares such a name itself means its own. */
function withUniforms(text: string, names: readonly string[]): string {
  const declared = (name: string): boolean => new RegExp(`\\b(let|var|const)\\s+${name}\\b|\\b${name}\\s*:`).test(text);
  const foreign = names.filter((name) => !declared(name));
  return foreign.reduce((t, name) => t.replace(new RegExp(`(?<![.\\w])${name}\\b(?!\\s*\\()`, 'g'), `u.${name}`), text);
}

function dispatchOf(
  { program, declarations }: ProgramInstance,
  sizes: Readonly<Record<string, number>>,
  spec: DispatchSpec,
  named: ReadonlyMap<string, Named>,
  uniforms: Readonly<Record<string, UniformValue>>,
  accumulators: readonly Accumulator[],
  finishing: boolean,
): Dispatch {
  // the kernels that end sums are the engine's: they write their uniforms out
  const bare = finishing ? [] : [...Object.keys(sizes), ...Object.keys(program.options ?? {})];
  const userCode = linkEdited((text) => withUniforms(text, bare), spec.code);
  const used = accumulators.filter((a) => new RegExp(`\\baccumulate_${a.name}\\b`).test(userCode));
  const privates = used.filter((a) => a.mode === 'private');
  if (privates.length > 0 && spec.items === undefined) {
    throw new FormatError(
      `${program.name}: private sums (${privates[0]!.name}) need a dispatch by items, not by workgroups`,
    );
  }
  const entry = spec.items === undefined ? undefined : entryPoint(spec.items, privates);
  const parts = [
    ...declarations.map((d) => accessors(d, userCode)),
    link(...used.map(accumulateCode)),
    userCode,
    ...(entry ? [link(entry.code)] : []),
  ];
  const code = parts.filter((t) => t !== '').join('\n');
  const buffers = [...named].flatMap(([name, { ref, element, writable }]): BufferBinding[] => {
    if (!new RegExp(`(?<![.\\w])${name}\\b`).test(code)) return [];
    // sums are plain words once all kernels that add to them are done
    const type = finishing && ref.kind === 'scratch' ? element.replace(/^atomic<(.+)>$/, '$1') : element;
    return [
      { name, ref, element: type, access: writable && !(finishing && ref.kind === 'scratch') ? 'read_write' : 'read' },
    ];
  });
  const { workgroups, items } = spec;
  const itemsUniform: Record<string, UniformValue> =
    items === undefined ? {} : { items: { type: 'u32', value: items } };
  return {
    label: spec.label ?? program.name,
    code,
    buffers,
    uniforms: { ...uniforms, ...ownOptions(program, spec), ...itemsUniform },
    workgroups: entry?.workgroups ?? gridOf(program.name, workgroups, named),
  };
}

/** Options with a value for one dispatch alone. */
function ownOptions({ name, options = {} }: AnyProgram, spec: DispatchSpec): Record<string, UniformValue> {
  const own = Object.entries(spec.options ?? {}).map(([option, value]): [string, UniformValue] => {
    const type = options[option];
    if (type === undefined) throw new FormatError(`${name}: a dispatch sets "${option}", which is no option of it`);
    checkOption(name, option, type, value);
    return [option, { type, value }];
  });
  return Object.fromEntries(own);
}

function gridOf(
  program: string,
  workgroups: DispatchSpec['workgroups'],
  named: ReadonlyMap<string, Named>,
): Dispatch['workgroups'] {
  if (workgroups === undefined) throw new FormatError(`${program}: a dispatch needs items or workgroups`);
  if ('indirect' in workgroups) {
    const buffer = named.get(workgroups.indirect);
    if (!buffer)
      throw new FormatError(
        `${program}: there is no buffer "${workgroups.indirect}" to take the number of workgroups from`,
      );
    return { indirect: buffer.ref, offset: workgroups.offset ?? 0 };
  }
  const [x = 1, y = 1, z = 1] = workgroups;
  if (Math.max(x, y, z) > 65535) {
    throw new ShapeError(
      `${program}: a dispatch of ${x} x ${y} x ${z} workgroups; WebGPU allows 65535 in each direction. ` +
        'Use items and fn item(i), which have no such limit',
    );
  }
  return [x, y, z];
}
