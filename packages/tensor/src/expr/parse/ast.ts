import type { Span } from './source.js';

/** A type as written; `vec3<f32>` is `vec3f` already. */
export interface TypeName extends Span {
  readonly name: string;
}

export type Expression = Span &
  (
    | {
        readonly kind: 'number';
        readonly value: number;
        readonly suffix: '' | 'f' | 'i' | 'u';
        readonly float: boolean;
      }
    | { readonly kind: 'bool'; readonly value: boolean }
    | { readonly kind: 'name'; readonly name: string }
    | {
        readonly kind: 'call';
        readonly callee: string;
        readonly target?: TypeName;
        readonly args: readonly Expression[];
      }
    | { readonly kind: 'unary'; readonly op: string; readonly arg: Expression }
    | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
    | { readonly kind: 'member'; readonly object: Expression; readonly name: string }
    | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression }
  );

export interface Declaration extends Span {
  readonly kind: 'let' | 'var' | 'const';
  readonly name: string;
  readonly type?: TypeName;
  readonly init?: Expression;
}

/** `target op= value`; `i++` is `i += 1`. */
export interface Assignment extends Span {
  readonly kind: 'assign';
  readonly target: Expression;
  /** '' for a plain `=`. */
  readonly op: string;
  readonly value: Expression;
}

export interface ForStatement extends Span {
  readonly kind: 'for';
  readonly init: Declaration;
  readonly condition: Expression;
  readonly step: Assignment;
  readonly body: readonly Statement[];
}

export type Statement =
  | Declaration
  | Assignment
  | ForStatement
  | (Span & { readonly kind: 'block'; readonly body: readonly Statement[] })
  | (Span & { readonly kind: 'return'; readonly value: Expression })
  | (Span & {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    });

export interface NamedType extends Span {
  readonly name: string;
  readonly type: TypeName;
}

export interface FunctionText extends Span {
  readonly name: string;
  readonly params: readonly NamedType[];
  readonly result: TypeName;
  readonly body: readonly Statement[];
}

export interface StructText extends Span {
  readonly name: string;
  readonly members: readonly NamedType[];
}

/** A whole text. */
export interface ModuleText {
  readonly functions: readonly FunctionText[];
  readonly structs: readonly StructText[];
  readonly constants: readonly Declaration[];
}
