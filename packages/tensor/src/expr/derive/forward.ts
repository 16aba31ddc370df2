import { bySlot, Copier, liveSlots } from '../copy.js';
import { literalOf, loopOf, slotOf } from '../ir.js';
import type { Value } from '../ir.js';
import { partial } from './derivatives.js';
import { choose, plus, settle } from './linear.js';
import type { Linear } from './linear.js';

/** Forward mode: copies values into a graph and computes, beside each, how it changes with the seeded ones. */
export class Forward {
  /** Tangent of each value, by the id of the original; absent where it is zero by structure. */
  readonly tangents: (Linear | undefined)[] = [];
  private readonly finals: (readonly (Linear | undefined)[])[] = [];

  constructor(private readonly copier: Copier) {}

  run(order: readonly Value[]): void {
    const { copier, tangents } = this;
    const of = (v: Value): Value => copier.of(v);
    for (const v of order) {
      if (v.op === 'loop') {
        this.loop(v, liveSlots(v, order));
        continue;
      }
      copier.copy(v, order);
      if (v.op === 'item') tangents[v.id] = this.finals[v.args[0].id][slotOf(v)];
      else if (v.op === 'input') continue;
      else if (v.op === 'select') tangents[v.id] = this.select(v);
      else tangents[v.id] = v.type === 'f32' ? this.sum(v, of) : undefined;
    }
  }

  private select(v: Value): Linear | undefined {
    const [no, yes, condition] = v.args;
    const c = this.copier.of(condition);
    const known = literalOf(c);
    if (known !== undefined) return this.tangents[(known ? yes : no).id];
    return choose(this.copier.graph, this.tangents[no.id], this.tangents[yes.id], c);
  }

  private sum(v: Value, of: (v: Value) => Value): Linear | undefined {
    const { graph } = this.copier;
    let total: Linear | undefined;
    v.args.forEach((a, k) => {
      const t = this.tangents[a.id];
      if (t !== undefined) total = plus(graph, total, partial(graph, v, k, t, of));
    });
    return total;
  }

  /** The loop with the tangents of its states as further states. */
  private loop(v: Value, live: readonly number[]): void {
    const { copier, tangents } = this;
    const { graph } = copier;
    const { state, results } = loopOf(v);
    const init = (k: number): Value => v.args[k + 1];
    const moving = new Set(live.filter((k) => tangents[init(k).id] !== undefined));
    for (;;) {
      const slots = [...moving];
      const grown = new Set<number>();
      const start = [...live.map((k) => copier.of(init(k))), ...slots.map((k) => settle(graph, tangents[init(k).id]))];
      const finals = graph.loop(copier.of(v.args[0]), start, (index, some) => {
        const carried = some.slice(live.length);
        for (const k of live) tangents[state[k].id] = undefined;
        slots.forEach((k, at) => (tangents[state[k].id] = { value: carried[at] }));
        this.run(copier.enter(v, index, bySlot(live, some), live));
        for (const k of live) if (tangents[results[k].id] !== undefined && !moving.has(k)) grown.add(k);
        return [...live.map((k) => copier.of(results[k])), ...slots.map((k) => settle(graph, tangents[results[k].id]))];
      });
      if (grown.size > 0) {
        for (const k of grown) moving.add(k);
        continue; // a state depends on what changes only after an iteration: carry its tangent too
      }
      copier.finish(v, bySlot(live, finals));
      const rates: (Linear | undefined)[] = [];
      slots.forEach((k, at) => (rates[k] = { value: finals[live.length + at] }));
      this.finals[v.id] = rates;
      return;
    }
  }
}
