import { emitStruct, isStruct, jvpOf, makeFunction, vjpOf } from '../../engine.js';
import type { ExprFunction, StructType, ValueType, WgslModule } from '../../engine.js';

/** The functions that a kernel's text calls, under names that do not collide; derived ones included. */
export class Functions {
  private readonly taken = new Map<string, string>();
  private readonly named = new Map<string, ExprFunction>();
  private readonly structs = new Map<string, StructType>();
  private readonly modules = new Set<WgslModule>();

  /** The function to call by its `name` in the text. */
  use(fn: ExprFunction): ExprFunction {
    return this.add(fn, fn.name, fn.result);
  }

  useModule(module: WgslModule): void {
    this.modules.add(module);
  }

  /** Forward derivative by the marked inputs; see `jvp` of the expression language. */
  jvp(fn: ExprFunction, marks: readonly boolean[]): ExprFunction {
    return this.derived(jvpOf(fn, marks), `${fn.name}_jvp${suffix(marks)}`);
  }

  /** Reverse derivative by the marked inputs. */
  vjp(fn: ExprFunction, marks: readonly boolean[]): ExprFunction {
    return this.derived(vjpOf(fn, marks), `${fn.name}_vjp${suffix(marks)}`);
  }

  struct(type: ValueType): void {
    if (isStruct(type)) this.structs.set(type.name, type);
  }

  /** All that the text needs beside it. */
  get uses(): (WgslModule | ExprFunction)[] {
    const declarations: WgslModule = { text: [...this.structs.values()].map(emitStruct).join('\n'), uses: [] };
    return [declarations, ...this.modules, ...this.named.values()];
  }

  private derived(fn: ExprFunction, name: string): ExprFunction {
    const result = isStruct(fn.result) ? { ...fn.result, name: `${name}_result` } : fn.result;
    return this.add(fn, name, result);
  }

  private add(fn: ExprFunction, wanted: string, result: ValueType): ExprFunction {
    const id = `${wanted} ${fn.key}`;
    const known = this.named.get(id);
    if (known !== undefined) return known;
    let name = wanted;
    for (let n = 2; this.taken.has(name); n++) name = `${wanted}_${n}`;
    this.taken.set(name, id);
    const made = makeFunction(
      { name, params: fn.params, result: rename(result, wanted, name) },
      fn.graph,
      fn.inputs,
      fn.outputs,
    );
    this.named.set(id, made);
    for (const p of made.params) this.struct(p.type);
    this.struct(made.result);
    return made;
  }
}

const rename = (type: ValueType, from: string, to: string): ValueType =>
  isStruct(type) && from !== to && type.name.startsWith(from) ? { ...type, name: `${to}_result` } : type;

const suffix = (marks: readonly boolean[]): string =>
  marks.every((m) => m) ? '' : `_${BigInt(`0b${marks.map(Number).join('')}`).toString(36)}`;
