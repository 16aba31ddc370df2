import { concat, full, type Tensor } from '@chiaro/autograd';
import { saveImage } from '@chiaro/render';

/** Pixels between pictures, and their grey, linear. */
const [gap, paper] = [2, 0.01];

/** Rows of pictures [S, S, 3] of linear RGB, all of one size and as many in each row, as one picture file. */
export async function saveSheet(path: string, rows: readonly (readonly Tensor[])[]): Promise<void> {
  const [size] = rows[0][0].shape;
  const beside = (pictures: readonly Tensor[]): Tensor =>
    concat(
      pictures.flatMap((picture, k) => (k === 0 ? [picture] : [full([size, gap, 3], paper), picture])),
      1,
    );
  const lines = rows.map(beside);
  const between = full([gap, lines[0].shape[1], 3], paper);
  await saveImage(
    path,
    concat(
      lines.flatMap((line, k) => (k === 0 ? [line] : [between, line])),
      0,
    ),
  );
}
