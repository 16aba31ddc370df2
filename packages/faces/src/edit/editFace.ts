import { ChiaroError, noGrad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { hostImage } from '../fit/result/hostImages.js';
import type { HostImage } from '../fit/types.js';
import type { MorphableModel } from '../model/index.js';
import { modelTextures } from '../scene/posedFace.js';
import { resized } from '../scene/texels.js';
import { tensorOf, valuesOf } from './fittedFace.js';
import type { FittedFace } from './fittedFace.js';

/** A change of some numbers of a face. */
export interface FaceEdit {
  /** As in `fit.json`: `identity`, `expression`, `albedo`, `tint`, `pose.rotation`, `pose.translation`, `light.sh`. */
  readonly parameter: string;
  /** One of its numbers, or for `expression` a blendshape's name; all of them if not given. */
  readonly at?: number | string;
  /** `=` sets, `+=` adds, `*=` multiplies: `identity` `*=` 1.5 is a caricature. */
  readonly change: '=' | '+=' | '*=';
  readonly value: number;
}

const pattern = /^([a-z]+(?:\.(?:rotation|translation|sh))?)(?:\.(\d+|[a-z][\w-]*))?(=|\+=|\*=)(.+)$/i;

/** Reads `expression.mouth-open=0.6`, `identity.0+=1`, `identity*=1.5`. @throws ChiaroError for anything else. */
export function parseFaceEdit(text: string): FaceEdit {
  const [, parameter, at, change, number] = pattern.exec(text) ?? [];
  const value = Number(number);
  if (parameter === undefined || number.trim() === '' || !Number.isFinite(value))
    throw new ChiaroError(
      `${JSON.stringify(text)} is no edit; write NAME.INDEX=NUMBER, with += or *= to change what is there`,
    );
  return {
    parameter,
    ...(at !== undefined && { at: /^\d+$/.test(at) ? Number(at) : at }),
    change: change as FaceEdit['change'],
    value,
  };
}

/** An edit as `parseFaceEdit` reads it. */
const faceEditText = ({ parameter, at, change, value }: FaceEdit): string =>
  `${parameter}${at === undefined ? '' : `.${at}`}${change}${value}`;

/** Where an edit acts in its parameter. */
function placeOf({ parameter, at }: FaceEdit, values: readonly number[], model: MorphableModel): number | undefined {
  if (at === undefined) return undefined;
  const names = parameter === 'expression' ? model.data.blendshapeNames : [];
  const place = typeof at === 'number' ? at : names.indexOf(at);
  if (place >= 0 && place < values.length) return place;
  const known = names.length > 0 ? `, or one of ${names.join(', ')}` : '';
  throw new ChiaroError(`${parameter} has no ${at}; give a number from 0 to ${values.length - 1}${known}`);
}

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
    const place = placeOf(edit, values, face.model);
    for (const k of place === undefined ? values.keys() : [place]) {
      const { change, value } = edit;
      values[k] = change === '=' ? value : change === '+=' ? values[k] + value : values[k] * value;
      if (edit.parameter === 'expression') values[k] = Math.min(1, Math.max(0, values[k]));
    }
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
