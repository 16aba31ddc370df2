import type { ExprFunction } from '../function.js';
import { inputKey } from '../ir.js';
import type { Value } from '../ir.js';
import { elementary } from '../stdlib/elementary.js';
import { isScalar, isStruct, isVector, sizeOf } from '../types.js';
import type { StructType, ValueType } from '../types.js';
import { Emitter } from './emitter.js';
import type { Target } from './target.js';
import { laneType, specialValues, wgsl, wgslType, wideWgsl } from './wgsl.js';

/** A function's text and what it needs beside it. */
export interface EmittedFunction {
  readonly text: string;
  readonly helpers: ReadonlySet<string>;
}

/**
 * A whole named function. WGSL: parameters and result as declared (declare structs with `emitStruct`, helpers with
 * `wgslHelpers`). JavaScript: one number per component, and an array of components back; `$` is `jsLibrary`.
 */
export function emitFunction(fn: ExprFunction, target: Target = wgsl, name = fn.name): EmittedFunction {
  const wgslText = target.name === 'wgsl';
  const names = new Map(fn.inputs.map((v, k) => [v, wgslText ? parameterText(v) : `p${k}`]));
  const emitter = new Emitter(target, (v) => names.get(v)!);
  emitter.reserve(fn.params.map((p) => p.name));
  emitter.use(...fn.outputs);
  const outputs = fn.outputs.map((v) => emitter.value(v));
  const body = emitter.lines.map((line) => `  ${line}\n`).join('');
  const { helpers } = emitter;
  if (!wgslText) {
    const params = fn.inputs.map((v) => names.get(v)).join(', ');
    return { text: `function ${name}(${params}) {\n${body}  return [${outputs.join(', ')}];\n}\n`, helpers };
  }
  const type = (t: ValueType): string => (isScalar(t) ? laneType(t, target.lanes ?? 1) : wgslType(t));
  const params = fn.params.map((p) => `${p.name}: ${type(p.type)}`).join(', ');
  const result = construct(fn.result, outputs.values());
  return { text: `fn ${name}(${params}) -> ${type(fn.result)} {\n${body}  return ${result};\n}\n`, helpers };
}

const parameterText = (v: Value): string => inputKey(v) as string;

function construct(type: ValueType, parts: Iterator<string, unknown>): string {
  const next = (): string => parts.next().value as string;
  if (isScalar(type)) return next();
  if (isVector(type)) return `${wgslType(type)}(${Array.from({ length: sizeOf(type) }, next).join(', ')})`;
  return `${type.name}(${type.members.map((m) => construct(m.type, parts)).join(', ')})`;
}

/** WGSL declarations of a struct and of the structs in it, innermost first. */
export function emitStruct(type: StructType): string {
  const inner = type.members.map((m) => (isStruct(m.type) ? emitStruct(m.type) : '')).join('');
  const members = type.members.map((m) => `  ${m.name}: ${wgslType(m.type)},\n`).join('');
  return `${inner}struct ${type.name} {\n${members}}\n`;
}

const helperCache = { 1: new Map<string, EmittedFunction>(), 4: new Map<string, EmittedFunction>() };

/**
 * WGSL of stdlib helpers (names as in `Emitter.helpers`) and of those that they call, each once, callees first.
 * @param lanes 4: for text that computes four elements at once.
 */
export function wgslHelpers(names: Iterable<string>, lanes: 1 | 4 = 1): string {
  const done = new Set<string>();
  let text = '';
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    let emitted = helperCache[lanes].get(name);
    if (emitted === undefined) {
      emitted =
        name in specialValues
          ? { text: specialValues[name], helpers: new Set() }
          : emitFunction(elementary(name), lanes === 1 ? wgsl : wideWgsl, name);
      helperCache[lanes].set(name, emitted);
    }
    for (const callee of emitted.helpers) add(callee);
    text += emitted.text;
  };
  for (const name of [...names].sort()) add(name);
  return text;
}
