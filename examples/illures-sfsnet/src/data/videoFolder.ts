import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ChiaroError, FormatError } from '@chiaro/autograd';
import type { VideoClip } from './frames.js';
import { photoFrame, type PhotoFrame } from './photoFrame.js';

/** A video that was read. */
export interface ReadVideo {
  readonly clips: readonly VideoClip[];
  /** What people should know: frames that were left out, frames of different sizes, few frames. */
  readonly notes: readonly string[];
}

/** How reading is followed. */
export interface ReadVideoOptions {
  readonly onProgress?: (done: number, count: number) => void;
  readonly signal?: AbortSignal;
}

const isFrame = (name: string): boolean => !name.startsWith('.') && /\.(jpe?g|png|webp|tiff?|gif|avif)$/i.test(name);

/** Names of what lies in a folder, frames as people count them: 2.png before 10.png. */
async function listed(folder: string): Promise<{ readonly frames: string[]; readonly folders: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ChiaroError(`cannot read ${folder}: ${(cause as Error).message}`, { cause });
  });
  const names = (isFolder: boolean): string[] =>
    entries
      .filter((entry) => entry.isDirectory() === isFolder && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return { frames: names(false).filter(isFrame), folders: names(true) };
}

/**
 * The frames of a folder, one clip of one person, or of its folders, a clip each. Each frame is cut out by its own
 * landmarks, so frames may have any sizes; those without a face are left out.
 * @param size pixels of a side that the networks take.
 * @throws ChiaroError for a folder without frames, or in which no clip has two frames with a face.
 */
export async function readVideo(
  folder: string,
  size: number,
  { onProgress, signal }: ReadVideoOptions = {},
): Promise<ReadVideo> {
  const top = await listed(folder);
  const parts = [
    { path: folder, frames: top.frames },
    ...(await Promise.all(
      top.folders.map(async (name) => ({
        path: join(folder, name),
        frames: (await listed(join(folder, name))).frames,
      })),
    )),
  ].filter(({ frames }) => frames.length > 0);
  if (parts.length === 0)
    throw new ChiaroError(
      `${folder}: there are no frames; give a folder of JPEG or PNG files, or folders of them, one for each clip (ffmpeg -i video.mp4 -r 5 ${join(folder, '%04d.png')})`,
    );
  const count = parts.reduce((sum, { frames }) => sum + frames.length, 0);
  const notes: string[] = [];
  const clips: VideoClip[] = [];
  let done = 0;
  for (const { path, frames } of parts) {
    const clip: PhotoFrame[] = [];
    for (const name of frames) {
      signal?.throwIfAborted();
      try {
        clip.push(await photoFrame(join(path, name), size));
      } catch (error) {
        if (!(error instanceof ChiaroError)) throw error;
        notes.push(`left out: ${error.message}`);
      }
      onProgress?.(++done, count);
    }
    const sizes = new Set(clip.map(({ photo }) => `${photo.width} x ${photo.height}`));
    if (sizes.size > 1)
      notes.push(`${path}: frames of different sizes (${[...sizes].join(', ')}): each is cut out by its own landmarks`);
    if (clip.length === 2) notes.push(`${path}: two frames only, so one pair; more frames in other poses teach more`);
    if (clip.length < 2)
      notes.push(`${path}: left out, as it has ${clip.length} frames with a face, and a pair takes two`);
    else clips.push(clip);
  }
  if (clips.length === 0) throw new FormatError(`${folder}: no clip has two frames with a face\n${notes.join('\n')}`);
  return { clips, notes };
}
