import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readNpy } from '@chiaro/nn';
import { FormatError, parseOBJ } from '../engine.js';
import { nowRegion, scanError, summarize } from '../measures/index.js';
import type { ErrorSummary, FaceSurface, ScanWithLandmarks } from '../measures/index.js';

/** A photograph of the NoW benchmark, and the scan of its person. */
export interface NowEntry {
  readonly subject: string;
  /** `multiview_neutral`, `multiview_expressions`, `multiview_occlusions` or `selfie`. */
  readonly challenge: string;
  /** The photograph's name without its ending: a prediction is PREDICTIONS/SUBJECT/CHALLENGE/NAME.obj. */
  readonly name: string;
  /** Path of the photograph. */
  readonly image: string;
  /** Path of the scan (OBJ, mm), and of its seven picked points (`.pp` of MeshLab). */
  readonly scan: string;
  readonly landmarks: string;
}

const parts = {
  list: 'imagepathsvalidation.txt',
  images: 'NoW_Dataset/final_release_version/iphone_pictures',
  scans: 'scans',
  landmarks: 'scans_lmks_onlypp',
} as const;

const fail = (folder: string, why: string): never => {
  throw new FormatError(`NoW benchmark ${folder}: ${why}`);
};

/** The file of a folder with an ending; there is one in each. */
async function onlyFile(folder: string, place: string, ending: string): Promise<string> {
  const names = await readdir(join(folder, place)).catch(() => fail(folder, `there is no folder ${place}`));
  const name = names.filter((n) => n.endsWith(ending)).sort()[0] as string | undefined;
  return name === undefined ? fail(folder, `${place} holds no ${ending} file`) : join(folder, place, name);
}

/**
 * The photographs and scans of the NoW benchmark's validation set in the layout of its download (now.is.tue.mpg.de): a
 * folder with `imagepathsvalidation.txt`, `NoW_Dataset/`, `scans/` and `scans_lmks_onlypp/`. The photographs themselves are
 * not looked for: scores need scans only.
 * @throws FormatError that names what is missing.
 */
export async function nowEntries(folder: string): Promise<readonly NowEntry[]> {
  const text = await readFile(join(folder, parts.list), 'utf8').catch(() =>
    fail(folder, `there is no ${parts.list}; give the folder that holds it beside scans and scans_lmks_onlypp`),
  );
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) fail(folder, `${parts.list} is empty`);
  const scans = new Map<string, Promise<Pick<NowEntry, 'scan' | 'landmarks'>>>();
  const scanOf = async (subject: string): Promise<Pick<NowEntry, 'scan' | 'landmarks'>> => ({
    scan: await onlyFile(folder, join(parts.scans, subject), '.obj'),
    landmarks: await onlyFile(folder, join(parts.landmarks, subject), '.pp'),
  });
  const entries: NowEntry[] = [];
  for (const line of lines) {
    const [file, challenge, subject] = line.trim().split('/').reverse() as (string | undefined)[];
    if (!file || !challenge || !subject)
      return fail(folder, `${parts.list}: ${JSON.stringify(line)} is no SUBJECT/CHALLENGE/IMAGE`);
    let found = scans.get(subject);
    if (!found) scans.set(subject, (found = scanOf(subject)));
    const image = join(folder, parts.images, subject, challenge, file);
    entries.push({ subject, challenge, name: file.replace(/\.[^.]*$/, ''), image, ...(await found) });
  }
  return entries;
}

/** The seven points of a `.pp` file of MeshLab [7 * 3]. */
async function pickedPoints(path: string): Promise<Float64Array> {
  const tags = (await readFile(path, 'utf8')).match(/<point\b[^>]*>/g) ?? [];
  const points = tags.map((tag) =>
    ['x', 'y', 'z'].map((axis) => Number(new RegExp(`\\b${axis}="([^"]*)"`).exec(tag)?.[1])),
  );
  if (points.length !== 7 || !points.flat().every(Number.isFinite))
    throw new FormatError(`${path} has ${points.length} points with x, y and z, seven are expected`);
  return Float64Array.from(points.flat());
}

