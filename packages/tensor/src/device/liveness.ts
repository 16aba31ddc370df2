/** A buffer's life within a plan: the steps from its first to its last use, both included. */
export interface Life {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Which lives share memory: a slot number per life, such that lives of one slot never overlap. The largest choose first
 * and every other one takes the smallest slot that is free for its whole life, so small ones fill the gaps that large ones
 * leave (greedy by size; Pisarchyk and Lee 2020 found it within some percent of the lower bound on networks).
 */
export function shareMemory(lives: readonly Life[]): {
  readonly slotOf: readonly number[];
  readonly slots: readonly number[];
} {
  const slots: { readonly bytes: number; readonly lives: Life[] }[] = [];
  const slotOf = new Array<number>(lives.length);
  const bySize = lives.map((_, i) => i).sort((a, b) => lives[b]!.bytes - lives[a]!.bytes || a - b);
  for (const i of bySize) {
    const life = lives[i]!;
    // slots are made in order of falling size: the last free one is the smallest
    let slot = slots.length - 1;
    while (slot >= 0 && slots[slot]!.lives.some((other) => other.from <= life.to && life.from <= other.to)) slot--;
    if (slot < 0) slot = slots.push({ bytes: life.bytes, lives: [] }) - 1;
    slots[slot]!.lives.push(life);
    slotOf[i] = slot;
  }
  return { slotOf, slots: slots.map((s) => s.bytes) };
}
