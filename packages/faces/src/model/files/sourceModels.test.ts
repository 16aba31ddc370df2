import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mutations, survive } from '../../../../render/src/testing/hostileFiles.testing.js';
import { readNpz, writeNpz } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import { largestDifference } from '../../../../render/src/testing/random.testing.js';
import { parseBFM2009 } from './bfm2009.js';
import { parseFLAME } from './flame.js';
import { parseICTFolder } from './ictFolder.js';
import { parseSourceModel } from './loadFaceModel.js';
import type { SourceFaceModel } from './sourceModel.js';
import { parseStatismo } from './statismo.js';

/** What reference/models.py wrote beside the files. */
interface Expected {
  readonly positions: readonly number[];
  readonly identity?: readonly number[];
  readonly blendshapes?: readonly number[];
  readonly colours?: readonly number[];
  readonly colourModes?: readonly number[];
  readonly specular?: readonly number[];
  readonly specularModes?: readonly number[];
  readonly joints?: readonly number[];
  readonly regressor?: readonly number[];
  readonly weights?: readonly number[];
  readonly correctives?: readonly number[];
}

const folder = new URL('../../../reference/models/', import.meta.url);
const fileOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const { triangles, ...expected } = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
  readonly triangles: readonly number[];
} & Readonly<Record<'bfm2009' | 'bfm2017' | 'albedomm' | 'flame', Expected>>;

/** Entries of FLAME's modes, whose numbers follow a formula. */
function expectModes(modes: Float32Array, count: number, size: number, first: number): void {
  expect(modes).toHaveLength(count * size);
  const mode = (k: number, at: number): number => 1e-3 * (1 + Math.floor(at / 3) + 100 * (at % 3) + 1000 * (first + k));
  for (let k = 0; k < count; k++)
    for (const at of [0, 7, size - 1]) expect(modes[k * size + at]).toBeCloseTo(mode(k, at), 3);
}

type Parse = (bytes: Uint8Array) => Promise<SourceFaceModel>;
const files: readonly [string, keyof typeof expected, Parse][] = [
  ['bfm2009.mat', 'bfm2009', parseBFM2009],
  ['bfm2009-compressed.mat', 'bfm2009', parseBFM2009],
  ['bfm2017.h5', 'bfm2017', parseStatismo],
  ['bfm2017-chunked.h5', 'bfm2017', parseStatismo],
  ['albedomm.h5', 'albedomm', parseStatismo],
  ['flame.npz', 'flame', parseFLAME],
  ['flame-protocol2.pkl', 'flame', parseFLAME],
  ['flame-protocol4.pkl', 'flame', parseFLAME],
];

describe.each(files)('%s, written by its reference writer', (name, key, parse) => {
  const want = expected[key];

  it('gives the numbers that were written', async () => {
    const model = await parse(fileOf(name));
    expect(await parseSourceModel(fileOf(name))).toEqual(model);
    const { positions, identity, blendshapes, blendshapeNames, colours, joints, triangles: found } = model;
    const close = (a: ArrayLike<number> | undefined, b: readonly number[] | undefined, scale: number): void => {
      expect(a?.length).toBe(b?.length);
      if (a && b) expect(largestDifference(a, b)).toBeLessThan(1e-6 * scale);
    };
    const winding = key === 'bfm2009' ? [2, 1, 0] : [0, 1, 2]; // written the other way round, as the published file is
    expect(Array.from(found)).toEqual(triangles.map((_, k) => triangles[k - (k % 3) + winding[k % 3]]));
    close(positions, want.positions, 100);
    if (want.identity) close(identity, want.identity, 10);
    if (want.blendshapes) close(blendshapes, want.blendshapes, 10);
    expect(blendshapeNames).toHaveLength(blendshapes.length / positions.length);
    close(colours?.mean, want.colours, 1);
    close(colours?.modes, want.colourModes, 1);
    close(colours?.specular, want.specular, 1);
    close(colours?.specularModes, want.specularModes, 1);
    if (key === 'flame') expectModes(identity, 3, positions.length, 0);
    close(joints?.positions, want.joints, 100);
    close(joints?.regressor, want.regressor, 1);
    close(joints?.weights, want.weights, 1);
    close(joints?.correctives, want.correctives, 10);
    if (joints) {
      expect(joints.names).toEqual(['root', 'neck', 'jaw', 'left eye', 'right eye']);
      expect(Array.from(joints.parents)).toEqual([0, 0, 1, 1, 1]);
    }
  });

  it('damaged 2,000 times over, is a ChiaroError or a model whose lists fit, and is read as before after that', async () => {
    const refused = await survive(mutations(fileOf(name), 2000, 5), parse, (model) => {
      const { positions, identity, triangles: t, joints } = model;
      expect(identity.length % positions.length).toBe(0);
      expect(t.every((v) => v < positions.length / 3)).toBe(true);
      if (joints) {
        expect(joints.weights).toHaveLength((joints.names.length * positions.length) / 3);
        expect(joints.parents.every((parent, k) => parent < Math.max(k, 1))).toBe(true);
      }
    });
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(2000); // some damage is beside the point
    const { positions } = await parse(fileOf(name));
    expect(largestDifference(positions, want.positions)).toBeLessThan(1e-4);
  }, 60_000);
});

