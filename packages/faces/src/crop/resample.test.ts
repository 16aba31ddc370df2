import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../engine.js';
import type { HostImage } from '../fit/types.js';
import type { Crop } from './crop.js';
import { resample } from './resample.js';

/** An image by a function of column, row and channel. */
const painted = (
  width: number,
  height: number,
  at: (x: number, y: number, c: number) => number,
  channels: 1 | 3 = 3,
): HostImage => ({
  ...{ width, height, channels },
  data: Float32Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return at(pixel % width, Math.floor(pixel / width), i % channels);
  }),
});
const noise = painted(24, 18, (x, y, c) => 0.5 + 0.5 * Math.sin(12.9 * x + 78.2 * y + 37.7 * c + x * y));
const whole = ({ width, height }: HostImage): Crop => ({ left: 0, top: 0, width, height });
const filters = ['triangle', 'box'] as const;
const filter = fc.constantFrom(...filters);
const size = fc.integer({ min: 1, max: 20 });
const place = fc.double({ min: -30, max: 30, noNaN: true });
const extent = fc.double({ min: 0.5, max: 60, noNaN: true });
const crops: fc.Arbitrary<Crop> = fc.record({ left: place, top: place, width: extent, height: extent });
const close = (a: HostImage, b: HostImage, tolerance: number): void => {
  expect([a.width, a.height, a.channels]).toEqual([b.width, b.height, b.channels]);
  a.data.forEach((x, i) => expect(Math.abs(x - b.data[i])).toBeLessThan(tolerance));
};

describe('resampled crops', () => {
  it('of a constant image are constant, also beyond it', () => {
    const constant = painted(9, 7, (_, __, c) => [0.2, 1, 3][c]);
    fc.assert(
      fc.property(crops, size, size, filter, (crop, width, height, how) => {
        const cut = resample(constant, crop, width, height, { filter: how });
        close(
          cut,
          painted(width, height, (_, __, c) => [0.2, 1, 3][c]),
          1e-4,
        );
      }),
    );
  });

  it('of the whole image at its own size are the image, bit for bit', () => {
    for (const how of filters) expect(resample(noise, whole(noise), 24, 18, { filter: how })).toEqual(noise);
  });

  it('have the border go on beyond the image', () => {
    const [beside, inside] = [40, { width: 24, height: 18 }];
    const clamped = (v: number, limit: number): number => Math.min(limit - 1, Math.max(0, v - beside));
    const extended = painted(
      inside.width + 2 * beside,
      inside.height + 2 * beside,
      (x, y, c) => noise.data[3 * (clamped(y, inside.height) * inside.width + clamped(x, inside.width)) + c],
    );
    const near = fc.double({ min: -30, max: 20, noNaN: true });
    const short = fc.double({ min: 0.5, max: 30, noNaN: true });
    fc.assert(
      fc.property(near, near, short, size, filter, (left, top, side, pixels, how) => {
        const square = { width: side, height: side };
        // the taps of a single pixel reach a whole side beyond it
        close(
          resample(noise, { left, top, ...square }, pixels, pixels, { filter: how }),
          resample(extended, { left: left + beside, top: top + beside, ...square }, pixels, pixels, { filter: how }),
          1e-5,
        );
      }),
    );
    const corner = painted(2, 2, (_, __, c) => noise.data[c]);
    for (const how of filters)
      close(resample(noise, { left: -50, top: -50, width: 9, height: 9 }, 2, 2, { filter: how }), corner, 1e-5);
  });

  it('of a ramp are a ramp: pixels are where they should be', () => {
    const ramp = painted(64, 64, (x, y) => 2 * (x + 0.5) - 3 * (y + 0.5), 1);
    const inside = fc.double({ min: 12, max: 30, noNaN: true });
    const check = (crop: Crop, pixels: number, how: 'triangle' | 'box'): void => {
      const scale = crop.width / pixels;
      const at = (k: number): number => (k + 0.5) * scale;
      const expected = painted(pixels, pixels, (x, y) => 2 * (crop.left + at(x)) - 3 * (crop.top + at(y)), 1);
      close(resample(ramp, crop, pixels, pixels, { filter: how }), expected, 1e-3);
    };
    fc.assert(
      fc.property(inside, inside, fc.double({ min: 4, max: 20, noNaN: true }), size, (left, top, side, pixels) => {
        check({ left, top, width: side, height: side }, pixels, 'box');
        // enlarged, a triangle is the same; reduced, it keeps ramps where it lies evenly on the pixels
        if (pixels >= side) check({ left, top, width: side, height: side }, pixels, 'triangle');
      }),
    );
    check({ left: 16, top: 12, width: 24, height: 24 }, 8, 'triangle');
  });

  it('that are enlarged are bilinear with both filters', () => {
    fc.assert(
      fc.property(place, place, fc.double({ min: 0.5, max: 8, noNaN: true }), (left, top, side) => {
        const [a, b] = filters.map((how) =>
          resample(noise, { left, top, width: side, height: side }, 8, 8, { filter: how }),
        );
        close(a, b, 1e-6);
      }),
    );
  });

  it('that are reduced are means: by a box of blocks, by a triangle without aliasing', () => {
    const blocks = painted(8, 6, (x, y, c) => {
      let sum = 0;
      for (let k = 0; k < 9; k++) sum += noise.data[3 * ((3 * y + Math.floor(k / 3)) * 24 + 3 * x + (k % 3)) + c] / 9;
      return sum;
    });
    close(resample(noise, whole(noise), 8, 6, { filter: 'box' }), blocks, 1e-6);
    // stripes of the finest kind turn grey, wherever the crop begins
    const stripes = painted(64, 64, (x) => x % 2, 1);
    fc.assert(
      fc.property(fc.double({ min: 8, max: 15, noNaN: true }), filter, (left, how) => {
        const { data } = resample(stripes, { left, top: 8, width: 40, height: 40 }, 7, 7, { filter: how });
        data.forEach((x) => expect(Math.abs(x - 0.5)).toBeLessThan(how === 'box' ? 0.1 : 0.05));
      }),
    );
  });

  it('of a crop are crops of the image', () => {
    const near = fc.integer({ min: -6, max: 6 });
    fc.assert(
      fc.property(near, near, place, place, fc.double({ min: 1, max: 20, noNaN: true }), size, filter, (...drawn) => {
        const [x, y, left, top, side, pixels, how] = drawn;
        // whole pixels, all of the image and some of what is beyond
        const first = resample(noise, { left: x - 90, top: y - 90, width: 200, height: 200 }, 200, 200);
        const inner = { left: left + 90 - x, top: top + 90 - y, width: side, height: side };
        close(
          resample(first, inner, pixels, pixels, { filter: how }),
          resample(noise, { left, top, width: side, height: side }, pixels, pixels, { filter: how }),
          1e-5,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('are refused where there is nothing to cut or to make', () => {
    const crop = whole(noise);
    expect(() => resample(noise, crop, 0, 4)).toThrow(/cannot make 0 x 4 pixels/);
    expect(() => resample(noise, crop, 4, 2.5)).toThrow(ShapeError);
    expect(() => resample(noise, { ...crop, width: 0 }, 4, 4)).toThrow(/a place and an area/);
    expect(() => resample(noise, { ...crop, left: NaN }, 4, 4)).toThrow(ShapeError);
    expect(() => resample({ ...noise, width: 25 }, crop, 4, 4)).toThrow(/1296 numbers are no image of 25 x 18/);
  });
});
