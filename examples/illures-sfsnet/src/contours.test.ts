import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contourMap } from './contours.js';

const size = 24;
const places = fc.array(fc.double({ min: 2, max: 18, noNaN: true }), { minLength: 136, maxLength: 136 });

describe('contours', () => {
  it('pass through every landmark, and move with them', () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 0, max: 4 }), (landmarks, shift) => {
        const map = contourMap(landmarks, size);
        for (let k = 0; k < 68; k++) {
          const [x, y] = [Math.floor(landmarks[2 * k]), Math.floor(landmarks[2 * k + 1])];
          // at most half a diagonal from the pixel's middle
          expect(map[y * size + x]).toBeGreaterThan(1 - Math.SQRT1_2);
        }
        const moved = contourMap(
          landmarks.map((p) => p + shift),
          size,
        );
        for (let y = 0; y + shift < size; y++)
          for (let x = 0; x + shift < size; x++)
            expect(moved[(y + shift) * size + x + shift]).toBeCloseTo(map[y * size + x], 4);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('are lines through each part that do not cross to another; eyes and lips are closed', () => {
    // all landmarks far away but those of one part
    const only = (first: number, points: readonly (readonly [number, number])[]): Float32Array => {
      const landmarks = new Float32Array(136).fill(-1000);
      points.forEach((p, k) => landmarks.set(p, 2 * (first + k)));
      return contourMap(landmarks, size);
    };
    const square = [
      [6.5, 6.5],
      [11.5, 6.5],
      [17.5, 6.5],
      [17.5, 17.5],
      [11.5, 17.5],
      [6.5, 17.5],
    ] as const;
    const eye = only(36, square);
    // the left side joins the last to the first
    for (let y = 7; y < 17; y++) expect(eye[y * size + 6]).toBeCloseTo(1, 6);
    expect(eye[12 * size + 12]).toBe(0);
    // brows are open: five points, no line back
    const brow = only(17, square.slice(0, 5));
    expect(brow[12 * size + 17]).toBeCloseTo(1, 6);
    expect(brow[12 * size + 6]).toBe(0);
  });
});