/** Reads the scan of an entry with its landmarks. @throws FormatError for files that are not what they should be. */
export async function nowScan({ scan, landmarks }: NowEntry): Promise<ScanWithLandmarks> {
  const { positions } = parseOBJ(await readFile(scan, 'utf8'));
  return { positions, landmarks: await pickedPoints(landmarks) };
}

/** Landmarks [7 * 3] beside a prediction: NAME.npy, else NAME.txt with a point a line. */
async function predictedLandmarks(stem: string): Promise<Float64Array | undefined> {
  const npy = await readFile(`${stem}.npy`).catch(() => undefined);
  const text = npy ? undefined : await readFile(`${stem}.txt`, 'utf8').catch(() => undefined);
  if (npy === undefined && text === undefined) return undefined;
  const numbers = npy
    ? Float64Array.from(readNpy(new Uint8Array(npy)).data as ArrayLike<number>)
    : Float64Array.from(text!.trim().split(/\s+/), Number);
  if (numbers.length === 21 && numbers.every(Number.isFinite)) return numbers;
  throw new FormatError(`${stem}.${npy ? 'npy' : 'txt'} must hold seven points, it has ${numbers.length} numbers`);
}

/**
 * Reads the prediction for an entry from a folder in the challenge's layout: SUBJECT/CHALLENGE/NAME.obj with NAME.npy or
 * NAME.txt, the seven landmarks, beside it. @returns undefined where there is none.
 * @throws FormatError for a mesh without landmarks, and for damaged files.
 */
export async function nowPrediction(
  predictions: string,
  { subject, challenge, name }: NowEntry,
): Promise<FaceSurface | undefined> {
  const stem = join(predictions, subject, challenge, name);
  const text = await readFile(`${stem}.obj`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { positions, triangles } = parseOBJ(text);
  const landmarks = await predictedLandmarks(stem);
  if (landmarks === undefined)
    throw new FormatError(`${stem}.obj has no landmarks beside it; write ${name}.npy or ${name}.txt`);
  return { positions, triangles, landmarks };
}

/** How predictions do on the NoW benchmark. */
export interface NowScore {
  /** Over the distances of all scans together, mm. */
  readonly all: ErrorSummary;
  /** The same by challenge. */
  readonly challenges: Readonly<Record<string, ErrorSummary>>;
  /** Photographs without a prediction, as SUBJECT/CHALLENGE/NAME: figures with any are not comparable. */
  readonly missing: readonly string[];
}

/**
 * Compares a folder of predictions with the scans of the NoW benchmark's validation set, see `scanError` and `nowRegion`.
 * @param options `onProgress` is told after every photograph.
 * @throws FormatError for missing or damaged files, and where nothing is predicted; the signal's reason where it stops.
 *
 * @example
 * const { all, missing } = await nowScore('NoW_Evaluation/dataset', 'predictions');
 */
export async function nowScore(
  folder: string,
  predictions: string,
  options: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (done: number, count: number) => void;
  } = {},
): Promise<NowScore> {
  const entries = await nowEntries(folder);
  const distances = new Map<string, Float64Array[]>();
  const missing: string[] = [];
  for (const [k, entry] of entries.entries()) {
    options.signal?.throwIfAborted();
    const predicted = await nowPrediction(predictions, entry);
    if (predicted === undefined) missing.push(`${entry.subject}/${entry.challenge}/${entry.name}`);
    else {
      const scan = await nowScan(entry);
      const found = scanError(scan, predicted, nowRegion(scan.landmarks)).distances;
      distances.set(entry.challenge, [...(distances.get(entry.challenge) ?? []), found]);
    }
    options.onProgress?.(k + 1, entries.length);
  }
  if (distances.size === 0) return fail(folder, `${predictions} holds no SUBJECT/CHALLENGE/IMAGE.obj of its list`);
  const pooled = (lists: readonly Float64Array[]): ErrorSummary => {
    const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const list of lists) {
      all.set(list, at);
      at += list.length;
    }
    return summarize(all);
  };
  return {
    all: pooled([...distances.values()].flat()),
    challenges: Object.fromEntries([...distances].map(([challenge, lists]) => [challenge, pooled(lists)])),
    missing,
  };
}
