import { WebIO } from '@gltf-transform/core';
import { KHRMaterialsSpecular } from '@gltf-transform/extensions';
import type { Specular } from '@gltf-transform/extensions';
// @ts-expect-error -- it has no types; `validate` below says what we use of it
import { validateBytes } from 'gltf-validator';
import { beforeAll, expect, it } from 'vitest';
import { ShapeError, bytesToLinear, decodePixels } from '../engine.js';
import type { FitResult, HostImage } from '../fit/types.js';
import { sampleResult } from '../report/sample.testing.js';
import type { Photo } from '../photo/photo.js';
import { displayImage, errorRange } from './display.js';
import type { FitJSON } from './fitJSON.js';
import { faceToGLB } from './glb.js';
import { resultFileNames, resultFiles } from '../report/resultFiles.js';

/** Khronos' validator: checks binary glTF against the specification. */
const validate = validateBytes as (bytes: Uint8Array) => Promise<{
  readonly issues: { readonly messages: readonly { readonly message: string }[] };
  readonly info: Readonly<Record<string, unknown>>;
}>;

let photo: Photo;
let result: FitResult;
let files: Map<string, Uint8Array<ArrayBuffer>>;

beforeAll(async () => {
  ({ photo, result } = sampleResult(32));
  files = await resultFiles(photo, result, new Date(0));
});

const json = (): FitJSON => JSON.parse(new TextDecoder().decode(files.get('fit.json'))) as FitJSON;

const map = (channels: 1 | 3, ...data: number[]): HostImage => ({
  width: data.length / channels,
  height: 1,
  channels,
  data: Float32Array.from(data),
});

it('displays follow their rules', () => {
  const shown = (...args: Parameters<typeof displayImage>) => [...displayImage(...args).pixels.data];
  expect(shown(map(3, 0.18, 0.5, 2), 'color')).toEqual([118, 188, 255]);
  expect(shown(map(3, 0, 0, 0, 0, 0, 1), 'normals')).toEqual([0, 0, 0, 128, 128, 255]);
  expect(shown(map(1, 0.4, NaN), 'values')).toEqual([102, 102, 102, 0, 0, 0]);
  // a thousand texels of light 10 and one lamp of 1e4: the lamp does not decide
  const lamp = displayImage(map(1, ...Array<number>(1000).fill(10), 1e4), 'exposed');
  expect(lamp.exposure).toBeCloseTo(0.09, 6);
  const errors = shown(map(1, 0, errorRange / 2, errorRange, 1e9, NaN), 'error');
  expect(errors.slice(6, 9)).toEqual(errors.slice(9, 12));
  expect(errors.slice(6, 9)).toEqual(errors.slice(12, 15)); // a broken number is no small error
  const light = (k: number): number => errors[3 * k] + errors[3 * k + 1] + errors[3 * k + 2];
  expect([light(0), light(1), light(2)]).toEqual([light(0), light(1), light(2)].sort((a, b) => a - b));
});

it('face.glb passes the Khronos validator and says what the fit says', async () => {
  const glb = files.get('face.glb')!;
  const report = await validate(glb);
  expect(report.issues.messages).toEqual([]);
  expect(report.info).toMatchObject({ totalVertexCount: 5, totalTriangleCount: 2, materialCount: 1 });

  const root = (await new WebIO().registerExtensions([KHRMaterialsSpecular]).readBinary(glb)).getRoot();
  const [primitive] = root.listMeshes()[0].listPrimitives();
  const numbers = (name: string): number[] => [...primitive.getAttribute(name)!.getArray()!];
  const corner = primitive.getIndices()!.getArray()![3]; // vertex 0 again, beyond the seam
  expect(numbers('POSITION').slice(3 * corner, 3 * corner + 3)).toEqual([-0.06, -0.08, 0].map(Math.fround)); // metres
  expect(numbers('NORMAL').slice(3 * corner, 3 * corner + 3)).toEqual([0, 0, 1]);
  expect(numbers('TEXCOORD_0').slice(0, 4)).toEqual([0, 1, 1, 1]); // v downwards
  expect(numbers('TEXCOORD_0').slice(2 * corner, 2 * corner + 2)).toEqual([0.5, 0.5]);

  const material = root.listMaterials()[0];
  const texel = async (texture: { getImage(): Uint8Array | null }): Promise<number[]> => {
    const { data } = await decodePixels(new Uint8Array(texture.getImage()!));
    return [...data.subarray(3 * 200, 3 * 200 + 3)];
  };
  expect(material.getMetallicFactor()).toBe(0);
  const [, roughness] = await texel(material.getMetallicRoughnessTexture()!);
  expect(Math.abs(roughness / 255 - result.textures.roughness.data[200])).toBeLessThan(0.5 / 255 + 1e-6);
  const base = bytesToLinear(Uint8Array.from(await texel(material.getBaseColorTexture()!)));
  base.forEach((x, k) => expect(Math.abs(x - result.textures.diffuse.data[3 * 200 + k])).toBeLessThan(0.006));
  const specular = material.getExtension<Specular>('KHR_materials_specular')!;
  const [f] = bytesToLinear(Uint8Array.from(await texel(specular.getSpecularColorTexture()!)));
  const f0 = 0.04 * specular.getSpecularColorFactor()[0] * f; // as the extension defines it, index of refraction 1.5
  expect(Math.abs(f0 / result.textures.specular.data[3 * 200] - 1)).toBeLessThan(0.01);
});

