import { inputKey, loopOf, reachable, slotOf } from './ir.js';
import type { Graph, Value } from './ir.js';

/** Copies values of one graph into another (or the same) graph, simplifying anew. */
export class Copier {
  /** The copy of each value, by the id of the original. Seed it with what stands for inputs. */
  readonly memo: Value[] = [];
  /** The final states of each copied loop, by the id of the original. */
  private readonly finals: (readonly Value[])[] = [];

  constructor(readonly graph: Graph) {}

  /** The copy of a value. */
  of(v: Value): Value {
    return this.memo[v.id];
  }

  /** Copies values that come in an order fit for computing. Loops lose the states that nobody in `order` reads. */
  run(order: readonly Value[]): void {
    for (const v of order) this.copy(v, order);
  }

  /** Copies one value whose arguments are copied; `order` is what may read it. */
  copy(v: Value, order: readonly Value[]): void {
    const { memo, graph } = this;
    let copy: Value;
    if (v.op === 'loop') {
      this.finals[v.id] = this.loop(v, liveSlots(v, order));
      return;
    } else if (v.op === 'item') {
      copy = this.finals[v.args[0].id][slotOf(v)];
    } else if (v.op === 'input') {
      copy = memo[v.id] ?? graph.input(v.type, inputKey(v));
    } else {
      const { args } = v;
      const mapped = new Array<Value>(args.length);
      for (let k = 0; k < args.length; k++) mapped[k] = memo[args[k].id];
      copy = graph.rebuild(v, mapped);
    }
    if (v.hint !== undefined && v.op !== 'input') copy.hint ??= v.hint;
    memo[v.id] = copy;
  }

  /** A copy of a loop that carries the states `live` only, for `count` iterations: its final states, by slot. */
  loop(loop: Value, live: readonly number[], count = this.of(loop.args[0])): readonly Value[] {
    const init = live.map((k) => this.of(loop.args[k + 1]));
    const finals = this.graph.loop(count, init, (index, some) => {
      const next = this.body(loop, index, bySlot(live, some), live);
      return live.map((k) => next[k]);
    });
    return bySlot(live, finals);
  }

  /**
   * The copy of one iteration: the next states, of the slots `live` (which must not need others). Copies of the body's
   * values stay in `memo` until the next call.
   */
  body(loop: Value, index: Value, state: readonly Value[], live: readonly number[]): readonly Value[] {
    this.run(this.enter(loop, index, state, live));
    return loopOf(loop).results.map((r) => this.of(r));
  }

  /** Sets the bound variables of a loop; gives the part of the body that the slots `live` need. */
  enter(loop: Value, index: Value, state: readonly Value[], live: readonly number[]): readonly Value[] {
    const l = loopOf(loop);
    this.memo[l.index.id] = index;
    index.hint ??= l.index.hint;
    for (const k of live) {
      this.memo[l.state[k].id] = state[k];
      state[k].hint ??= l.state[k].hint;
    }
    return live.length === l.state.length ? l.body : bodyOf(loop, live);
  }

  /** Records the final states of a loop that was copied by other means. */
  finish(loop: Value, finals: readonly Value[]): void {
    this.finals[loop.id] = finals;
  }
}

/** The slots of a loop whose final states `order` reads, and those that they are computed from. */
export function liveSlots(loop: Value, order: readonly Value[]): number[] {
  const l = loopOf(loop);
  const live = new Set<number>();
  for (const v of order) if (v.op === 'item' && v.args[0] === loop) live.add(slotOf(v));
  for (const slot of live) {
    // A Set iterates over what is added meanwhile.
    const read = new Set(reachable([l.results[slot]], (v) => (v.scopes >>> l.level) & 1));
    l.state.forEach((s, k) => read.has(s) && live.add(k));
  }
  return [...live].sort((a, b) => a - b);
}

/** True when a loop in `order`, or inside its loops, carries a state that nobody reads. */
export function hasDeadStates(order: readonly Value[]): boolean {
  return order.some((v) => {
    if (v.op !== 'loop') return false;
    return liveSlots(v, order).length < loopOf(v).state.length || hasDeadStates(loopOf(v).body);
  });
}

/** The part of a loop's body that the slots `live` need. */
function bodyOf(loop: Value, live: readonly number[]): Value[] {
  const l = loopOf(loop);
  const own = new Set(l.body);
  const results = live.map((k) => l.results[k]);
  return reachable(results, (v) => (v.scopes >>> l.level) & 1).filter((v) => own.has(v));
}

/** Puts the values of the slots `live` at their places. */
export function bySlot(live: readonly number[], values: readonly Value[]): Value[] {
  const all: Value[] = [];
  live.forEach((k, at) => (all[k] = values[at]));
  return all;
}
