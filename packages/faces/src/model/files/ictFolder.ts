import { FormatError, parseOBJ } from '../../engine.js';
import { checkSource } from './sourceModel.js';
import type { SourceFaceModel } from './sourceModel.js';

const fail = (why: string): never => {
  throw new FormatError(`ICT FaceKit: ${why}`);
};

/** Reads a file of the folder; throws where it does not exist. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

const millimetresPerUnit = 10; // the files are in centimetres

/** Vertices of the published mesh. */
const publishedVertices = 26719;

/**
 * Of the published mesh the face, the head and neck, the inside of the mouth and the eyeballs: first vertex, end. Left
 * out are what a picture does not show, such as sockets and gums, and the thin shells over the eyes.
 */
const keptVertices = [
  [0, 13294],
  [21451, 24591],
] as const;

/** The 68 landmarks of the published mesh, as its readme lists them. */
const publishedLandmarks = [
  ...[1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443],
  ...[268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360],
  ...[1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732],
  ...[
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
  ],
];

/** Most identities that are looked for. */
const mostIdentities = 1000;

/**
 * Reads the folder `FaceXModel` of ICT FaceKit (Li et al. 2020, MIT): a neutral mesh, `identity000.obj` and on, and one
 * mesh for each expression that `vertex_indices.json` names. Differences to the neutral mesh become modes, for weights of
 * N(0, 1) and in [0, 1]. Of the published mesh the parts that a picture can show are kept, with its landmarks.
 * @param readFile of a name in the folder.
 * @throws FormatError where a mesh has other vertices than the neutral one, or a file is broken.
 */
export async function parseICTFolder(readFile: ReadFile): Promise<SourceFaceModel> {
  const text = async (name: string): Promise<string> => new TextDecoder().decode(await readFile(name));
  const names = expressionNames(await text('vertex_indices.json'));
  const neutral = parseOBJ(await text('generic_neutral_mesh.obj'));
  const whole = neutral.positions.length / 3;
  const published = whole === publishedVertices;
  const kept = published
    ? keptVertices.flatMap(([start, end]) => Array.from({ length: end - start }, (_, k) => start + k))
    : Array.from({ length: whole }, (_, k) => k);
  const place = new Int32Array(whole).fill(-1);
  kept.forEach((v, k) => (place[v] = k));
  const lengths = (values: Float32Array): Float32Array =>
    Float32Array.from(
      { length: 3 * kept.length },
      (_, k) => millimetresPerUnit * values[3 * kept[Math.floor(k / 3)] + (k % 3)],
    );
  const difference = (name: string, mesh: string): Float32Array => {
    const { positions } = parseOBJ(mesh);
    if (positions.length !== neutral.positions.length)
      return fail(`${name} has ${positions.length / 3} vertices, the neutral mesh ${whole}`);
    return lengths(positions.map((x, k) => x - neutral.positions[k]));
  };
  const identity: Float32Array[] = [];
  for (let k = 0; k < mostIdentities; k++) {
    const name = `identity${String(k).padStart(3, '0')}.obj`;
    const mesh = await text(name).catch(() => undefined); // the first that is missing is the end
    if (mesh === undefined) break;
    identity.push(difference(name, mesh));
  }
  const blendshapes: Float32Array[] = [];
  for (const name of names) blendshapes.push(difference(name, await text(`${name}.obj`)));
  const triangles: number[] = [];
  for (let f = 0; f < neutral.triangles.length; f += 3) {
    const corners = Array.from(neutral.triangles.subarray(f, f + 3), (v) => place[v]);
    if (corners.every((v) => v >= 0)) triangles.push(...corners);
  }
  return checkSource({
    name: 'ICT FaceKit',
    licence: 'MIT, USC Institute for Creative Technologies',
    positions: lengths(neutral.positions),
    triangles: Uint32Array.from(triangles),
    identity: joined(identity, 3 * kept.length),
    blendshapeNames: names,
    blendshapes: joined(blendshapes, 3 * kept.length),
    ...(published && { landmarks: Uint32Array.from(publishedLandmarks) }),
  });
}

function joined(rows: readonly Float32Array[], size: number): Float32Array {
  const result = new Float32Array(rows.length * size);
  rows.forEach((row, k) => result.set(row, k * size));
  return result;
}

function expressionNames(json: string): string[] {
  let list: unknown;
  try {
    list = (JSON.parse(json) as { expressions?: unknown } | null)?.expressions;
  } catch (error) {
    throw new FormatError(`ICT FaceKit: vertex_indices.json is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const names = Array.isArray(list) ? (list as unknown[]) : fail('vertex_indices.json lists no expressions');
  return names.map((name) =>
    typeof name === 'string' && /^\w+$/.test(name) ? name : fail(`${JSON.stringify(name)} is no name of an expression`),
  );
}
