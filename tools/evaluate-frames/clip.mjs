// Clips of known truth: rendered frames, and landmarks that err like a detector's.
import { faceClips, synthesize } from '@chiaro/faces';
import { linearToBytes } from '@chiaro/render';
import { blurred } from '../evaluate-person/persons.mjs';
import { randomSource } from '../face-model/random.mjs';

/** Frames of a whole clip, about a second, of which the first ones are taken. */
const length = 30;

/** Samples per pixel of a frame. */
const spp = 16;

/**
 * Clip `number` from 0: { sources for `fitFrames`, truth: the scenes, light }. Equal numbers give equal clips.
 * @param blur error of the landmarks, by itself in every frame, in parts of the distance of the outer corners of the eyes.
 */
export async function clipOf(model, number, { frames, size, blur }) {
  const plan = faceClips({ clips: number + 1, seed: 5, size, frames: [length, length] });
  const random = randomSource(9973 * number + 7);
  const sources = [];
  const truth = [];
  let light;
  for (let k = 0; k < frames; k++) {
    const { scene, labels } = await plan.item(model, number * length + k);
    const face = await synthesize(model, scene, { spp });
    const data = face.traced.map((x) => Math.min(1, Math.max(0, x)));
    const name = `clip ${number + 1}, frame ${k + 1}`;
    const square = { width: size, height: size };
    const photo = {
      ...{ name, image: { ...square, channels: 3, data }, srgb: linearToBytes(data), ...square },
      ...{ originalWidth: size, originalHeight: size, notes: [] },
    };
    sources.push({ name, read: async () => photo, landmarks: blurred(face.landmarks, blur, random) });
    truth.push(scene);
    light = ['a lamp that stays', 'a lamp that moves', 'light from all around'][labels.light];
  }
  return { sources, truth, light };
}
