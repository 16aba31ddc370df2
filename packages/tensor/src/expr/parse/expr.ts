import type { ExprFunction, Param } from '../function.js';
import type { Graph, Value } from '../ir.js';
import type { ValueType } from '../types.js';
import { parseText } from './parser.js';
import { resolve } from './parse.js';
import type { ParseOptions } from './parse.js';
import type { ModuleText } from './ast.js';
import { ExprError, Source } from './source.js';

/**
 * A function from WGSL text: the last function of the text; those before it are its helpers. Interpolated numbers are
 * literals, interpolated functions are called by their names. A text that names functions or structs which are declared
 * elsewhere is completed with `link`; using it before throws the ExprError that says what is missing.
 */
export function expr(strings: TemplateStringsArray, ...values: readonly (number | ExprFunction)[]): ExprFunction {
  const uses: ExprFunction[] = [];
  let text = strings[0];
  values.forEach((value, k) => {
    if (typeof value === 'number') text += value < 0 ? `(${value})` : String(value);
    else {
      uses.push(value);
      text += value.name;
    }
    text += strings[k + 1];
  });
  const source = new Source(text);
  return new TextFunction(source, parseText(source), { uses });
}

/** The function with more functions, structs and constants for its text to name. Built functions stay as they are. */
export function link(fn: ExprFunction, options: ParseOptions): ExprFunction {
  return fn instanceof TextFunction ? fn.link(options) : fn;
}

/** A function whose text is parsed, and whose names get their meaning as soon as all are known. */
class TextFunction implements ExprFunction {
  readonly name: string;
  readonly source: string;
  private readonly resolved: ExprFunction | ExprError;

  constructor(
    private readonly place: Source,
    private readonly module: ModuleText,
    private readonly options: ParseOptions,
  ) {
    this.source = place.text;
    this.name = module.functions.at(-1)?.name ?? '';
    let resolved: ExprFunction | ExprError;
    try {
      resolved = resolve(place, module, options).entry;
    } catch (error) {
      if (!(error instanceof ExprError && error.unresolved)) throw error;
      resolved = error;
    }
    this.resolved = resolved;
  }

  link(options: ParseOptions): ExprFunction {
    const uses = (this.options.uses ?? []).map((use) => ('functions' in use ? use : link(use, options)));
    return new TextFunction(this.place, this.module, {
      uses: [...(options.uses ?? []), ...uses],
      structs: { ...this.options.structs, ...options.structs },
      constants: { ...this.options.constants, ...options.constants },
    });
  }

  private get function(): ExprFunction {
    if (this.resolved instanceof ExprError) throw this.resolved;
    return this.resolved;
  }

  get params(): readonly Param[] {
    return this.function.params;
  }
  get result(): ValueType {
    return this.function.result;
  }
  get graph(): Graph {
    return this.function.graph;
  }
  get inputs(): readonly Value[] {
    return this.function.inputs;
  }
  get outputs(): readonly Value[] {
    return this.function.outputs;
  }
  get order(): readonly Value[] {
    return this.function.order;
  }
  get key(): string {
    return this.function.key;
  }
}
