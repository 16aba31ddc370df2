import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeNpy } from '@chiaro/nn';
import { afterAll, describe, expect, it } from 'vitest';
import { icosphereShape, writeOBJ } from '../engine.js';
import { rotationAbout } from '../geometry/rotationAbout.testing.js';
import { applySimilarity } from '../geometry/similarity.js';
import { nowEntries, nowScore } from './nowBenchmark.js';
import { readPhotofaceSession } from './photofaceBenchmark.js';

const root = mkdtempSync(join(tmpdir(), 'chiaro-benchmarks-'));
afterAll(() => rmSync(root, { recursive: true }));
const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};

describe('NoW', () => {
  // an ellipsoid as a head: outer, inner, inner, outer corners of the eyes, base of the nose, corners of the mouth
  const ball = icosphereShape({ radius: 1, subdivisions: 3 });
  const head = Float64Array.from(ball.positions, (x, i) => x * [70, 100, 90][i % 3]);
  const surface = (x: number, y: number): number[] => [x, y, 90 * Math.sqrt(1 - (x / 70) ** 2 - (y / 100) ** 2)];
  const marks = [
    [-45, 30],
    [-15, 30],
    [15, 30],
    [45, 30],
    [0, -15],
    [-25, -45],
    [25, -45],
  ].flatMap(([x, y]) => surface(x, y));
  const triangles = Uint32Array.from(ball.triangles);
  const obj = (positions: ArrayLike<number>): string =>
    writeOBJ({ positions: Float32Array.from(positions), triangles });
  const picked = (points: readonly number[]): string =>
    `<!DOCTYPE PickedPoints>\n<PickedPoints>\n <DocumentData>\n </DocumentData>\n${Array.from(
      { length: points.length / 3 },
      (_, k) =>
        ` <point x="${points[3 * k]}" y="${points[3 * k + 1]}" z="${points[3 * k + 2]}" name="${k}" active="1"/>`,
    ).join('\n')}\n</PickedPoints>\n`;
  const motion = { scale: 0.001, rotation: rotationAbout([1, 2, -2], 0.4), translation: [0.1, 0, 3] } as const;
  const predict = (name: string, positions: Float64Array, text = false): void => {
    write(`predictions/${name}.obj`, obj(applySimilarity(positions, motion)));
    const placed = applySimilarity(marks, motion);
    if (text) {
      const lines = Array.from({ length: 7 }, (_, k) => Array.from(placed.subarray(3 * k, 3 * k + 3)).join(' '));
      write(`predictions/${name}.txt`, lines.join('\n'));
    } else write(`predictions/${name}.npy`, writeNpy({ shape: [7, 3], data: Float32Array.from(placed) }));
  };

  it('says what is missing, piece by piece', async () => {
    const folder = join(root, 'now');
    const predictions = join(root, 'predictions');
    await expect(nowEntries(folder)).rejects.toThrow(/no imagepathsvalidation\.txt/);
    write('now/imagepathsvalidation.txt', 'a/selfie/1.jpg\na/multiview_neutral/IMG_0002.jpg\n\na/selfie/3.jpg\n');
    await expect(nowEntries(folder)).rejects.toThrow(/there is no folder scans.a$/);
    write('now/scans/a/head.obj', obj(head));
    await expect(nowEntries(folder)).rejects.toThrow(/there is no folder scans_lmks_onlypp.a$/);
    write('now/scans_lmks_onlypp/a/notes.txt', '');
    await expect(nowEntries(folder)).rejects.toThrow(/holds no \.pp file/);
    write('now/scans_lmks_onlypp/a/head.pp', picked(marks.slice(3)));
    await expect(nowScore(folder, predictions)).rejects.toThrow(/holds no SUBJECT/);
    predict('a/selfie/1', head);
    await expect(nowScore(folder, predictions)).rejects.toThrow(/head\.pp has 6 points/);
    write('now/scans_lmks_onlypp/a/head.pp', picked(marks));
    rmSync(join(predictions, 'a/selfie/1.npy'));
    await expect(nowScore(folder, predictions)).rejects.toThrow(/no landmarks beside it; write 1\.npy/);
  });

  it('scores a folder of predictions of any scale, by challenge', async () => {
    predict('a/selfie/1', head);
    predict(
      'a/multiview_neutral/IMG_0002',
      head.map((x, i) => (i % 3 === 1 ? 1.1 * x : x)),
      true,
    );
    const seen: number[] = [];
    const score = await nowScore(join(root, 'now'), join(root, 'predictions'), {
      onProgress: (done) => seen.push(done),
    });
    const { selfie, multiview_neutral: longer } = score.challenges;
    expect(selfie.median).toBeLessThan(1e-3);
    expect(longer.mean).toBeGreaterThan(0.5);
    expect(score.all.count).toBe(selfie.count + longer.count);
    expect(selfie.count).toBeLessThan(head.length / 6); // the face's part only
    expect(score.all.mean).toBeCloseTo(longer.mean / 2, 3);
    expect(score.missing).toEqual(['a/selfie/3']);
    expect(seen).toEqual([1, 2, 3]);
  });
});

