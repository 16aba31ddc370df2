import { tensor, type Tensor } from '@chiaro/autograd';
import { side } from './data.js';
import type { Judged } from './train.js';

const [columns, rows, gap] = [24, 10, 4];
const cell = side + gap;
/** Frame colour of a digit that was taken for another one, linear RGB. */
const wrongColor = [0.9, 0.05, 0.03];

/** Digits in a grid [H, W, 3], linear: at most half of it wrong ones, framed, spread among right ones. */
export function digitGrid(judged: readonly Judged[]): Tensor {
  const count = columns * rows;
  const wrong = judged.filter(({ guess, label }) => guess !== label).slice(0, count / 2);
  const right = judged.filter(({ guess, label }) => guess === label).slice(0, count - wrong.length);
  // every second cell is a wrong one while there are any
  const shown = Array.from({ length: count }, (_, i) => (i % 2 === 1 ? wrong.shift() : undefined) ?? right.shift());
  const [height, width] = [rows * cell, columns * cell];
  const pixels = new Float32Array(height * width * 3).fill(0.012);
  const put = (x: number, y: number, color: readonly number[]): void => pixels.set(color, 3 * (y * width + x));
  shown.forEach((digit, i) => {
    if (!digit) return;
    const [left, top] = [(i % columns) * cell, Math.floor(i / columns) * cell];
    if (digit.guess !== digit.label) {
      for (let y = 0; y < cell; y++) for (let x = 0; x < cell; x++) put(left + x, top + y, wrongColor);
    }
    digit.pixels.forEach((value, k) => {
      const grey = (value / 255) ** 2.2;
      put(left + gap / 2 + (k % side), top + gap / 2 + Math.floor(k / side), [grey, grey, grey]);
    });
  });
  return tensor(pixels, [height, width, 3]);
}
