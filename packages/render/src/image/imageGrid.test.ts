import { describe, expect, it } from 'vitest';
import { ShapeError, full, tensor, zeros } from '../engine.js';
import { imageGrid } from './index.js';

describe('imageGrid', () => {
  it('lays pictures out in rows, enlarged, with background where there is none', async () => {
    const pictures = [1, 2, 3].map((n) => tensor([n, n + 0.25], [1, 2, 1]));
    const grid = imageGrid(pictures, { columns: 2, gap: 1, background: 0.5, zoom: 2 });
    expect(grid.shape).toEqual([5, 9, 1]);
    const first = [1, 1, 1.25, 1.25, 0.5, 2, 2, 2.25, 2.25];
    const last = [3, 3, 3.25, 3.25, 0.5, 0.5, 0.5, 0.5, 0.5];
    expect([...(await grid.data())]).toEqual([first, first, new Array(9).fill(0.5), last, last].flat());
  });

  it('is one picture where there is one', async () => {
    const grid = imageGrid([full([2, 3, 3], 0.75)], { gap: 0 });
    expect(grid.shape).toEqual([2, 3, 3]);
    expect([...(await grid.data())]).toEqual(new Array(18).fill(0.75));
  });

  it('says what it needs', () => {
    expect(() => imageGrid([])).toThrow('needs pictures [H, W, C] of one shape, got none');
    expect(() => imageGrid([zeros([2, 2, 3]), zeros([2, 3, 3])])).toThrow('got [2, 2, 3] and [2, 3, 3]');
    expect(() => imageGrid([zeros([2, 2, 3])], { columns: 0 })).toThrow(ShapeError);
    expect(() => imageGrid([zeros([2, 2, 3])], { zoom: 1.5 })).toThrow('whole numbers');
  });
});
