import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareMemory, type Life } from './liveness.js';

const life = fc
  .record({ bytes: fc.integer({ min: 1, max: 1000 }), from: fc.nat(40), length: fc.nat(15) })
  .map(({ bytes, from, length }): Life => ({ bytes, from, to: from + length }));

test('lives of one slot never overlap and fit; the sum is near the most that lives at once', () => {
  let [used, needed] = [0, 0];
  fc.assert(
    fc.property(fc.array(life, { maxLength: 60 }), (lives) => {
      const { slotOf, slots } = shareMemory(lives);
      lives.forEach((a, i) => {
        expect(slots[slotOf[i]!]).toBeGreaterThanOrEqual(a.bytes);
        lives.slice(0, i).forEach((b, j) => {
          if (slotOf[i] === slotOf[j]) expect(a.from > b.to || b.from > a.to).toBe(true);
        });
      });
      used += slots.reduce((sum, bytes) => sum + bytes, 0);
      const at = (step: number): number =>
        lives.reduce((sum, { bytes, from, to }) => sum + (from <= step && step <= to ? bytes : 0), 0);
      needed += Math.max(...Array.from({ length: 60 }, (_, step) => at(step)));
    }),
    { seed: 3 },
  );
  expect(used).toBeLessThan(1.35 * needed);
});
