import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, type Tensor } from '@chiaro/autograd';
import { saveImage } from '@chiaro/render';

/** How large and how long: `small` is for looking at, `smoke` proves within seconds that everything runs. */
export interface Preset {
  /** Pixels per side. */
  readonly size: number;
  /** Samples per pixel of target and final images; fits take fewer. */
  readonly spp: number;
  /** Optimisation steps. */
  readonly steps: number;
}

/** What every script is given. */
export interface Run extends Preset {
  /** Folder for pictures. */
  readonly out: string;
}

/** What every script gives: an error before and after, and lines for people. */
export interface Result {
  readonly before: number;
  readonly after: number;
  readonly lines: readonly string[];
}

/** Pictures [H, W, 3] with names. */
export type Pictures = Readonly<Record<string, Tensor>>;

/** Writes each picture as NAME-KEY.png, and all of them as NAME.jpg, side by side or one above the other. */
export async function writePictures(
  { out }: Run,
  name: string,
  pictures: Pictures,
  direction: 'horizontal' | 'vertical' = 'horizontal',
): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const [key, picture] of Object.entries(pictures)) await saveImage(join(out, `${name}-${key}.png`), picture);
  const strip = concat(Object.values(pictures), direction === 'horizontal' ? 1 : 0);
  await saveImage(join(out, `${name}.jpg`), strip, { quality: 88 });
}

/** The four pictures that show a fit; the difference is five times as strong as it is. */
export function fitPictures(target: Tensor, start: Tensor, result: Tensor): Pictures {
  return { target, start, result, difference: result.sub(target).abs().mul(5) };
}

/** A number with three digits that matter. */
export const show = (x: number): string => x.toPrecision(3);
