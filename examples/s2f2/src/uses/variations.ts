import { ChiaroError, tensor } from '@chiaro/autograd';
import { inLight, type NamedFace, type Prediction } from '@chiaro/example-rich-reflectance';
import { editAttributes, studioLights, type FaceEdit } from '@chiaro/faces';
import type { RowPredictor } from './predictor.js';

/** Names of the lights under which a transferred normal map is shown to be geometry: its shading moves with them. */
const showing = ['key left', 'key right'] as const;

/**
 * A face with the normal map of another one, figure 22 of the paper (aging, where the other one is old): `age-of-NAME` in the
 * face's own light, and under lamps from the left and from the right, beside the face as it was under the same.
 * @throws ChiaroError where the other face has no normal map.
 */
export function aged({ face }: Pick<Prediction, 'face'>, { name, face: other }: NamedFace): NamedFace[] {
  const { normalMap } = other;
  if (!normalMap)
    throw new ChiaroError(`${name}: this row finds no normal maps to take; give --row fine or --row fineFree`);
  const old = { ...face, normalMap };
  const lights = studioLights().filter(({ label }) => showing.some((each) => each === label));
  return [
    { name: `age-of-${name}`, face: old },
    ...lights.flatMap(({ label, sh }) => {
      const light = tensor(sh, [sh.length / 3, 3]);
      const under = label.replace(/\W+/g, '-');
      return [
        { name: `age-of-${name}-${under}`, face: inLight(old, light) },
        { name: `as-it-is-${under}`, face: inLight(face, light) },
      ];
    }),
  ];
}

/** A face with other attributes, as `edited`. @throws ChiaroError for numbers that it does not have. */
export async function edited(
  { of }: Pick<RowPredictor, 'of'>,
  { face }: Pick<Prediction, 'face'>,
  edits: readonly FaceEdit[],
): Promise<NamedFace> {
  return { name: 'edited', face: await editAttributes(of, face, edits) };
}
