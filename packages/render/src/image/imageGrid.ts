import { ShapeError, concat, full, stack } from '../engine.js';
import type { Tensor } from '../engine.js';

/** How `imageGrid` lays pictures out. */
export interface ImageGridOptions {
  /** Pictures in a row (default: all in one). */
  readonly columns?: number;
  /** Pixels between pictures (default 2). */
  readonly gap?: number;
  /** Of gaps and of places without a picture, in every channel (default 0.01, a dark grey of linear light). */
  readonly background?: number;
  /** Each pixel becomes zoom x zoom (default 1). */
  readonly zoom?: number;
}

/**
 * Pictures [H, W, C] of one shape side by side, in rows from the top, as one picture: a contact sheet, a figure's rows.
 * Differentiable. @throws ShapeError for no picture, pictures of several shapes, or sizes that are no whole numbers.
 *
 * @example
 * await saveImage('figure.png', imageGrid([photo, final, difference, relit], { columns: 2, zoom: 2 }));
 */
export function imageGrid(
  pictures: readonly Tensor[],
  { columns = pictures.length, gap = 2, background = 0.01, zoom = 1 }: ImageGridOptions = {},
): Tensor {
  const shapes = new Set(pictures.map(({ shape }) => shape.join(', ')));
  if (shapes.size !== 1 || pictures[0].rank !== 3)
    throw new ShapeError(
      `imageGrid: needs pictures [H, W, C] of one shape, got ${[...shapes].map((s) => `[${s}]`).join(' and ') || 'none'}`,
    );
  if (![columns - 1, gap, zoom - 1].every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ShapeError(
      `imageGrid: needs whole numbers, columns and zoom from 1, got columns ${columns}, gap ${gap}, zoom ${zoom}`,
    );
  const [height, width, channels] = pictures[0].shape;
  const rows = Math.ceil(pictures.length / columns);
  const missing = rows * columns - pictures.length;
  const blank = full([height, width, channels], background);
  const [h, w] = [height * zoom, width * zoom];
  const cells = stack([...pictures, ...Array.from({ length: missing }, () => blank)])
    .reshape([rows * columns, height, 1, width, 1, channels])
    .expand([rows * columns, height, zoom, width, zoom, channels])
    .reshape([rows, columns, h, w, channels]);
  const wide = concat([cells, full([rows, columns, h, gap, channels], background)], 3);
  const sheet = concat([wide, full([rows, columns, gap, w + gap, channels], background)], 2)
    .permute([0, 2, 1, 3, 4])
    .reshape([rows * (h + gap), columns * (w + gap), channels]);
  return sheet.narrow(0, 0, rows * (h + gap) - gap).narrow(1, 0, columns * (w + gap) - gap);
}
