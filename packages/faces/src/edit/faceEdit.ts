import { ChiaroError } from '../engine.js';
import type { MorphableModel } from '../model/index.js';

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
export const faceEditText = ({ parameter, at, change, value }: FaceEdit): string =>
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
 * The numbers of a parameter after an edit; blendshape weights stay in [0, 1].
 * @throws ChiaroError for numbers that the parameter does not have.
 */
export function editedValues(edit: FaceEdit, values: readonly number[], model: MorphableModel): number[] {
  const { parameter, change, value } = edit;
  const place = placeOf(edit, values, model);
  return values.map((old, k) => {
    if (place !== undefined && k !== place) return old;
    const changed = change === '=' ? value : change === '+=' ? old + value : old * value;
    return parameter === 'expression' ? Math.min(1, Math.max(0, changed)) : changed;
  });
}
