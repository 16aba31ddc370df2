import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '../engine.js';
import { readMat5 } from '../model/files/mat5.js';
import type { MatArray } from '../model/files/mat5.js';

/** A session of the Photoface database: a folder with four pictures of one moment, lit in turn by four flashes. */
export interface PhotofaceSession {
  readonly width: number;
  readonly height: number;
  /** [height * width * 3] unit normals, rows from the top; x to the right, y up, z towards the camera. NaN where unknown. */
  readonly normals: Float32Array;
  /** [height * width] albedo, as large as the database has it, where the folder has `albedo.mat`. */
  readonly albedo?: Float32Array;
  /** [11 * 2] points in pixels: corners of the eyes, forehead, nose, mouth and chin, where the folder has `metadata.txt`. */
  readonly landmarks?: Float64Array;
  /** Paths of the pictures (BMP), in the order of their names. */
  readonly images: readonly string[];
}

const fail = (folder: string, why: string): never => {
  throw new FormatError(`Photoface session ${folder}: ${why}`);
};

/** Rows from the top of what MATLAB keeps by columns. */
const byRows = ({ shape: [height, width], data }: MatArray): Float32Array =>
  Float32Array.from({ length: data.length }, (_, k) => data[(k % width) * height + Math.floor(k / width)]);

const bytesOf = (path: string): Promise<Uint8Array | undefined> =>
  readFile(path).then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  );

/** The slopes of a session's surface as its `sn.mat` has them. */
async function slopes(folder: string): Promise<readonly [MatArray, MatArray]> {
  const bytes = await bytesOf(join(folder, 'sn.mat'));
  if (!bytes)
    return fail(folder, "there is no sn.mat; the database's own generateSNAndZ makes it of the pictures, in MATLAB");
  const arrays = await readMat5(bytes, ['px', 'py']);
  const [px, py] = [arrays.get('px'), arrays.get('py')];
  if (!px || !py) return fail(folder, 'sn.mat does not have the arrays px and py');
  if (px.shape.length !== 2 || px.shape.join() !== py.shape.join())
    return fail(folder, `px and py of sn.mat have shapes ${px.shape.join(' x ')} and ${py.shape.join(' x ')}`);
  return [px, py];
}

/**
 * Reads a session of the Photoface database (Zafeiriou et al. 2011) as its users have it after `generateSNAndZ`: `sn.mat`
 * with `px` and `py`, the slopes of the surface to the right and downwards, so that the normal is (-px, py, 1) scaled to
 * length 1; `albedo.mat` with `albedo`, `metadata.txt` with eleven points, pictures as BMP. Of these only `sn.mat` must be
 * there. `angularError` compares the normals.
 * @param slopeSigns of px and py (default [1, 1]). The database's description does not say which way its slopes run, and none
 *   was at hand to see: look at the normals of a session first (the nose's left side looks to the left).
 * @throws FormatError that names the file that is missing or makes no sense.
 */
export async function readPhotofaceSession(
  folder: string,
  { slopeSigns: [right, down] = [1, 1] }: { readonly slopeSigns?: readonly [number, number] } = {},
): Promise<PhotofaceSession> {
  const [px, py] = await slopes(folder);
  const [height, width] = px.shape;
  const [across, along] = [byRows(px), byRows(py)];
  const normals = new Float32Array(3 * across.length);
  across.forEach((slope, k) => {
    const [x, y] = [-right * slope, down * along[k]];
    const length = Math.hypot(x, y, 1);
    normals.set([x / length, y / length, 1 / length], 3 * k);
  });
  const names = (await readdir(folder)).filter((name) => /\.bmp$/i.test(name)).sort();
  return {
    width,
    height,
    normals,
    ...(await albedoOf(folder, px.shape)),
    ...(await landmarksOf(folder)),
    images: names.map((name) => join(folder, name)),
  };
}

async function albedoOf(folder: string, shape: readonly number[]): Promise<Pick<PhotofaceSession, 'albedo'>> {
  const bytes = await bytesOf(join(folder, 'albedo.mat'));
  if (!bytes) return {};
  const array = (await readMat5(bytes, ['albedo'])).get('albedo');
  if (!array) return fail(folder, 'albedo.mat does not have the array albedo');
  if (array.shape.join() !== shape.join())
    return fail(folder, `albedo.mat is ${array.shape.join(' x ')}, sn.mat ${shape.join(' x ')}`);
  return { albedo: byRows(array) };
}

async function landmarksOf(folder: string): Promise<Pick<PhotofaceSession, 'landmarks'>> {
  const bytes = await bytesOf(join(folder, 'metadata.txt'));
  if (!bytes) return {};
  const numbers = (new TextDecoder().decode(bytes).match(/-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g) ?? []).map(Number);
  if (numbers.length !== 22) return fail(folder, `metadata.txt has ${numbers.length} numbers, eleven points have 22`);
  return { landmarks: Float64Array.from(numbers) };
}
