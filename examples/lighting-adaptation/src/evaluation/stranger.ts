import { tensor } from '@chiaro/autograd';
import { faceDescriptor, lightStage, synthesize, type MorphableModel } from '@chiaro/faces';
import type { FaceRecognitionNet } from '@chiaro/nn';
import { boxOf } from './boxOf.js';

/** Seed of a person who is on no stage; one view of them, fully lit, from in front. */
const [seed, frontCamera, spp] = [4242, 1, 64];

/** The descriptor of another person's face: a small network gives strangers a high cosine too, which tables tell beside theirs. */
export async function strangerDescriptor(
  model: MorphableModel,
  recognition: FaceRecognitionNet,
  size: number,
): Promise<Float32Array> {
  const plan = lightStage({ frames: 1, cameras: 3, groups: 4, groupSize: 2, size, seed, strength: 8 });
  const { scene } = await plan.item(model, frontCamera);
  const { traced, faceMask } = await synthesize(model, scene, { spp, depth: 2 });
  const mask = Uint8Array.from(faceMask, (share) => Number(share > 0.5));
  const face = tensor(Float32Array.from(traced), [size, size, 3]).mul(tensor(Float32Array.from(mask), [size, size, 1]));
  return faceDescriptor(recognition, face, boxOf(mask, size));
}
