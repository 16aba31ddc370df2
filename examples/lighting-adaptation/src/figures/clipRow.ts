import { noGrad, tensor, type Tensor } from '@chiaro/autograd';
import { bytesToLinear } from '@chiaro/render';
import type { Clip } from '../clips/clip.js';
import { lightOfFrames } from '../light/lightModel.js';
import type { Triple } from '../poses.js';
import type { Head } from '../registration/heads.js';
import type { LitSubject } from '../registration/subject.js';
import { relightingRow } from './relighting.js';

const triple = ([x, y, z]: readonly number[]): Triple => [x, y, z];

/** `relightingRow` of a tracked frame. @param subject with its adapted light model. @param light [L] the clip's code. */
export async function clipRow(
  subject: LitSubject,
  clip: Clip,
  frame: number,
  head: Head,
  light: readonly number[],
): Promise<readonly Tensor[]> {
  const captured = tensor(bytesToLinear(clip.frames[frame].bytes), [clip.size, clip.size, 3]);
  const code = noGrad(() =>
    lightOfFrames(subject.light, tensor(Float32Array.from(light)), captured.unsqueeze(0)).reshape([light.length]),
  );
  const row = await relightingRow(
    subject.avatar,
    subject.light,
    {
      captured,
      code: tensor([Array.from(head.code)]),
      ...{ rotation: triple(head.rotation), translation: triple(head.translation) },
      lightRotation: triple(head.rotation),
      light: tensor(Float32Array.from((await code.data()) as Float32Array)),
    },
    clip,
  );
  return row.map((picture) => picture.clamp(0, 1));
}
