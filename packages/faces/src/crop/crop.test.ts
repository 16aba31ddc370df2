import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../engine.js';
import { intrinsicsInCrop, landmarksInCrop, landmarksInPicture } from './coordinates.js';
import { cropAroundLandmarks, cropAroundMask, type Crop, type CropRule } from './crop.js';
import { cropRules } from './rules.js';

const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** Landmarks [68 * 2] anywhere in 500 x 500 pixels, the corners of some box among them. */
const landmarks = fc
  .tuple(fc.array(number(100, 400), { minLength: 132, maxLength: 132 }), number(0, 100), number(400, 500))
  .map(([list, low, high]) => [low, low, ...list, high, high]);
const crops: fc.Arbitrary<Crop> = fc.record({
  left: number(-200, 200),
  top: number(-200, 200),
  width: number(10, 400),
  height: number(10, 400),
});
const rules: fc.Arbitrary<CropRule> = fc.oneof(
  fc.constantFrom<CropRule>(...Object.values(cropRules)),
  fc.record({ margin: number(0.5, 3), raised: number(-0.3, 0.3) }),
);

describe('squares around landmarks', () => {
  it('have the face where the rule says', () => {
    fc.assert(
      fc.property(landmarks, rules, (list, { margin, raised }) => {
        const crop = cropAroundLandmarks(list, { margin, raised });
        expect(crop.width).toBe(crop.height);
        const inside = landmarksInCrop(list, crop, 1); // shares of the square
        const [x, y] = [0, 1].map((c) => Array.from(inside).filter((_, i) => i % 2 === c));
        const [left, right, top, bottom] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
        expect(Math.max(right - left, bottom - top)).toBeCloseTo(1 / margin, 5);
        expect((left + right) / 2).toBeCloseTo(0.5, 5);
        expect((top + bottom) / 2).toBeCloseTo(0.5 + raised / margin, 5);
      }),
    );
  });

  it('go with the face: moved and enlarged, the crop shows the same', () => {
    fc.assert(
      fc.property(landmarks, rules, number(0.1, 10), number(-500, 500), (list, rule, scale, shift) => {
        const moved = list.map((p) => scale * p + shift);
        const [a, b] = [list, moved].map((l) => landmarksInCrop(l, cropAroundLandmarks(l, rule), 64));
        a.forEach((p, i) => expect(Math.abs(p - b[i])).toBeLessThan(1e-4));
      }),
    );
  });

  it('within a picture are of whole pixels, inside, and where the rule says as far as that goes', () => {
    const size = fc.integer({ min: 20, max: 900 });
    fc.assert(
      fc.property(landmarks, rules, size, size, (list, rule, width, height) => {
        const free = cropAroundLandmarks(list, rule);
        const {
          left,
          top,
          width: side,
          height: again,
        } = cropAroundLandmarks(list, rule, { within: { width, height } });
        expect(side).toBe(again);
        expect([left, top, side].every(Number.isInteger)).toBe(true);
        expect(left >= 0 && top >= 0 && left + side <= width && top + side <= height).toBe(true);
        if (free.width > Math.min(width, height)) expect(side).toBe(Math.min(width, height));
        else expect(Math.abs(side - free.width)).toBeLessThan(0.5 + 1e-9);
        if (free.left > 1 && free.left + free.width < width - 1 && side < Math.min(width, height))
          expect(Math.abs(left + side / 2 - free.left - free.width / 2)).toBeLessThan(0.5 + 1e-9);
      }),
    );
  });

  it('by the numbers of section 6.1 of InverseFaceNet: the 66 landmarks just fit in, in the middle', () => {
    const list = Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? 100 + (i % 80) : 50 + (i % 40)));
    list[120] = 5; // landmarks 60 and 64 do not count
    list[129] = 900;
    // x from 100 to 178, y from 51 to 89
    expect(cropAroundLandmarks(list, cropRules.inverseFaceNet)).toEqual({ left: 100, top: 31, width: 78, height: 78 });
  });

  it('around several faces hold all of them', () => {
    // x from 0 to 6 and from 100 to 106, y from 10 to 16
    const ones = (x: number): number[] => Array.from({ length: 136 }, (_, i) => (i % 2 === 0 ? x : 10) + (i % 7));
    const both = cropAroundLandmarks([...ones(0), ...ones(100)], { margin: 1, raised: 0 });
    expect(both).toEqual({ left: 0, top: -40, width: 106, height: 106 });
  });

  it('around a mask end at its outermost pixels', () => {
    const [width, height] = [20, 12];
    const part = (most: number): fc.Arbitrary<number[]> =>
      fc
        .uniqueArray(fc.integer({ min: 0, max: most }), { minLength: 2, maxLength: 2 })
        .map((l) => l.sort((a, b) => a - b));
    fc.assert(
      fc.property(part(width), part(height), rules, ([x0, x1], [y0, y1], rule) => {
        const mask = Array.from({ length: width * height }, (_, p) => {
          const [x, y] = [p % width, Math.floor(p / width)];
          return Number(x >= x0 && x < x1 && y >= y0 && y < y1);
        });
        const corners = Array.from({ length: 136 }, (_, i) => (i < 68 ? [x0, y0] : [x1, y1])[i % 2]);
        const { margin, raised } = rule;
        expect(cropAroundMask(mask, { width, height }, rule)).toEqual(cropAroundLandmarks(corners, { margin, raised }));
      }),
    );
  });

  it('cannot be found around nothing', () => {
    const rule = cropRules.fit;
    expect(() => cropAroundLandmarks(new Float32Array(134), rule)).toThrow(ShapeError);
    expect(() => cropAroundLandmarks([], rule)).toThrow(/68 pairs of x and y for each face, got 0/);
    expect(() => cropAroundLandmarks(new Float32Array(136), rule)).toThrow(/no square .* 0 x 0/);
    expect(() => cropAroundLandmarks(new Float32Array(136).fill(NaN), rule)).toThrow(ShapeError);
    expect(() => cropAroundMask(new Uint8Array(12), { width: 4, height: 3 }, rule)).toThrow(/no pixel of the mask/);
    expect(() => cropAroundMask(new Uint8Array(12), { width: 4, height: 4 }, rule)).toThrow(/no mask of 4 x 4/);
  });
});

