import { FormatError } from '../../engine.js';
import { checkJoints } from '../joints/jointData.js';
import type { JointData } from '../joints/jointData.js';

/** Colours of the vertices of a published model, linear RGB. */
export interface SourceColours {
  /** [V * 3] */
  readonly mean: Float32Array;
  /** [A * V * 3] for weights of N(0, 1). */
  readonly modes: Float32Array;
  /** [V] reflectance at normal incidence, where the model has it. */
  readonly specular?: Float32Array;
  /** [A * V] driven by the weights of the diffuse modes. */
  readonly specularModes?: Float32Array;
}

/**
 * A published model as its file has it, in our units: what is not in the file is left out. `completeFaceModel` makes a
 * whole model of it.
 */
export interface SourceFaceModel {
  readonly name: string;
  readonly licence: string;
  /** [V * 3] mm, +X the subject's left, +Y up, +Z out of the face; the origin anywhere. */
  readonly positions: Float32Array;
  /** [F * 3] vertices, all with the same winding, whichever. */
  readonly triangles: Uint32Array;
  /** [K * V * 3] mm for weights of N(0, 1). */
  readonly identity: Float32Array;
  /** Names of the expressions. */
  readonly blendshapeNames: readonly string[];
  /** [B * V * 3] mm for weights of 1. */
  readonly blendshapes: Float32Array;
  readonly colours?: SourceColours;
  /** [T * 2] and [F * 3], both or none. */
  readonly uvs?: Float32Array;
  readonly uvTriangles?: Uint32Array;
  /** [68] vertices of the Multi-PIE (iBUG) markup. */
  readonly landmarks?: Uint32Array;
  readonly joints?: JointData;
}

/**
 * Checks that the lists of a file fit each other. @returns the model.
 * @throws FormatError that names the list.
 */
export function checkSource(model: SourceFaceModel): SourceFaceModel {
  const fail = (why: string): never => {
    throw new FormatError(`${model.name}: ${why}`);
  };
  const { positions, triangles, identity, blendshapes, blendshapeNames, colours, uvs, uvTriangles, landmarks } = model;
  const vertices = positions.length / 3;
  const rows = (name: string, list: Float32Array, width: number, count?: number): void => {
    const fits = count === undefined ? list.length % width === 0 : list.length === count * width;
    if (!fits)
      fail(
        `${name} has ${list.length} numbers, which are no${count === undefined ? '' : ` ${count}`} rows of ${width}`,
      );
    const at = list.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) fail(`entry ${at} of ${name} is ${list[at]}`);
  };
  const below = (name: string, list: Uint32Array, limit: number): void => {
    const at = list.findIndex((k) => k >= limit);
    if (at >= 0) fail(`entry ${at} of ${name} is ${list[at]}; there are ${limit}`);
  };
  rows('positions', positions, 3);
  if (vertices === 0 || triangles.length === 0 || triangles.length % 3 !== 0)
    fail(`${vertices} vertices and ${triangles.length} indices make no mesh`);
  below('triangles', triangles, vertices);
  rows('identity', identity, positions.length);
  rows('expressions', blendshapes, positions.length, blendshapeNames.length);
  if (colours) {
    rows('colours', colours.mean, positions.length, 1);
    rows('modes of colours', colours.modes, positions.length);
    if (colours.specular) rows('specular albedo', colours.specular, vertices, 1);
    if (colours.specularModes)
      rows('modes of specular albedo', colours.specularModes, vertices, colours.modes.length / positions.length);
  }
  if ((uvs === undefined) !== (uvTriangles === undefined)) fail('uvs and uvTriangles go together');
  if (uvs && uvTriangles) {
    rows('uvs', uvs, 2);
    if (uvTriangles.length !== triangles.length)
      fail(`${uvTriangles.length} corners have texture coordinates, the mesh has ${triangles.length}`);
    below('uvTriangles', uvTriangles, uvs.length / 2);
  }
  if (landmarks) {
    if (landmarks.length !== 68) fail(`${landmarks.length} landmarks instead of 68`);
    below('landmarks', landmarks, vertices);
  }
  if (model.joints) checkJoints(model.joints, vertices, fail);
  return model;
}

/** Modes for weights of N(0, 1): rows [K * size] times the deviation of each, times `unit`. */
export function scaledModes(rows: Float32Array, deviations: ArrayLike<number>, unit = 1): Float32Array {
  const size = rows.length / deviations.length;
  return rows.map((x, k) => x * deviations[Math.floor(k / size)] * unit);
}

/** Names for expressions that have none. */
export const numberedNames = (count: number): string[] =>
  Array.from({ length: count }, (_, k) => `expression ${k + 1}`);

/** Modes [K * size] of directions [size, K], as the files of FLAME have them, times `unit`. */
export function modesOfColumns(directions: ArrayLike<number>, count: number, unit: number): Float32Array {
  const modes = new Float32Array(directions.length);
  const size = directions.length / count;
  for (let at = 0; at < size; at++) {
    for (let k = 0; k < count; k++) modes[k * size + at] = directions[at * count + k] * unit;
  }
  return modes;
}
