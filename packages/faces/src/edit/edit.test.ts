import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { editFittedFace, parseEditArguments } from '../cli/editFittedFace.js';
import { parseRelightArguments, relightFace } from '../cli/relightFace.js';
import { environmentOfSH, tensor } from '../engine.js';
import { hostImage } from '../fit/result/hostImages.js';
import type { HostImage } from '../fit/types.js';
import { loadFaceModel } from '../model/index.js';
import { modelTextures } from '../scene/posedFace.js';
import { studioLights } from '../scene/studioLights.js';
import { editFace } from './editFace.js';
import { parseFaceEdit } from './faceEdit.js';
import { editedFiles } from './editedFiles.js';
import { loadFittedFace } from './fittedFace.js';
import type { FittedFace } from './fittedFace.js';
import { renderFittedFace } from './renderFittedFace.js';

const root = mkdtempSync(join(tmpdir(), 'chiaro-edit-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, 'fitted');
const size = 32;
let face: FittedFace;

const put = (to: string, files: ReadonlyMap<string, Uint8Array>): void => {
  mkdirSync(to, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(to, name), bytes);
};

/** The model's mean face as a fit would have left it. */
beforeAll(async () => {
  const model = await loadFaceModel();
  const parameter = (name: string, values: number[]) => ({ name, unit: '', description: '', shape: [], values });
  const zeros = (n: number): number[] => new Array<number>(n).fill(0);
  const { diffuse, specular } = modelTextures(model, tensor(zeros(model.albedoCount)), tensor([0, 0]));
  face = {
    model,
    camera: {
      width: size,
      height: size,
      intrinsics: [130, 130, 16, 18],
      rotation: [0, 0, 0],
      translation: [0, 0, -1000],
      crop: [0, 0, size, size],
    },
    parameters: [
      parameter('pose.rotation', [0, 0, 0]),
      parameter('pose.translation', [0, 0, -1000]),
      parameter('identity', zeros(10)),
      parameter('expression', zeros(model.blendshapeCount)),
      parameter('albedo', zeros(model.albedoCount)),
      parameter('tint', [0, 0]),
      parameter('light.sh', [...studioLights()[1].sh]),
    ],
    textures: { diffuse: await hostImage(diffuse), specular: await hostImage(specular) },
    edits: [],
  };
  put(folder, await editedFiles(face, await renderFittedFace(face, { spp: 2 })));
});

const valueOf = ({ parameters }: FittedFace, name: string): readonly number[] =>
  parameters.find((p) => p.name === name)!.values;
/** Mean of a picture over its left or right half. */
const half = ({ width, data }: HostImage, right: boolean): number =>
  data.reduce((sum, x, i) => sum + (Math.floor(i / 3) % width >= width / 2 === right ? x : 0), 0);

it('edits are read, and what is none is said', () => {
  expect(parseFaceEdit('expression.mouth-open=0.6')).toEqual({
    parameter: 'expression',
    at: 'mouth-open',
    change: '=',
    value: 0.6,
  });
  expect(parseFaceEdit('pose.rotation.1+=-0.2')).toEqual({
    parameter: 'pose.rotation',
    at: 1,
    change: '+=',
    value: -0.2,
  });
  expect(parseFaceEdit('identity*=1.5')).toEqual({ parameter: 'identity', change: '*=', value: 1.5 });
  for (const text of ['identity', 'identity.0=', 'identity.0=x', '=3', 'identity.0-=1'])
    expect(() => parseFaceEdit(text), text).toThrow(/is no edit/);
});

it('numbers change where they should; expressions stay in their range', async () => {
  const [name, other] = face.model.data.blendshapeNames;
  const edits = [`expression.${name}=0.6`, 'expression.1+=7', 'identity.2=2', 'identity*=1.5'].map(parseFaceEdit);
  const edited = await editFace(face, edits);
  expect(valueOf(edited, 'expression').slice(0, 3)).toEqual([0.6, 1, 0]);
  expect(valueOf(edited, 'identity').slice(0, 4)).toEqual([0, 0, 3, 0]);
  expect(valueOf(face, 'identity')[2]).toBe(0);
  expect(edited.textures).toBe(face.textures);
  expect(edited.edits).toEqual([`expression.${name}=0.6`, 'expression.1+=7', 'identity.2=2', 'identity*=1.5']);
  const refused = (text: string): Promise<unknown> => editFace(face, [parseFaceEdit(text)]);
  await expect(refused('expression.grin=1')).rejects.toThrow(new RegExp(`has no grin; .* or one of ${name}, ${other}`));
  await expect(refused('identity.99=1')).rejects.toThrow(/a number from 0 to 9$/);
  await expect(refused('hair.0=1')).rejects.toThrow(/no parameter hair; it has pose.rotation/);
});

it('a tint darkens the texture as it darkens the model, keeps what was painted, and is undone by its opposite', async () => {
  const { diffuse } = face.textures;
  const painted = { ...diffuse, data: diffuse.data.map((x, i) => (i < 3000 ? x : 0.9 * x)) };
  const dark = await editFace(face, [parseFaceEdit('tint.0=1.5')], { diffuse: painted });
  const model = await hostImage(modelTextures(face.model, tensor([0]), tensor([1.5, 0])).diffuse);
  const at = 3 * Math.floor((diffuse.height / 2) * diffuse.width + diffuse.width / 2); // on the face
  expect(dark.textures.diffuse.data[at]).toBeCloseTo(0.9 * model.data[at], 4);
  expect(model.data[at]).toBeLessThan(0.95 * diffuse.data[at]);
  const back = await editFace(dark, [parseFaceEdit('tint.0=0')]);
  expect(back.textures.diffuse.data[at]).toBeCloseTo(painted.data[at], 4);
});

it('a folder comes back as the face that it was', async () => {
  const found = await loadFittedFace(folder);
  expect(found.parameters.map(({ name }) => name)).toEqual(face.parameters.map(({ name }) => name));
  expect(valueOf(found, 'light.sh')[0]).toBeCloseTo(valueOf(face, 'light.sh')[0], 5);
  for (const name of ['diffuse', 'specular'] as const) {
    const [a, b] = [found.textures[name].data, face.textures[name].data];
    expect(a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0)).toBeLessThan(
      name === 'diffuse' ? 0.006 : 0.001,
    );
  }
  const broken = join(root, 'broken');
  put(broken, new Map([['fit.json', new TextEncoder().encode('{"formatVersion":1}')]]));
  await expect(loadFittedFace(broken)).rejects.toThrow(/lacks fields of a fitted face/);
  const state = JSON.parse(readFileSync(join(folder, 'fit.json'), 'utf8')) as object;
  put(broken, new Map([['fit.json', new TextEncoder().encode(JSON.stringify({ ...state, model: 'another 1' }))]]));
  await expect(loadFittedFace(broken)).rejects.toThrow(/a face of the model another 1, not of /);
});

it('light comes from where it is: coefficients, their map, the mirrored light, a turned head', async () => {
  const [left, right] = [studioLights()[1].sh, studioLights()[2].sh];
  const fromLeft = await renderFittedFace(face, { spp: 8 });
  expect(half(fromLeft, false)).toBeGreaterThan(1.3 * half(fromLeft, true));
  const map = await hostImage(environmentOfSH(tensor(left, [81, 3]), { height: 32 }).clamp(0));
  const byMap = await renderFittedFace(face, { light: map, spp: 8 });
  expect(half(byMap, false) / half(fromLeft, false)).toBeCloseTo(1, 1);
  const fromRight = await renderFittedFace(face, { light: right, spp: 8 });
  expect(half(fromRight, true)).toBeGreaterThan(1.3 * half(fromRight, false));
  // the model is symmetric: the head turned the other way under the mirrored light is the mirrored picture
  const turned = await renderFittedFace(face, { turn: 0.6, spp: 8 });
  const mirrored = await renderFittedFace(face, { turn: -0.6, light: right, spp: 8 });
  const away = await renderFittedFace(face, { turn: -0.6, spp: 8 });
  const apart = ({ width, data }: HostImage): number =>
    turned.data.reduce((sum, x, i) => {
      const [pixel, column] = [Math.floor(i / 3), Math.floor(i / 3) % width];
      return sum + Math.abs(x - data[3 * (pixel - column + width - 1 - column) + (i % 3)]);
    }, 0);
  expect(apart(mirrored)).toBeLessThan(0.3 * apart(away));
});

it('the commands: pictures, a page, a folder that can be relit again, and messages', async () => {
  const hooks = { writeOut: () => undefined, writeErr: () => undefined };
  const said: string[] = [];
  const log = (line: string): void => void said.push(line);
  const edited = join(root, 'edited');
  const edit = (...args: string[]) => editFittedFace(parseEditArguments(args, hooks), log);
  expect(await edit(folder, 'identity.0=2', '--out', edited)).toBe(0);
  expect(readdirSync(edited).sort()).toEqual([
    'face.glb',
    'face.png',
    'fit.json',
    'texture-diffuse.png',
    'texture-specular.png',
  ]);
  expect((await loadFittedFace(edited)).edits).toEqual(['identity.0=2']);
  const map = join(root, 'sky.png');
  await sharp({ create: { width: 64, height: 32, channels: 3, background: '#8090a0' } }).toFile(map);
  const out = join(root, 'relit');
  const relight = (...args: string[]) =>
    relightFace(parseRelightArguments([...args, '--spp', '1', '--size', '16'], hooks), log);
  expect(await relight(edited, map, folder, 'rim', '--turntable', '2', '--orbit', '2', '--out', out)).toBe(0);
  expect(readdirSync(out).sort()).toEqual([
    'index.html',
    'light-1-sky-png.png',
    'light-2-light-of-fitted.png',
    'light-3-rim.png',
    ...['orbit-000.png', 'orbit-001.png', 'turntable-000.png', 'turntable-001.png'],
  ]);
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toMatch(
    /edited, relit[^]*light of fitted[^]*data-angles="-52 52"/,
  );
  said.length = 0;
  expect(await relight(folder, join(folder, 'texture-diffuse.png'))).toBe(1);
  expect(await relight(join(root, 'nowhere'))).toBe(1);
  expect(await edit(folder, '--out', edited)).toBe(1);
  expect(await edit(folder, 'identity.0=1', '--out', folder)).toBe(1);
  expect(said).toEqual([
    expect.stringMatching(/twice as wide as high, this is \d+ x \d+/),
    expect.stringMatching(/cannot read .*nowhere/),
    expect.stringMatching(/nothing to change/),
    expect.stringMatching(/a folder of its own/),
  ]);
});
