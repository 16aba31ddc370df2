// Contact sheets: rows of pictures of one size in a PNG file. Rows are files too, so that a run may add some and end.
import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { writeWhole } from './resultFile.mjs';

const gap = 2;

async function compose(cells, width, height) {
  const white = { width, height, channels: 3, background: 'white' };
  return sharp({ create: white }).composite(cells).png({ compressionLevel: 9 }).toBuffer();
}

/** Writes pictures (bytes of PNG files, undefined leaves a place empty) side by side, each `cell` pixels wide and high. */
export async function writeStrip(file, pictures, cell) {
  const cells = await Promise.all(
    pictures.map(async (bytes, k) => {
      if (bytes === undefined) return undefined;
      const input = await sharp(bytes).resize(cell, cell, { fit: 'contain', background: 'white' }).png().toBuffer();
      return { input, left: k * (cell + gap), top: 0 };
    }),
  );
  writeWhole(file, await compose(cells.filter(Boolean), pictures.length * (cell + gap), cell + gap));
}

/** Writes the strips that exist below one another. */
export async function writeSheet(file, strips) {
  const found = await Promise.all(
    strips.filter(existsSync).map(async (input) => ({ input, ...(await sharp(input).metadata()) })),
  );
  if (found.length === 0) return;
  let top = 0;
  const cells = found.map(({ input, height }) => ({ input, left: 0, top: (top += height) - height }));
  writeWhole(file, await compose(cells, Math.max(...found.map(({ width }) => width)), top));
}
