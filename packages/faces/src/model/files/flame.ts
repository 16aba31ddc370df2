import { readNpz, readPickle } from '@chiaro/nn';
import type { NumpyArray } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import { checkSource, numberedNames } from './sourceModel.js';
import type { SourceFaceModel } from './sourceModel.js';

const fail = (why: string): never => {
  throw new FormatError(`FLAME: ${why}`);
};

const lists = ['v_template', 'f', 'shapedirs'] as const;
type Lists = Readonly<Record<(typeof lists)[number], NumpyArray>>;

const millimetresPerMetre = 1000;

/** Of `shapedirs` the first are identity, the rest expression, in every published version. */
const identityCount = 300;

/** Classes that its pickles hold: arrays of chumpy, whose numbers are their `x`, and sparse matrices, which are not read. */
const objects = ['chumpy.ch.Ch', 'scipy.sparse.csc.csc_matrix', 'scipy.sparse._csc.csc_matrix'];

const isArray = (x: unknown): x is NumpyArray =>
  typeof x === 'object' && x !== null && 'shape' in x && 'data' in x && ArrayBuffer.isView(x.data);

/** @throws FormatError for anything but a FLAME pickle. */
function listsOfPickle(bytes: Uint8Array): Lists {
  const model = readPickle(bytes, { objects });
  if (!(model instanceof Map)) return fail('the pickle holds no dict');
  const take = (name: string): NumpyArray => {
    const value: unknown = model.get(name);
    const array: unknown = value instanceof Map ? value.get('x') : value;
    return isArray(array) ? array : fail(`${name} is missing or no array`);
  };
  return { v_template: take('v_template'), f: take('f'), shapedirs: take('shapedirs') };
}

async function listsOfNpz(bytes: Uint8Array): Promise<Lists> {
  const arrays = await readNpz(bytes, (name) => (lists as readonly string[]).includes(name));
  const take = (name: string): NumpyArray => arrays[name] ?? fail(`${name} is missing`);
  return { v_template: take('v_template'), f: take('f'), shapedirs: take('shapedirs') };
}

/**
 * Reads FLAME (Li et al. 2017; 5,023 vertices), as the published pickle, whose chumpy arrays need no chumpy, or as an NPZ
 * file of the same names. Up to 300 modes of identity and the rest, usually 100, of expression, for weights of N(0, 1);
 * metres become millimetres. The joints of jaw, neck and eyes are not read: the model is the linear part of FLAME. The
 * file has no colours.
 * @throws FormatError for anything else; nothing of a pickle is run.
 */
export async function parseFLAME(bytes: Uint8Array): Promise<SourceFaceModel> {
  const zipped = bytes[0] === 0x50 && bytes[1] === 0x4b; // PK
  const { v_template, f, shapedirs } = zipped ? await listsOfNpz(bytes) : listsOfPickle(bytes);
  const positions = Float32Array.from(v_template.data, (x) => x * millimetresPerMetre);
  const [vertices, axes, count] = shapedirs.shape;
  if (shapedirs.shape.length !== 3 || 3 * vertices !== positions.length || axes !== 3)
    fail(`shapedirs is [${shapedirs.shape.join(', ')}] for v_template of [${v_template.shape.join(', ')}]`);
  if (f.shape.length !== 2 || f.shape[1] !== 3) fail(`f is [${f.shape.join(', ')}], not [n, 3]`);
  const modes = new Float32Array(shapedirs.data.length);
  for (let at = 0; at < positions.length; at++) {
    for (let k = 0; k < count; k++)
      modes[k * positions.length + at] = shapedirs.data[at * count + k] * millimetresPerMetre;
  }
  const identity = Math.min(count, identityCount);
  return checkSource({
    name: 'FLAME',
    licence: 'Max Planck Institute for Intelligent Systems; see the terms of the file',
    positions,
    triangles: Uint32Array.from(f.data, (id) =>
      Number.isInteger(id) && id >= 0 && id < positions.length / 3 ? id : fail(`a triangle has the vertex ${id}`),
    ),
    identity: modes.subarray(0, identity * positions.length),
    blendshapeNames: numberedNames(count - identity),
    blendshapes: modes.subarray(identity * positions.length),
  });
}
