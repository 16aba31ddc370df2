import { ChiaroError } from '../errors.js';
import type { Tensor } from '../tensor.js';

/** A synchronous region that user code runs in: tidy, compile and their like. */
interface Scope {
  readonly name: string;
  /** Tensors made inside, for scopes that free them. */
  readonly made: Set<Tensor> | undefined;
  /** Why elements cannot be read inside, if they cannot. */
  readonly noReading: string | undefined;
}

const scopes: Scope[] = [];

/** Called for every new tensor: the innermost freeing scope keeps track of it. */
export function noteTensor(t: Tensor): void {
  for (let i = scopes.length - 1; i >= 0; i--) {
    const { made } = scopes[i]!;
    if (made) return void made.add(t);
  }
}

/** The tensor outlives the scopes that it was made in (but not a function that is being compiled). */
export function keepTensor(t: Tensor): void {
  for (const { name, made } of scopes) if (name !== 'compile') made?.delete(t);
}

/** Throws inside a scope whose tensors have no elements yet. */
export function assertMayRead(what: string): void {
  const scope = scopes.find((s) => s.noReading !== undefined);
  if (scope) throw new ChiaroError(`${what}: tensors cannot be read inside ${scope.name}: ${scope.noReading}`);
}

/** Runs `fn` in a scope; a promise as result is refused, since the scope would end before the work does. */
export function inScope<T>(scope: Scope, fn: () => T): T {
  scopes.push(scope);
  try {
    const result = fn();
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new ChiaroError(`${scope.name} takes a synchronous function, but this one returned a promise`);
    }
    return result;
  } finally {
    scopes.pop();
  }
}

/** A tree of tensors: a tensor, or arrays and plain objects of trees; other values are left alone. */
export type Tree = unknown;

/** The tensors of a tree. */
export function* tensorsOf(tree: Tree, isTensor: (value: unknown) => value is Tensor): Generator<Tensor> {
  if (isTensor(tree)) yield tree;
  else if (Array.isArray(tree)) for (const item of tree) yield* tensorsOf(item, isTensor);
  else if (tree !== null && typeof tree === 'object' && Object.getPrototypeOf(tree) === Object.prototype) {
    for (const item of Object.values(tree)) yield* tensorsOf(item, isTensor);
  }
}
