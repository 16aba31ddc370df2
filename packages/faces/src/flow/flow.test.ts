import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../../render/src/testing/random.testing.js';
import { FormatError, ShapeError } from '../engine.js';
import type { HostImage } from '../fit/types.js';
import { consistentFlow, opticalFlow } from './index.js';

const side = 128;

type Point = readonly [number, number];

/** Brightness of an endless pattern with details of 5 to 60 pixels. */
function pattern(): (x: number, y: number) => number {
  const random = randomNumbers(5);
  const waves = Array.from({ length: 40 }, () => {
    const [angle, length] = [Math.PI * random(), 5 * 12 ** random()];
    const frequency = (2 * Math.PI) / length;
    return [frequency * Math.cos(angle), frequency * Math.sin(angle), 2 * Math.PI * random(), Math.sqrt(length)];
  });
  return (x, y) => {
    const sum = waves.reduce((total, [a, b, phase, weight]) => total + weight * Math.sin(a * x + b * y + phase), 0);
    return 0.15 + 0.6 / (1 + Math.exp(-sum / 12));
  };
}

const at = pattern();

/** The pattern where `back` tells which place each pixel shows; the same in three channels. */
function picture(back: (x: number, y: number) => Point, gain = 1): HostImage {
  const data = Float32Array.from({ length: 3 * side * side }, (_, k) => {
    const pixel = Math.floor(k / 3);
    return gain * at(...back(pixel % side, Math.floor(pixel / side)));
  });
  return { width: side, height: side, channels: 3, data };
}

const still = picture((x, y) => [x, y]);
const middle = (side - 1) / 2;

/** x' = middle + scale * turn * (x - middle) + shift. */
function motion(
  shift: Point,
  degrees: number,
  scale: number,
): { to: (x: number, y: number) => Point; back: (x: number, y: number) => Point } {
  const [c, s] = [scale * Math.cos((degrees * Math.PI) / 180), scale * Math.sin((degrees * Math.PI) / 180)];
  const determinant = c * c + s * s;
  return {
    to: (x, y) => [
      middle + c * (x - middle) - s * (y - middle) + shift[0],
      middle + s * (x - middle) + c * (y - middle) + shift[1],
    ],
    back: (x, y) => {
      const [p, q] = [x - middle - shift[0], y - middle - shift[1]];
      return [middle + (c * p + s * q) / determinant, middle + (c * q - s * p) / determinant];
    },
  };
}

/** Mean end-point error over pixels that stay in the picture. */
function endPointError(flow: Float32Array, to: (x: number, y: number) => Point): number {
  let [sum, count] = [0, 0];
  for (let k = 0; k < side * side; k++) {
    const [x, y] = [k % side, Math.floor(k / side)];
    const [toX, toY] = to(x, y);
    if (toX < 0 || toY < 0 || toX > side - 1 || toY > side - 1) continue;
    sum += Math.hypot(x + flow[2 * k] - toX, y + flow[2 * k + 1] - toY);
    count++;
  }
  return sum / count;
}

describe('opticalFlow', () => {
  it.each([
    { name: 'a shift', shift: [5.3, -2.7], degrees: 0, scale: 1 },
    { name: 'a far shift', shift: [-9.5, 6.25], degrees: 0, scale: 1 },
    { name: 'a turn', shift: [0, 0], degrees: 8, scale: 1 },
    { name: 'a zoom', shift: [1, 0], degrees: 0, scale: 1.12 },
  ] as const)('finds $name, in a picture of other brightness too', ({ shift, degrees, scale }) => {
    const { to, back } = motion(shift, degrees, scale);
    const [same, dark, bright] = [1, 0.8, 1.2].map((gain) =>
      endPointError(opticalFlow(still, picture(back, gain)), to),
    );
    expect(Math.max(same, dark, bright)).toBeLessThan(0.25);
  });

  it('is nothing between a picture and itself, and where there is nothing to see', () => {
    const flat: HostImage = { ...still, data: still.data.map(() => 0.5) };
    expect(Math.max(...opticalFlow(still, still).map(Math.abs))).toBeLessThan(1e-3);
    expect(opticalFlow(flat, flat).every((x) => x === 0)).toBe(true);
  });

  it('tells where the other picture shows something else', () => {
    // a square of another pattern moves over the still one
    const shows = (corner: number): HostImage => {
      const inside = (x: number, y: number): boolean => x >= corner && x < corner + 40 && y >= 44 && y < 84;
      return picture((x, y) => (inside(x, y) ? [x - corner + 1000, y] : [x, y]));
    };
    const [a, b] = [shows(40), shows(48)];
    const [forward, backward] = [opticalFlow(a, b), opticalFlow(b, a)];
    const mask = consistentFlow(forward, backward, [side, side]);
    const truth = (k: number): Point => {
      const [x, y] = [k % side, Math.floor(k / side)];
      return x >= 40 && x < 80 && y >= 44 && y < 84 ? [8, 0] : [0, 0];
    };
    const hidden = (k: number): boolean => k % side >= 80 && k % side < 88 && k >= 44 * side && k < 84 * side;
    const pixels = Array.from({ length: side * side }, (_, k) => k);
    const wrong = (k: number): boolean => Math.hypot(forward[2 * k] - truth(k)[0], forward[2 * k + 1]) > 2;
    const share = (of: number[], which: (k: number) => boolean): number => of.filter(which).length / of.length;
    const seen = pixels.filter((k) => !hidden(k));
    expect(share(pixels.filter(hidden), (k) => mask[k] === 1)).toBeLessThan(0.3);
    expect(share(seen, (k) => mask[k] === 1)).toBeGreaterThan(0.9);
    expect(
      share(
        seen.filter((k) => mask[k] === 1),
        wrong,
      ),
    ).toBeLessThan(0.02);
  });

  it('says what is wrong with its pictures', () => {
    const small: HostImage = { width: 4, height: 4, channels: 1, data: new Float32Array(16) };
    expect(() => opticalFlow(still, small)).toThrow(/one size.*128 x 128 and 4 x 4/);
    expect(() => opticalFlow(small, small)).toThrow(ShapeError);
    expect(() => opticalFlow({ ...small, width: 9 }, small)).toThrow(/9 x 4 pixels in 1 channels has 16/);
    expect(() => opticalFlow({ ...still, data: still.data.map(() => NaN) }, still)).toThrow(FormatError);
    expect(() => opticalFlow(still, still, { patch: 0.5 })).toThrow(/patch is a positive number, whole, got 0.5/);
    expect(() => consistentFlow([0], [0], [2, 2])).toThrow(/8 numbers, got 1 and 1/);
  });
});