/** A MAT file of level 5 with arrays of doubles by columns (MAT-File Format, MathWorks). */
function matFile(
  arrays: Readonly<Record<string, { shape: readonly [number, number]; data: readonly number[] }>>,
): Uint8Array {
  const element = (type: number, bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(8 + 8 * Math.ceil(bytes.length / 8));
    new DataView(out.buffer).setUint32(0, type, true);
    new DataView(out.buffer).setUint32(4, bytes.length, true);
    out.set(bytes, 8);
    return out;
  };
  const join = (list: readonly Uint8Array[]): Uint8Array => Uint8Array.from(list.flatMap((bytes) => [...bytes]));
  const header = new Uint8Array(128);
  header.set([0, 1, 0x49, 0x4d], 124);
  const matrices = Object.entries(arrays).map(([name, { shape, data }]) =>
    element(
      14,
      join([
        element(6, new Uint8Array(Uint32Array.of(6, 0).buffer)),
        element(5, new Uint8Array(Int32Array.from(shape).buffer)),
        element(1, new TextEncoder().encode(name)),
        element(9, new Uint8Array(Float64Array.from(data).buffer)),
      ]),
    ),
  );
  return join([header, ...matrices]);
}

it('Photoface: normals of slopes, rows from the top, y up', async () => {
  const folder = join(root, 'session');
  await expect(readPhotofaceSession(folder)).rejects.toThrow(/there is no sn\.mat.*generateSNAndZ/);
  // 2 rows, 3 columns, by columns: the second column slopes to the right, the second row downwards
  const [px, py] = [
    [0, 0, 1, 1, 0, 0],
    [0, 1, 0, 1, 0, 1],
  ];
  write('session/sn.mat', matFile({ px: { shape: [2, 3], data: px } }));
  await expect(readPhotofaceSession(folder)).rejects.toThrow(/px and py/);
  write('session/sn.mat', matFile({ px: { shape: [2, 3], data: px }, py: { shape: [2, 3], data: py } }));
  const plain = await readPhotofaceSession(folder);
  expect(plain).toMatchObject({ width: 3, height: 2, images: [] });
  expect(plain.albedo).toBeUndefined();
  const at = (x: number, y: number): number[] =>
    Array.from(plain.normals.subarray(3 * (3 * y + x), 3 * (3 * y + x) + 3));
  const [two, three] = [Math.SQRT1_2, 1 / Math.sqrt(3)].map((x) => Math.fround(x));
  expect(at(0, 0)).toEqual([-0, 0, 1]);
  expect(at(1, 0)).toEqual([-two, 0, two]);
  expect(at(2, 1)).toEqual([-0, two, two]); // a surface that comes nearer downwards looks up
  expect(at(1, 1)).toEqual([-three, three, three]);
  const turned = await readPhotofaceSession(folder, { slopeSigns: [-1, 1] });
  expect(turned.normals[3]).toBe(two);

  write('session/albedo.mat', matFile({ albedo: { shape: [2, 3], data: [1, 4, 2, 5, 3, 6] } }));
  write('session/metadata.txt', Array.from({ length: 11 }, (_, k) => `${k} ${2 * k}.5`).join('\n'));
  for (const name of ['im1.bmp', 'im0.bmp']) write(`session/${name}`, '');
  const full = await readPhotofaceSession(folder);
  expect(Array.from(full.albedo!)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(Array.from(full.landmarks!.subarray(2, 4))).toEqual([1, 2.5]);
  expect(full.images.map((path) => path.slice(-7))).toEqual(['im0.bmp', 'im1.bmp']);
  write('session/metadata.txt', '1 2 3');
  await expect(readPhotofaceSession(folder)).rejects.toThrow(/3 numbers, eleven points have 22/);
});
