import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { host } from '@chiaro/tensor/host';
import type { TrainingLog, TrainingPicture } from '../train/index.js';
import { pngOf } from './png.js';

/** A picture that a run wrote: `NAME-STEP.png`. */
export interface PictureFile {
  readonly name: string;
  readonly step: number;
  /** The file's name in the folder. */
  readonly file: string;
}

/** The pictures in a folder, by falling step. */
export async function pictureFiles(folder: string): Promise<PictureFile[]> {
  const files = existsSync(folder) ? await readdir(folder) : [];
  return files
    .flatMap((file): PictureFile[] => {
      const [, name, step] = /^([\w-]+)-(\d+)\.png$/.exec(file) ?? [];
      return name === undefined ? [] : [{ name, step: Number(step), file }];
    })
    .sort((a, b) => b.step - a.step);
}

/** Pictures as PNG files of a folder, one per name and epoch. */
export function pictureLog(folder: string): TrainingLog {
  let waiting: TrainingPicture[] = [];
  return {
    async start({ step, batch }) {
      waiting = [];
      const later = (await pictureFiles(folder)).filter(
        (each) => each.step > step || (each.step === step && batch > 0),
      );
      for (const { file } of later) await rm(join(folder, file));
    },
    write: () => undefined,
    picture: (picture) => void waiting.push(picture),
    async flush() {
      const pictures = waiting;
      waiting = [];
      for (const { name, step, width, height, pixels } of pictures) {
        await host.writeFile(
          join(folder, `${name}-${String(step).padStart(6, '0')}.png`),
          pngOf(width, height, pixels),
        );
      }
    },
  };
}
