import { readNpz, readPickle } from '@chiaro/nn';
import type { NumpyArray } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import { flameJoints, jointLists } from './flameJoints.js';
import { checkSource, modesOfColumns, numberedNames } from './sourceModel.js';
import type { SourceFaceModel } from './sourceModel.js';

const fail = (why: string): never => {
  throw new FormatError(`FLAME: ${why}`);
};

const lists: readonly string[] = ['v_template', 'f', 'shapedirs', ...jointLists];

const millimetresPerMetre = 1000;

/** Of `shapedirs` the first are identity, the rest expression, in every published version. */
const identityCount = 300;

/** Classes that its pickles hold: arrays of chumpy, whose numbers are their `x`, and scipy's sparse matrices. */
const objects = ['chumpy.ch.Ch', 'scipy.sparse.csc.csc_matrix', 'scipy.sparse._csc.csc_matrix'];

const isArray = (x: unknown): x is NumpyArray =>
  typeof x === 'object' && x !== null && 'shape' in x && 'data' in x && ArrayBuffer.isView(x.data);

/** The lists of a pickle: arrays, and of sparse matrices their attributes. @throws FormatError for any other pickle. */
function listsOfPickle(bytes: Uint8Array): Map<string, unknown> {
  const model = readPickle(bytes, { objects });
  if (!(model instanceof Map)) return fail('the pickle holds no dict');
  return new Map(
    lists.flatMap((name): [string, unknown][] => {
      const value: unknown = model.get(name);
      if (value === undefined) return [];
      return [[name, value instanceof Map && value.has('x') ? value.get('x') : value]];
    }),
  );
}

/**
 * Reads FLAME (Li et al. 2017; 5,023 vertices), as the published pickle, whose chumpy arrays need no chumpy, or as an NPZ
 * file of the same names. Up to 300 modes of identity and the rest, usually 100, of expression, for weights of N(0, 1);
 * metres become millimetres. The joints (root, neck, jaw, left and right eye) come with their regressor, skinning weights
 * and pose correctives, unless the file has none of the four lists of theirs. The file has no colours.
 * @throws FormatError for anything else; nothing of a pickle is run.
 */
export async function parseFLAME(bytes: Uint8Array): Promise<SourceFaceModel> {
  const zipped = bytes[0] === 0x50 && bytes[1] === 0x4b; // PK
  const found = zipped
    ? new Map<string, unknown>(Object.entries(await readNpz(bytes, (name) => lists.includes(name))))
    : listsOfPickle(bytes);
  const take = (name: string): NumpyArray => {
    const value = found.get(name);
    return isArray(value) ? value : fail(`${name} is missing or no array`);
  };
  const [v_template, f, shapedirs] = [take('v_template'), take('f'), take('shapedirs')];
  const positions = Float32Array.from(v_template.data, (x) => x * millimetresPerMetre);
  const [vertices, axes, count] = shapedirs.shape;
  if (shapedirs.shape.length !== 3 || 3 * vertices !== positions.length || axes !== 3)
    fail(`shapedirs is [${shapedirs.shape.join(', ')}] for v_template of [${v_template.shape.join(', ')}]`);
  if (f.shape.length !== 2 || f.shape[1] !== 3) fail(`f is [${f.shape.join(', ')}], not [n, 3]`);
  const modes = modesOfColumns(shapedirs.data, count, millimetresPerMetre);
  const identity = Math.min(count, identityCount);
  const hasJoints = jointLists.some((name) => found.has(name));
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
    ...(hasJoints && {
      joints: flameJoints({
        tree: take('kintree_table'),
        weights: take('weights'),
        correctives: take('posedirs'),
        regressor: found.get('J_regressor'),
        positions,
      }),
    }),
  });
}
