import { Parameter, resizeBilinear, tensor, type Tensor } from '@chiaro/autograd';
import { loadFaceModel } from '@chiaro/faces';
import { linearToBytes } from '@chiaro/render';
import type { Avatar } from '../avatar/avatar.js';
import type { Clip } from '../clips/clip.js';
import { pinholeOf, posed } from '../draw/drawHeads.js';
import type { LightModel } from '../light/lightModel.js';
import { HeadParameters, type Head } from './heads.js';
import { drawLit } from './pixelLoss.js';
import type { LitSubject } from './subject.js';

/** Expressions of the linear avatar. */
const expressions = ['mouth-open', 'mouth-corner-puller', 'eyebrows-left-up', 'mouth-protusion'];

/** An avatar that is linear in its code, of the bundled model: its truth is known. */
export async function linearAvatar(side: number): Promise<{ avatar: Avatar; landmarks: Uint32Array }> {
  const model = await loadFaceModel();
  const rows = tensor(Int32Array.from(expressions, (name) => model.data.blendshapeNames.indexOf(name)));
  const modes = model.blendshapeModes.indexSelect(0, rows).mul(0.3);
  const mesh = model.mesh(model.mean);
  const pixels = model.albedo({}).diffuse.permute([2, 0, 1]).unsqueeze(0);
  const texture = tensor(await resizeBilinear(pixels, [side, side]).permute([0, 2, 3, 1]).data(), [1, side, side, 3]);
  const avatar: Avatar = {
    ...{ codeSize: expressions.length, textureSize: side, mesh },
    decode: (codes, views) => ({
      positions: codes
        .matmul(modes.reshape([expressions.length, -1]))
        .reshape([codes.shape[0], -1, 3])
        .add(model.mean),
      textures: texture.expand([views.shape[0], side, side, 3]),
    }),
    parameters: () => [],
  };
  return { avatar, landmarks: model.data.landmarks };
}

/** A light model without spatial detail: gain 1 + l by colour, and a bias that it learns. */
export class ColourGain implements LightModel {
  readonly codeSize = 3;
  readonly bias = new Parameter([0, 0, 0]);

  relight({ textures, light }: { readonly textures: Tensor; readonly light: Tensor }) {
    const gain = textures.mul(0).add(light.add(1));
    const bias = textures.mul(0).add(this.bias);
    return { textures: textures.mul(gain).add(bias), gain, bias };
  }

  parameters(): Parameter[] {
    return [this.bias];
  }
}

/** Frames of a subject with known heads in a light of known code, before grey; landmarks as they are. */
export async function clipOf(
  subject: LitSubject,
  heads: readonly Head[],
  light: Tensor,
): Promise<{ clip: Clip; landmarks: Float32Array[]; positions: Float32Array[] }> {
  const { camera, landmarks: marks } = subject;
  const pose = new HeadParameters(heads).poses();
  const drawn = drawLit(subject, pose, light);
  const images = drawn.images.add(drawn.coverage.neg().add(1).mul(0.3));
  const rows = tensor(Int32Array.from(marks));
  const pixels = pinholeOf(camera).toPixels(posed(drawn.positions, pose).indexSelect(1, rows)).narrow(2, 0, 2);
  const [colours, places, positions] = await Promise.all(
    [images, pixels, drawn.positions].map(async (t) => Float32Array.from((await t.data()) as Float32Array)),
  );
  const row = (data: Float32Array, k: number): Float32Array => {
    const each = data.length / heads.length;
    return data.slice(k * each, (k + 1) * each);
  };
  const clip: Clip = {
    ...{ name: 'test clip', ...camera },
    frames: heads.map((_, k) => ({ bytes: linearToBytes(row(colours, k)) })),
  };
  return { clip, landmarks: heads.map((_, k) => row(places, k)), positions: heads.map((_, k) => row(positions, k)) };
}
