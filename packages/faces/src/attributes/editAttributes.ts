import { ChiaroError, noGrad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { editedValues } from '../edit/faceEdit.js';
import type { FaceEdit } from '../edit/faceEdit.js';
import { posedFace } from '../scene/posedFace.js';
import type { FaceTextures } from '../scene/posedFace.js';
import type { AttributeFace, AttributeModel } from './attributeFace.js';
import { albedoRange } from './enhancedFace.js';
import type { AttributeName, FaceAttributes } from './layout.js';

/** The attributes by the names that edits have for them, those of `fit.json`. */
const attributeOf: Readonly<Record<string, AttributeName>> = {
  identity: 'identity',
  expression: 'blendshapes',
  albedo: 'albedo',
  tint: 'tint',
  'pose.rotation': 'rotation',
  'pose.translation': 'translation',
  'light.sh': 'light',
};

/**
 * A face with other attributes, edits in their order. What networks have added to the statistical albedos, and the normal
 * map, stays. Blendshape weights stay in [0, 1]. Carries no gradient.
 * @throws ChiaroError for numbers that the face does not have.
 *
 * @example
 * const smiling = await editAttributes(of, face, [parseFaceEdit('expression.mouth-open=0.8')]);
 */
export async function editAttributes(
  { model, atlas }: Pick<AttributeModel, 'model' | 'atlas'>,
  { attributes: own, textures, normalMap }: AttributeFace,
  edits: readonly FaceEdit[],
): Promise<AttributeFace> {
  const attributes: Record<AttributeName, Tensor> = { ...own };
  for (const edit of edits) {
    if (!Object.hasOwn(attributeOf, edit.parameter))
      throw new ChiaroError(`${edit.parameter} is no attribute; there are ${Object.keys(attributeOf).join(', ')}`);
    const name = attributeOf[edit.parameter];
    const { shape } = attributes[name];
    attributes[name] = tensor(editedValues(edit, [...(await attributes[name].data())], model), [...shape]);
  }
  return noGrad(() => {
    const [before, after] = [own, attributes as FaceAttributes].map((each) => atlas.textures(each));
    const changed = (key: keyof FaceTextures): Tensor =>
      textures[key].add(after[key].sub(before[key])).clamp(...albedoRange);
    return {
      attributes,
      mesh: posedFace(model, attributes),
      textures: { diffuse: changed('diffuse'), specular: changed('specular') },
      ...(normalMap && { normalMap }),
    };
  });
}
