import type { Graph, Value } from '../ir.js';

/**
 * A tangent or adjoint: `value` where the condition `when` holds (always, if there is none), zero elsewhere, whatever
 * `value` is there. Derivatives are linear, so the condition travels along until the end, and 0 * inf from an arm of an
 * `if` that was not taken never shows. A structural zero is an absent (undefined) Linear.
 */
export interface Linear {
  readonly value: Value;
  readonly when?: Value | undefined;
}

/** factor * m */
export const scale = (g: Graph, m: Linear, factor: Value): Linear => ({ ...m, value: g.apply('mul', m.value, factor) });

/** m where the condition holds too. */
export const gate = (g: Graph, m: Linear, when: Value): Linear => ({
  value: m.value,
  when: m.when === undefined ? when : g.apply('and', m.when, when),
});

/** The plain value: zero where the condition does not hold. */
export const settle = (g: Graph, m: Linear | undefined): Value =>
  m === undefined
    ? g.literal('f32', 0)
    : m.when === undefined
      ? m.value
      : g.apply('select', g.literal('f32', 0), m.value, m.when);

/** a + b */
export function plus(g: Graph, a: Linear | undefined, b: Linear | undefined): Linear | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.when === b.when) return { value: g.apply('add', a.value, b.value), when: a.when };
  const value = g.apply('add', settle(g, a), settle(g, b));
  if (a.when === undefined || b.when === undefined) return { value };
  if (g.apply('not', a.when) === b.when) return { value: g.apply('select', a.value, b.value, b.when) };
  return { value, when: g.apply('or', a.when, b.when) };
}

/** `yes` where the condition holds, `no` elsewhere. */
export function choose(
  g: Graph,
  no: Linear | undefined,
  yes: Linear | undefined,
  condition: Value,
): Linear | undefined {
  if (no === undefined) return yes && gate(g, yes, condition);
  if (yes === undefined) return gate(g, no, g.apply('not', condition));
  const value = g.apply('select', no.value, yes.value, condition);
  if (no.when === undefined && yes.when === undefined) return { value };
  const always = g.literal('bool', 1);
  return { value, when: g.apply('select', no.when ?? always, yes.when ?? always, condition) };
}