it('FLAME has 300 modes of identity; what follows is expression', async () => {
  const { positions, identity, blendshapes, blendshapeNames } = await parseFLAME(fileOf('flame.pkl'));
  expectModes(identity, 300, positions.length, 0);
  expectModes(blendshapes, 3, positions.length, 300);
  expect(blendshapeNames).toEqual(['expression 1', 'expression 2', 'expression 3']);
});

it('FLAME without any list of its joints is its linear part; without one of them it is damaged', async () => {
  const arrays = Object.entries(await readNpz(fileOf('flame.npz')));
  const without = (...left: string[]): Promise<Uint8Array> =>
    writeNpz(Object.fromEntries(arrays.filter(([name]) => !left.includes(name))));
  const lists = ['kintree_table', 'weights', 'posedirs', 'J_regressor'];
  expect((await parseFLAME(await without())).joints).toBeDefined();
  expect((await parseFLAME(await without(...lists))).joints).toBeUndefined();
  for (const name of lists) await expect(parseFLAME(await without(name))).rejects.toThrow(`FLAME: ${name} is missing`);
});

describe('the folder of ICT FaceKit', () => {
  const mesh = (shift: number): string =>
    ['# quads, as published', ...[0, 1, 2, 3].map((k) => `v ${k % 2} ${k >> 1} ${k === 1 ? shift : 0}`)]
      .concat(['vt 0 0', 'vt 1 0', 'vt 1 1', 'vt 0 1', 'f 1/1 2/2 4/3 3/4'])
      .join('\n');
  const text: Readonly<Record<string, string>> = {
    'vertex_indices.json': JSON.stringify({ expressions: ['jawOpen'], fitting_expressions: [] }),
    'generic_neutral_mesh.obj': mesh(0),
    'identity000.obj': mesh(0.5),
    'identity001.obj': mesh(-0.25),
    'jawOpen.obj': mesh(2),
  };
  const reader =
    (changed: Readonly<Record<string, Uint8Array>> = {}) =>
    (name: string): Promise<Uint8Array> =>
      name in text
        ? Promise.resolve(changed[name] ?? new TextEncoder().encode(text[name]))
        : Promise.reject(new FormatError(`no ${name}`));

  it('gives differences to the neutral mesh in millimetres', async () => {
    const { positions, triangles: found, identity, blendshapes, blendshapeNames } = await parseICTFolder(reader());
    expect(Array.from(positions)).toEqual([0, 0, 0, 10, 0, 0, 0, 10, 0, 10, 10, 0]);
    expect(Array.from(found)).toEqual([0, 1, 3, 0, 3, 2]);
    const at = (modes: Float32Array, k: number): number => modes[12 * k + 5];
    expect([at(identity, 0), at(identity, 1), at(blendshapes, 0)]).toEqual([5, -2.5, 20]);
    expect(identity.filter((x) => x !== 0)).toHaveLength(2);
    expect(blendshapeNames).toEqual(['jawOpen']);
  });

  it('with any file damaged is a ChiaroError or a model whose lists fit', async () => {
    const names = Object.keys(text);
    for (const name of names) {
      const files = mutations(new TextEncoder().encode(text[name]), 2000 / names.length, 3);
      expect(await survive(files, (bytes) => parseICTFolder(reader({ [name]: bytes })))).toBeGreaterThan(50);
    }
    const short = new TextEncoder().encode('v 0 0 0');
    await expect(parseICTFolder(reader({ 'jawOpen.obj': short }))).rejects.toThrow(/jawOpen has 1 vertices, the neut/);
  });
});

describe('what is refused', () => {
  it('names what is missing', async () => {
    await expect(parseBFM2009(new Uint8Array(200))).rejects.toThrow(/MAT file: the file has no header of level 5/);
    await expect(parseBFM2009(fileOf('flame.npz'))).rejects.toThrow(/MAT file/);
    await expect(parseStatismo(fileOf('bfm2009.mat'))).rejects.toThrow(/HDF5 file: it does not begin as one/);
    await expect(parseFLAME(fileOf('bfm2009.mat'))).rejects.toThrow(/pickle/);
  });
});
