import type { Copier } from '../copy.js';
import { loopOf, slotOf } from '../ir.js';
import type { Graph, Value } from '../ir.js';
import { hasDerivative, partial } from './derivatives.js';
import { plus, settle } from './linear.js';
import type { Linear } from './linear.js';

type Adjoints = Map<Value, Linear>;

/** Reverse mode over values that `copier` has copied; adjoints are of the originals, computed in the copier's graph. */
export class Reverse {
  private readonly graph: Graph;

  /** @param active Values that a gradient is wanted for; grows to all that depend on them. */
  constructor(
    private readonly copier: Copier,
    private readonly active: Set<Value>,
  ) {
    this.graph = copier.graph;
  }

  /** Passes the adjoints of what `order` computes on to what it is computed from. */
  run(order: readonly Value[], adjoints: Adjoints): void {
    this.activate(order);
    const ofLoops = new Map<Value, (Linear | undefined)[]>();
    const of = (v: Value): Value => this.copier.of(v);
    for (let at = order.length - 1; at >= 0; at--) {
      const v = order[at];
      if (v.op === 'loop') {
        const slots = ofLoops.get(v);
        if (slots !== undefined) this.loop(v, slots, adjoints);
        continue;
      }
      const m = adjoints.get(v);
      if (m === undefined) continue;
      if (v.op === 'item') {
        const slots = ofLoops.get(v.args[0]) ?? [];
        slots[slotOf(v)] = m;
        ofLoops.set(v.args[0], slots);
        continue;
      }
      v.args.forEach((a, k) => {
        if (this.active.has(a) && a.type === 'f32') this.add(adjoints, a, partial(this.graph, v, k, m, of));
      });
    }
  }

  private activate(order: readonly Value[]): void {
    const { active } = this;
    for (const v of order) {
      if (!v.args.some((a) => active.has(a))) continue;
      if (v.op === 'loop' || (v.type === 'f32' && (v.op === 'item' || v.op === 'extern' || hasDerivative(v))))
        active.add(v);
    }
  }

  private add(adjoints: Adjoints, v: Value, m: Linear | undefined): void {
    const sum = plus(this.graph, adjoints.get(v), m);
    if (sum !== undefined) adjoints.set(v, sum);
  }

  /**
   * A loop runs backwards: iteration n - 1 first. The states at the start of each iteration are computed anew from the
   * beginning, by an inner loop (which vanishes where the body's derivative does not read them, as in plain sums):
   * O(n^2) time, no memory, and an ordinary loop again, so that higher derivatives come by repetition.
   */
  private loop(v: Value, slots: readonly (Linear | undefined)[], adjoints: Adjoints): void {
    const { copier, graph } = this;
    const { state, results, body } = loopOf(v);
    const all = [...state.keys()];
    const captured = v.args.slice(state.length + 1);
    const count = copier.of(v.args[0]);
    const moving = new Set(all.filter((k) => slots[k] !== undefined));
    const fed = new Set<Value>();
    for (const s of state) if (s.type === 'f32') this.active.add(s);
    for (;;) {
      const states = [...moving];
      const sums = [...fed];
      const before = moving.size + fed.size;
      const start = [...states.map((k) => settle(graph, slots[k])), ...sums.map(() => graph.literal('f32', 0))];
      const finals = graph.loop(count, start, (back, some) => {
        const last = graph.apply('sub', count, graph.literal(count.type, 1));
        const index = graph.apply('sub', last, back);
        copier.body(v, index, copier.loop(v, all, index), all);
        const inner: Adjoints = new Map();
        states.forEach((k, at) => this.add(inner, results[k], { value: some[at] }));
        this.run(body, inner);
        for (const k of all) if (inner.has(state[k])) moving.add(k);
        for (const c of captured) if (inner.has(c)) fed.add(c);
        return [
          ...states.map((k) => settle(graph, inner.get(state[k]))),
          ...sums.map((c, at) => graph.apply('add', some[states.length + at], settle(graph, inner.get(c)))),
        ];
      });
      if (moving.size + fed.size > before) continue; // found more that the gradient reaches: carry it too
      const when = this.anywhere(slots.filter((m) => m !== undefined));
      states.forEach((k, at) => this.give(adjoints, v.args[k + 1], { value: finals[at], when }));
      sums.forEach((c, at) => this.give(adjoints, c, { value: finals[states.length + at], when }));
      return;
    }
  }

  /** Where any of the adjoints is not masked out; undefined: everywhere. */
  private anywhere(all: readonly Linear[]): Value | undefined {
    let when: Value | undefined;
    for (const m of all) {
      if (m.when === undefined) return undefined;
      when = when === undefined ? m.when : this.graph.apply('or', when, m.when);
    }
    return when;
  }

  private give(adjoints: Adjoints, v: Value, m: Linear): void {
    if (this.active.has(v)) this.add(adjoints, v, m);
  }
}
