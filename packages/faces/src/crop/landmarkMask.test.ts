import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faceOutline, insidePolygon, landmarkMask, mouthOutline } from './landmarkMask.js';
import { maskRules } from './rules.js';

/** A round face about (50, 50): jaw and brows on a circle of radius 30, the bridge of the nose at its middle, a round mouth. */
function roundFace(): Float32Array {
  const landmarks = new Float32Array(136);
  const at = (k: number, angle: number, radius: number): void =>
    landmarks.set([50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)], 2 * k);
  for (let k = 0; k <= 16; k++) at(k, Math.PI - (Math.PI * k) / 16, 30);
  for (let k = 17; k <= 26; k++) at(k, Math.PI + (Math.PI * (k - 16)) / 11, 30);
  at(27, 0, 0);
  [61, 62, 63, 65, 66, 67].forEach((k, i) => at(k, Math.PI + (Math.PI * (i + 0.5)) / 3, 8));
  return landmarks;
}
const areaOf = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);
/** Area of a polygon inscribed in a circle, by the angles between its corners. */
const inscribed = (radius: number, ...angles: readonly number[]): number =>
  angles.reduce((sum, angle) => sum + (radius ** 2 / 2) * Math.sin(angle), 0);
const faceArea = inscribed(
  30,
  ...new Array<number>(16).fill(Math.PI / 16),
  ...new Array<number>(11).fill(Math.PI / 11),
);
const mouthArea = inscribed(8, ...new Array<number>(6).fill(Math.PI / 3));

describe('masks by landmarks', () => {
  const face = roundFace();

  it('cover what the outline encloses, less the mouth, more a forehead', () => {
    expect([faceOutline(face).length, mouthOutline(face).length]).toEqual([54, 12]);
    const plain = landmarkMask(face, 100);
    expect(Math.abs(areaOf(plain) - faceArea)).toBeLessThan(30);
    const open = landmarkMask(face, 100, maskRules.inverseFaceNet);
    expect(Math.abs(areaOf(plain) - areaOf(open) - mouthArea)).toBeLessThan(10);
    expect([plain[50 * 100 + 50], open[50 * 100 + 50]]).toEqual([1, 0]);
    // brows go up by 0.45 of the radius, so the mask reaches that much higher
    const high = landmarkMask(face, 100, maskRules.illuresSfsNet);
    const top = (mask: Uint8Array): number => Math.floor(mask.indexOf(1) / 100);
    expect(Math.abs(top(plain) - top(high) - 0.45 * 30)).toBeLessThanOrEqual(1);
    plain.forEach((inside, p) => expect(high[p]).toBeGreaterThanOrEqual(inside));
  });

  it('move with the face, and are its mirror image in a mirror of the place', () => {
    const shift = fc.integer({ min: -20, max: 20 });
    const mask = landmarkMask(face, 100, maskRules.inverseFaceNet);
    fc.assert(
      fc.property(shift, shift, (dx, dy) => {
        const moved = landmarkMask(
          face.map((p, i) => p + (i % 2 === 0 ? dx : dy)),
          100,
          maskRules.inverseFaceNet,
        );
        const inner = Array.from({ length: 3600 }, (_, p) => [20 + (p % 60), 20 + Math.floor(p / 60)]);
        const others = inner.filter(([x, y]) => moved[(y + dy) * 100 + x + dx] !== mask[y * 100 + x]);
        expect(others).toEqual([]);
      }),
      { numRuns: 10 },
    );
    const turned = landmarkMask(
      face.map((p, i) => (i % 2 === 0 ? 100 - p : p)),
      100,
      maskRules.inverseFaceNet,
    );
    turned.forEach((inside, p) => expect(inside).toBe(mask[p - (p % 100) + 99 - (p % 100)]));
  });

  it('places are inside of a convex polygon where they are left of all its edges', () => {
    const corners = Array.from({ length: 7 }, (_, k) => [
      Math.cos((2 * Math.PI * k) / 7),
      Math.sin((2 * Math.PI * k) / 7),
    ]);
    const place = fc.double({ min: -1.2, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(place, place, (x, y) => {
        const sides = corners.map(([ax, ay], k) => {
          const [bx, by] = corners[(k + 1) % 7];
          return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        });
        fc.pre(sides.every((s) => Math.abs(s) > 1e-9));
        expect(insidePolygon(x, y, corners.flat())).toBe(sides.every((s) => s > 0));
      }),
    );
    expect(insidePolygon(0, 0, [])).toBe(false);
  });
});
