import { noGrad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { hostImage } from '../fit/result/hostImages.js';
import type { HostImage } from '../fit/types.js';
import { modelTextures } from '../scene/posedFace.js';
import { resized } from '../scene/texels.js';
import { editedValues, faceEditText } from './faceEdit.js';
import type { FaceEdit } from './faceEdit.js';
import { tensorOf, valuesOf } from './fittedFace.js';
import type { FittedFace } from './fittedFace.js';

/**
 * A face with other numbers. Blendshape weights stay in [0, 1]. Where `albedo` or `tint` change, the fitted textures are
 * multiplied by what the model's own become over what they were, so that the fit's detail stays. Nothing is rendered.
 * @param diffuse a diffuse texture that replaces the face's before the edits, of any size, linear RGB.
 * @throws ChiaroError for numbers that the face does not have.
 */
export async function editFace(
  face: FittedFace,
  edits: readonly FaceEdit[],
  { diffuse }: { readonly diffuse?: HostImage } = {},
): Promise<FittedFace> {
  const parameters = face.parameters.map((parameter) => ({ ...parameter, values: [...parameter.values] }));
  for (const edit of edits) {
    const values = valuesOf({ parameters }, edit.parameter) as number[];
    values.splice(0, values.length, ...editedValues(edit, values, face.model));
  }
  const painted = diffuse ? { ...face, textures: { ...face.textures, diffuse } } : face;
  const changed = edits.some(({ parameter }) => parameter === 'albedo' || parameter === 'tint');
  return {
    ...painted,
    parameters,
    textures: changed ? await recoloured(painted, parameters) : painted.textures,
    edits: [...face.edits, ...(diffuse ? ['a painted diffuse texture'] : []), ...edits.map(faceEditText)],
  };
}

/** The textures of a face after its coefficients of the albedo have become others. */
async function recoloured(face: FittedFace, after: FittedFace['parameters']): Promise<FittedFace['textures']> {
  const { model, parameters, textures } = face;
  const own = (list: FittedFace['parameters']) => {
    const values = (name: string): Tensor => tensor(Float32Array.from(valuesOf({ parameters: list }, name)));
    return modelTextures(model, model.albedoCount > 0 ? values('albedo') : tensor([0]), values('tint'));
  };
  const changed = (texture: HostImage, from: Tensor, to: Tensor): Promise<HostImage> =>
    hostImage(
      noGrad(() => {
        const ratio = resized(to, texture.height).div(resized(from, texture.height).clamp(1e-3));
        return tensorOf(texture).mul(ratio).clamp(0, 0.98);
      }),
    );
  const [before, now] = noGrad(() => [own(parameters), own(after)]);
  return {
    diffuse: await changed(textures.diffuse, before.diffuse, now.diffuse),
    specular: await changed(textures.specular, before.specular, now.specular),
  };
}
