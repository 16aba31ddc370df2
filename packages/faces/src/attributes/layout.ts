import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import type { FacePose } from '../scene/posedFace.js';

/** How many coefficients a face is described by; as many as the model has, where it has fewer. */
export interface AttributeCounts {
  /** Of shape, alpha. */
  readonly identity: number;
  /** Of reflectance, beta: diffuse and specular albedo share them. */
  readonly albedo: number;
  /** Bands of the light's spherical harmonics, 1 to 9. */
  readonly bands: number;
}

/** Names of the attributes, in the order of the vector. */
export const attributeNames = [
  'identity',
  'blendshapes',
  'albedo',
  'tint',
  'rotation',
  'translation',
  'light',
] as const;
export type AttributeName = (typeof attributeNames)[number];

/** Which attributes the vector of zeros means: the mean face before the camera, in even white light. */
export interface AttributeStart {
  /** mm */
  readonly translation: readonly [number, number, number];
  /** Radiance from everywhere. */
  readonly ambient: number;
}

/** Where each attribute lies in the vector. */
export interface AttributeLayout {
  readonly size: number;
  readonly bands: number;
  readonly start: AttributeStart;
  readonly parts: Readonly<Record<AttributeName, { readonly first: number; readonly count: number }>>;
}

/** Everything that a picture of a face depends on: chi of Dib et al. 2021, section 3.2. */
export interface FaceAttributes extends FacePose {
  /** [A] N(0, 1), of diffuse and specular albedo. */
  readonly albedo: Tensor;
  /** [2] N(0, 1) melanin, haemoglobin. */
  readonly tint: Tensor;
  /** [bands^2, 3] real orthonormal SH coefficients of the distant light's radiance, camera's frame. */
  readonly light: Tensor;
}

/** Millimetres that the head moves for a number of 1. */
const translationUnit = 100;

/** sqrt(4 pi): the first coefficient of an even radiance of 1. */
const evenRadiance = Math.sqrt(4 * Math.PI);

/**
 * The attribute vector of a model: shape, expression, reflectance, tint, rotation (axis times angle, radians), translation
 * (units of 100 mm from the start) and light (from the start's). A face of 80, 75 and 80 coefficients in nine bands has
 * 80 + 75 + 80 + 6 + 243 numbers, and 2 for the tint, which the model keeps beside its modes.
 * @throws ShapeError for counts that are no whole numbers of at least 1, or more than 9 bands.
 */
export function attributeLayout(
  model: Pick<MorphableModel, 'identityCount' | 'blendshapeCount' | 'albedoCount'>,
  { identity, albedo, bands }: AttributeCounts,
  start: AttributeStart,
): AttributeLayout {
  if (![identity, albedo, bands].every((n) => Number.isSafeInteger(n) && n >= 1) || bands > 9)
    throw new ShapeError(
      `attributes: counts must be whole numbers of at least 1 and bands at most 9, got ${identity}, ${albedo}, ${bands}`,
    );
  const counts: Record<AttributeName, number> = {
    identity: Math.min(identity, model.identityCount),
    blendshapes: model.blendshapeCount,
    albedo: Math.min(albedo, model.albedoCount),
    tint: 2,
    rotation: 3,
    translation: 3,
    light: 3 * bands ** 2,
  };
  let size = 0;
  const parts = Object.fromEntries(
    attributeNames.map((name) => {
      const first = size;
      size += counts[name];
      return [name, { first, count: counts[name] }];
    }),
  ) as AttributeLayout['parts'];
  return { size, bands, start, parts };
}

/**
 * The attributes that a vector [size] stands for. Blendshape weights are as they come, also outside of [0, 1]: the soft box
 * brings them back. Differentiable.
 * @throws ShapeError for a vector of another size.
 */
export function attributesOf({ size, bands, start, parts }: AttributeLayout, vector: Tensor): FaceAttributes {
  if (vector.rank !== 1 || vector.shape[0] !== size)
    throw new ShapeError(`attributes: the vector must be [${size}], got [${vector.shape.join(', ')}]`);
  const part = (name: AttributeName): Tensor => vector.narrow(0, parts[name].first, parts[name].count);
  const even = Float32Array.from({ length: 3 * bands ** 2 }, (_, i) => (i < 3 ? start.ambient * evenRadiance : 0));
  return {
    identity: part('identity'),
    blendshapes: part('blendshapes'),
    albedo: part('albedo'),
    tint: part('tint'),
    rotation: part('rotation'),
    translation: part('translation').mul(translationUnit).add(tensor(start.translation)),
    light: part('light')
      .reshape([bands ** 2, 3])
      .add(tensor(even, [bands ** 2, 3])),
  };
}

/**
 * The vector [size] of attributes as plain numbers, the inverse of `attributesOf`; attributes that are not given are the
 * start's, and of longer lists the first numbers count.
 */
export function vectorOfAttributes(
  { size, start, parts }: AttributeLayout,
  given: Readonly<Partial<Record<AttributeName, ArrayLike<number>>>>,
): Float32Array {
  const vector = new Float32Array(size);
  for (const name of attributeNames) {
    const { first, count } = parts[name];
    const values = given[name];
    if (values === undefined) continue;
    for (let k = 0; k < Math.min(count, values.length); k++) {
      const value = values[k];
      if (name === 'translation') vector[first + k] = (value - start.translation[k]) / translationUnit;
      else if (name === 'light') vector[first + k] = value - (k < 3 ? start.ambient * evenRadiance : 0);
      else vector[first + k] = value;
    }
  }
  return vector;
}
