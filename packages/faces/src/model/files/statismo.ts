import { FormatError } from '../../engine.js';
import type { Hdf5Array } from './hdf5/dataset.js';
import { openHdf5 } from './hdf5/readHdf5.js';
import { checkSource, numberedNames, scaledModes } from './sourceModel.js';
import type { SourceColours, SourceFaceModel } from './sourceModel.js';

const fail = (why: string): never => {
  throw new FormatError(`statistical model: ${why}`);
};

type Read = (path: string) => Promise<Hdf5Array | undefined>;

interface Statistics {
  readonly mean: Float32Array;
  /** [K * N] for weights of N(0, 1). */
  readonly modes: Float32Array;
}

/** Mean, orthonormal basis in columns and variances of a group. */
async function statistics(read: Read, group: string): Promise<Statistics | undefined> {
  const mean = await read(`${group}/model/mean`);
  if (mean === undefined) return undefined;
  const [basis, variance] = [await read(`${group}/model/pcaBasis`), await read(`${group}/model/pcaVariance`)];
  // an albedo's file has the mean shape only
  if (basis === undefined || variance === undefined) return { mean: mean.data, modes: new Float32Array(0) };
  const [rows, columns] = basis.shape;
  const size = mean.data.length;
  if (basis.shape.length !== 2 || rows !== size || columns !== variance.data.length)
    return fail(
      `${group}/model/pcaBasis is [${basis.shape.join(', ')}] beside ${size} means and ${variance.data.length} variances`,
    );
  const negative = variance.data.find((x) => !(x >= 0));
  if (negative !== undefined) return fail(`a variance of ${group} is ${negative}`);
  const modes = new Float32Array(basis.data.length);
  for (let row = 0; row < size; row++)
    for (let k = 0; k < columns; k++) modes[k * size + row] = basis.data[row * columns + k];
  return { mean: mean.data, modes: scaledModes(modes, variance.data.map(Math.sqrt)) };
}

/** The mean over the three channels of each vertex. */
const grey = (rgb: Float32Array): Float32Array =>
  Float32Array.from({ length: rgb.length / 3 }, (_, v) => (rgb[3 * v] + rgb[3 * v + 1] + rgb[3 * v + 2]) / 3);

async function trianglesOf(read: Read): Promise<Uint32Array> {
  const cells = (await read('shape/representer/cells')) ?? (await read('diffuseAlbedo/representer/cells'));
  if (cells?.shape.length !== 2 || cells.shape[0] !== 3)
    return fail(`representer/cells is [${cells?.shape.join(', ') ?? 'missing'}], not [3, n]`);
  const count = cells.shape[1];
  return Uint32Array.from({ length: 3 * count }, (_, k) => {
    const id = cells.data[(k % 3) * count + Math.floor(k / 3)];
    return Number.isInteger(id) && id >= 0 && id < 2 ** 24 ? id : fail(`a triangle has the vertex ${id}`);
  });
}

async function coloursOf(read: Read): Promise<SourceColours | undefined> {
  const diffuse = await statistics(read, 'diffuseAlbedo');
  if (diffuse === undefined) return statistics(read, 'color');
  const specular = await statistics(read, 'specularAlbedo');
  if (specular === undefined) return diffuse;
  // both are driven by the weights of the diffuse albedo: as many modes of it are kept
  const most = diffuse.modes.length / 3;
  const modes = new Float32Array(most);
  modes.set(grey(specular.modes).subarray(0, most));
  return { ...diffuse, specular: grey(specular.mean), specularModes: modes };
}

/**
 * Reads the HDF5 files of the Basel Face Models 2017 and 2019 (Gerig et al. 2018; 53,149 vertices and smaller cuts, 199
 * modes of shape and of colour, 100 of expression) and of AlbedoMM (Smith et al. 2020: diffuse and specular albedo in
 * place of the colour; the model of both is that of the combined file). Millimetres, colours linear. The mean is that of
 * shape plus that of expression, as scalismo instantiates it. The specular albedo is the mean over its channels.
 * @throws FormatError for anything else.
 */
export async function parseStatismo(bytes: Uint8Array): Promise<SourceFaceModel> {
  const read = openHdf5(bytes);
  const shape = (await statistics(read, 'shape')) ?? fail('shape/model/mean is missing');
  const expression = await statistics(read, 'expression');
  if (expression && expression.mean.length !== shape.mean.length)
    fail(`shape has ${shape.mean.length} means, expression ${expression.mean.length}`);
  const colours = await coloursOf(read);
  const blendshapes = expression?.modes ?? new Float32Array(0);
  return checkSource({
    name: colours?.specular ? 'AlbedoMM 2020' : 'Basel Face Model 2017 or 2019',
    licence: 'research only; see the terms of the file',
    positions: expression ? shape.mean.map((x, k) => x + expression.mean[k]) : shape.mean,
    triangles: await trianglesOf(read),
    identity: shape.modes,
    blendshapeNames: numberedNames(blendshapes.length / shape.mean.length),
    blendshapes,
    colours,
  });
}