describe('coordinates of a crop', () => {
  const size = fc.integer({ min: 1, max: 512 });

  it('lead there and back', () => {
    fc.assert(
      fc.property(landmarks, crops, size, (list, crop, pixels) => {
        const back = landmarksInPicture(landmarksInCrop(list, crop, pixels), crop, pixels);
        // float32 in between: a 2^-23 of where the landmark is in the crop, brought back
        back.forEach((p, i) => expect(Math.abs(p - list[i])).toBeLessThan(2e-4));
      }),
    );
    const [corner, end] = [
      [40, 20],
      [140, 220],
    ];
    const crop = { left: 40, top: 20, width: 100, height: 200 };
    expect([...landmarksInCrop([...corner, ...end], crop, 50)]).toEqual([0, 0, 50, 50]);
    expect([...landmarksInPicture([0, 0, 50, 50], crop, 50)]).toEqual([...corner, ...end]);
  });

  it('of a crop of a crop are those of the crop at once', () => {
    fc.assert(
      fc.property(landmarks, crops, crops, size, (list, outer, inner, pixels) => {
        // `inner` is in pixels of `outer` at 100 x 100
        const [x, y] = [outer.width / 100, outer.height / 100];
        const at = { left: outer.left + inner.left * x, top: outer.top + inner.top * y };
        const whole = { ...at, width: inner.width * x, height: inner.height * y };
        const twice = landmarksInCrop(landmarksInCrop(list, outer, 100), inner, pixels);
        const once = landmarksInCrop(list, whole, pixels);
        once.forEach((p, i) => expect(Math.abs(p - twice[i])).toBeLessThan(1e-5 * (1 + Math.abs(p) + pixels * 40)));
      }),
    );
  });

  it('are the pixels of its camera', () => {
    const point = fc.tuple(number(-300, 300), number(-300, 300), number(400, 2000));
    fc.assert(
      fc.property(point, crops, size, number(100, 3000), ([x, y, depth], crop, pixels, focal) => {
        const seen = ([fx, fy, cx, cy]: readonly number[]): number[] => [cx + (fx * x) / depth, cy - (fy * y) / depth];
        const camera = [focal, focal, 320, 240] as const;
        const expected = landmarksInCrop(seen(camera), crop, pixels);
        seen(intrinsicsInCrop(camera, crop, pixels)).forEach((p, c) =>
          expect(Math.abs(p - expected[c])).toBeLessThan(1e-6 * (1 + Math.abs(p))),
        );
      }),
    );
  });
});
