import { FormatError } from '../../engine.js';
import { readMat5 } from './mat5.js';
import type { MatArray } from './mat5.js';
import { checkSource, scaledModes } from './sourceModel.js';
import type { SourceFaceModel } from './sourceModel.js';

const fail = (why: string): never => {
  throw new FormatError(`Basel Face Model 2009: ${why}`);
};

const lists = ['shapeMU', 'shapePC', 'shapeEV', 'texMU', 'texPC', 'texEV', 'tl'] as const;

/** Micrometres to millimetres, 8-bit colours to [0, 1]. */
const [millimetres, unitColour] = [1e-3, 1 / 255];

/**
 * Reads the Basel Face Model of 2009, `01_MorphableModel.mat` (Paysan et al. 2009): 53,490 vertices, 199 modes of shape
 * and of colour, no expressions. Its colours are taken as linear, as the papers that use it do.
 * @throws FormatError for anything else.
 */
export async function parseBFM2009(bytes: Uint8Array): Promise<SourceFaceModel> {
  const arrays = await readMat5(bytes, lists);
  const take = (name: (typeof lists)[number]): MatArray =>
    arrays.get(name) ??
    fail(`${name} is missing; the file has ${[...arrays.keys()].join(', ') || 'none of its lists'}`);
  /** Mean, and modes in columns, which lie one after the other. */
  const statistics = (part: 'shape' | 'tex', unit: number): { mean: Float32Array; modes: Float32Array } => {
    const [mean, modes, deviations] = [take(`${part}MU`), take(`${part}PC`), take(`${part}EV`)];
    const [rows, columns = 1] = modes.shape;
    if (rows !== mean.data.length || columns !== deviations.data.length || modes.shape.length > 2)
      fail(
        `${part}PC is [${modes.shape.join(', ')}] beside ${mean.data.length} means and ${deviations.data.length} deviations`,
      );
    return { mean: mean.data.map((x) => x * unit), modes: scaledModes(modes.data, deviations.data, unit) };
  };
  const { mean, modes } = statistics('shape', millimetres);
  const corners = take('tl');
  if (corners.shape.length !== 2 || corners.shape[1] !== 3) fail(`tl is [${corners.shape.join(', ')}], not [n, 3]`);
  const count = corners.shape[0];
  const vertices = mean.length / 3;
  const triangles = Uint32Array.from({ length: 3 * count }, (_, k) => {
    const id = corners.data[(k % 3) * count + Math.floor(k / 3)];
    return Number.isInteger(id) && id >= 1 && id <= vertices ? id - 1 : fail(`a triangle has the vertex ${id}`);
  });
  return checkSource({
    name: 'Basel Face Model 2009',
    licence: 'University of Basel, research only',
    positions: mean,
    triangles,
    identity: modes,
    blendshapeNames: [],
    blendshapes: new Float32Array(0),
    colours: statistics('tex', unitColour),
  });
}
