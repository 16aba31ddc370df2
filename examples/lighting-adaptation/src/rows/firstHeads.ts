import { existsSync } from 'node:fs';
import { Generator, randn } from '@chiaro/autograd';
import { host } from '@chiaro/tensor/host';
import type { Clip } from '../clips/clip.js';
import type { Head } from '../registration/heads.js';
import { headsOfLandmarks, type LandmarkStepOptions } from '../registration/landmarkStep.js';
import type { MinimiseOptions } from '../registration/minimise.js';
import type { Subject } from '../registration/subject.js';

/** Landmarks are off by this share of the face in x and y each, about as a detector's are. */
const landmarkNoise = 0.015;

/** True landmarks of a rendered clip, off by some noise, the same at every call. */
async function noisyLandmarks({ frames }: Clip): Promise<Float32Array[]> {
  const marks: Float32Array[] = [];
  for (const [k, { truth }] of frames.entries()) {
    const { landmarks } = truth!;
    const box = Math.max(...landmarks) - Math.min(...landmarks);
    const noise = await randn([landmarks.length], { generator: new Generator(7000 + k) }).data();
    marks.push(landmarks.map((x, i) => x + landmarkNoise * box * noise[i]));
  }
  return marks;
}

/** Landmarks of a rendered clip, and step 1's heads by them. */
export interface FirstHeads {
  /** [68 * 2] pixels, of each frame. */
  readonly landmarks: readonly Float32Array[];
  readonly heads: readonly Head[];
}

/** Step 1 of a rendered clip, which no light takes part in: the same for all rows of a seed, so kept in a file. */
export async function firstHeads(
  subject: Subject,
  clip: Clip,
  options: LandmarkStepOptions,
  file: string,
  told: MinimiseOptions,
): Promise<FirstHeads> {
  const landmarks = await noisyLandmarks(clip);
  if (existsSync(file))
    return { landmarks, heads: JSON.parse(new TextDecoder().decode(await host.readFile(file))) as Head[] };
  const heads = await headsOfLandmarks(subject, landmarks, options, told);
  await host.writeFile(file, new TextEncoder().encode(JSON.stringify(heads)));
  return { landmarks, heads };
}
