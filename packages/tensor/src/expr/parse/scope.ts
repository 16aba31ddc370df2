import type { Item } from './item.js';
import { isAbstract } from './item.js';

/** A name of the text: what it may be used for. Its value at a point of the execution is in `State`. */
export interface Variable {
  readonly name: string;
  readonly mutable: boolean;
}

/** Names visible at a place. */
export class Scope {
  private readonly names = new Map<string, Variable>();

  constructor(private readonly parent?: Scope) {}

  find(name: string): Variable | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }

  /** False when the scope has the name already (inner scopes may shadow outer ones). */
  declare(variable: Variable): boolean {
    if (this.names.has(variable.name)) return false;
    this.names.set(variable.name, variable);
    return true;
  }
}

/** Values of the variables at a point of the execution. */
export type State = Map<Variable, Item>;

/** Gives the components of an item the variable's name, for readable code. */
export function hint(name: string, item: Item): void {
  if (isAbstract(item)) return;
  const letters = item.values.length === 1 ? [''] : ['_x', '_y', '_z', '_w'];
  item.values.forEach((v, k) => {
    if (v.op !== 'literal') v.hint ??= name + (letters[k] ?? `_${k}`);
  });
}