it('a normal map stands in the file as it is', async () => {
  const normalMap = map(3, 0.6, 0.4, 1, 0.5, 0.5, 1);
  const glb = await faceToGLB({ mesh: result.mesh, textures: result.textures, normalMap, name: 'x' });
  const { messages } = (await validate(glb)).issues;
  expect(messages.filter(({ message }) => !/TANGENT/i.test(message))).toEqual([]); // readers make tangents themselves
  const root = (await new WebIO().registerExtensions([KHRMaterialsSpecular]).readBinary(glb)).getRoot();
  const texture = root.listMaterials()[0].getNormalTexture()!;
  const { data } = await decodePixels(new Uint8Array(texture.getImage()!));
  expect([...data]).toEqual([153, 102, 255, 128, 128, 255]);
});

it('a mesh whose lists do not fit, and broken numbers, are refused', async () => {
  const { mesh, textures } = result;
  const short = { ...mesh, uvTriangles: mesh.uvTriangles!.slice(3) };
  await expect(faceToGLB({ mesh: short, textures, name: 'x' })).rejects.toThrow(ShapeError);
  const bad = { ...textures, roughness: map(1, 0.4, NaN) };
  await expect(faceToGLB({ mesh, textures: bad, name: 'x' })).rejects.toThrow(
    /number 1 of the roughness texture is NaN/,
  );
});

it('the folder has every image as PNG, with the sizes of the result', async () => {
  const images = [...files].filter(([name]) => name.endsWith('.png'));
  expect(images.length).toBe(14); // the sample has no roughness per pixel
  for (const [name, bytes] of images) {
    const { source, width } = await decodePixels(bytes);
    expect(source.format).toBe('png');
    expect(width).toBe(/texture|environment/.test(name) ? (name.startsWith('env') ? 32 : 16) : 32);
  }
  expect(files.has('roughness.png')).toBe(false);
  expect([...files.keys()].every((name) => resultFileNames.includes(name))).toBe(true);
});

it('fit.json holds the contract, and every number of the parameters', () => {
  const content = json();
  expect(content.formatVersion).toBe(1);
  expect(content.metrics).toEqual(result.metrics);
  expect(Object.keys(content.metricUnits)).toEqual(Object.keys(result.metrics));
  expect(content.timings).toEqual({
    totalSeconds: 468.4,
    stages: { detect: 1.9, pose: 4.1, model: 236, texture: 171, render: 38 },
  });
  expect(content).toMatchObject({ adapter: result.adapter, model: result.model, seed: 1, camera: result.camera });
  expect(content.parameters.map(({ name }) => name)).toEqual(result.parameters.map(({ name }) => name));
  content.parameters.forEach(({ unit, shape, values }, k) => {
    expect(unit).not.toBe('');
    expect(values.length).toBe(shape.reduce((product, n) => product * n, 1));
    values.forEach((x, i) => expect(x).toBeCloseTo(result.parameters[k].values[i], 6));
  });
  expect(content.notes).toEqual(result.notes);
  expect(Object.keys(content.images)).toEqual([...files.keys()].filter((name) => name.endsWith('.png')));
  expect(content).not.toHaveProperty('photo.srgb');
  const text = new TextDecoder().decode(files.get('fit.json'));
  expect(text.split('\n').length).toBeLessThan(250); // lists of numbers are one line each
});

it('numbers that are not finite are null, in lists too', async () => {
  const broken = { ...result, metrics: { ...result.metrics, psnr: Infinity, ssim: NaN }, relit: [] };
  const [first, ...others] = result.parameters;
  const parameters = [{ ...first, shape: [2], values: [NaN, 1] }, ...others];
  const made = await resultFiles(photo, { ...broken, parameters }, new Date(0));
  const content = JSON.parse(new TextDecoder().decode(made.get('fit.json'))) as FitJSON;
  expect(content.metrics).toMatchObject({ psnr: null, ssim: null, maskIou: 0.9417 });
  expect(content.parameters[0].values).toEqual([null, 1]);
});
