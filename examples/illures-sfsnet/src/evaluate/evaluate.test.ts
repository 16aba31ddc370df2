import { Generator, tensor } from '@chiaro/autograd';
import { describe, expect, it } from 'vitest';
import { presets } from '../config.js';
import { KeptFace, residualOf, storedFace, type FaceMaps } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';
import { IlluResSfsNet } from '../networks/illuResSfsNet.js';
import { SfsNet } from '../networks/sfsNet.js';
import { toSfsnet } from '../sphericalHarmonics.js';
import { ball, ballLight, ballSize } from './ball.testing.js';
import { takeApart, type TakenApart } from './decompose.js';
import { effectsOf } from './effects.js';
import { score, seenAgain } from './measures.js';
import { meanFace, refitLights } from './naive.js';
import { table, type Entry } from './table.js';

const face = ball();
const truth: TakenApart = { ...face, residual: residualOf(face) };
const kept = (maps: FaceMaps): KeptFace => {
  const arrays = storedFace(maps);
  const rounded = (data: ArrayLike<number>): Float64Array => Float64Array.from(data, Math.round);
  return new KeptFace(
    Object.fromEntries(
      Object.entries(arrays).map(([name, { shape, data, type }]) => [
        name,
        { shape, data: type === 'F32' ? Float32Array.from(data) : rounded(data) },
      ]),
    ),
  );
};

describe('measures', () => {
  it('find nothing wrong with the truth', () => {
    const scores = score([truth], [face]);
    for (const name of ['normals', 'albedo', 'albedoRaw', 'shading', 'light', 'reconstruction', 'residual'] as const)
      expect(scores[name].mean).toBeLessThan(1e-6);
    expect(scores.normalShares).toEqual([1, 1, 1]);
    expect(scores.albedoInShadow!.mean).toBeLessThan(1e-6);
    expect(scores.albedoInHighlight).toBeUndefined();
  });

  it('measure errors that are planted', () => {
    const angle = (22 * Math.PI) / 180;
    const turned = Float32Array.from(face.normals);
    for (let p = 0; p < turned.length; p += 3) {
      // about the vector across the normal and +Y, so that each normal turns by the whole angle
      const [x, y, z] = [face.normals[p], face.normals[p + 1], face.normals[p + 2]];
      const length = Math.hypot(x, z);
      if (length === 0) continue;
      const across = [(x * y) / length, -length, (z * y) / length];
      turned.set(
        [x, y, z].map((v, c) => Math.cos(angle) * v + Math.sin(angle) * across[c]),
        p,
      );
    }
    const scores = score([{ ...truth, normals: turned }], [face]);
    expect(scores.normals.mean).toBeCloseTo(22, 2);
    expect(scores.normalShares).toEqual([0, 1, 1]);
    // a shadow that was taken for albedo: wrong inside of it, and R is missing
    const { shadow } = effectsOf(face);
    const dark = Float32Array.from(face.albedo, (a, i) => (shadow[Math.floor(i / 3)] ? a / 2 : a));
    const fooled = score([{ ...truth, albedo: dark, residual: undefined }], [face]);
    expect(fooled.albedoInShadow!.mean).toBeGreaterThan(2 * fooled.albedoElsewhere!.mean);
    expect(fooled.residual.mean).toBeGreaterThan(0.03);
    // a gain of albedo and light is no error, but of the raw albedo
    const gained = score([{ ...truth, albedo: Float32Array.from(face.albedo, (a) => 1.5 * a) }], [face]);
    expect(gained.albedo.mean).toBeLessThan(1e-6);
    expect(gained.albedoRaw.mean).toBeGreaterThan(0.1);
  });

  it('know true shadows, and see I_g again', () => {
    const { shadow, highlight, plain } = effectsOf(face);
    let wrong = 0;
    for (let p = 0; p < shadow.length; p++) {
      // at the shadow's edge and the ball's the neighbourhood decides
      if (face.mask[p] === 0 || Math.abs((p % ballSize) - ballSize / 3) < 2) continue;
      wrong += Math.abs(shadow[p] - Number(p % ballSize < ballSize / 3)) + highlight[p];
      expect(shadow[p] + plain[p]).toBe(1);
    }
    expect(wrong).toBe(0);
    seenAgain(truth).forEach((x, i) => expect(x).toBeCloseTo(face.image[i], 6));
  });
});

describe('naive rows', () => {
  it('are the mean of faces, and the light that fits best', async () => {
    const other = { ...face, albedo: Float32Array.from(face.albedo, (a) => a / 3), light: ballLight.map((x) => 2 * x) };
    const mean = meanFace([kept(face), kept(other)]);
    const at = 3 * (12 * ballSize + 12);
    expect(mean.albedo[at]).toBeCloseTo((face.albedo[at] * 2) / 3, 4);
    expect(mean.normals[at]).toBeCloseTo(face.normals[at], 3);
    expect(mean.light[0]).toBeCloseTo(1.5 * ballLight[0], 5);
    // where no face is: towards the camera
    expect([...[0, 1, 2].map((c) => mean.normals[c])]).toEqual([0, 0, 1]);
    // without a shadow the light of the picture is found again
    const plain = { ...face, image: localImage(face.albedo, face.normals, ballLight) };
    const [refit] = await refitLights(truth, [plain]);
    for (let k = 0; k < 27; k++) expect(refit.light[k]).toBeCloseTo(ballLight[k], 1);
    expect(score([{ ...refit, residual: undefined }], [plain]).reconstruction.mean).toBeLessThan(1e-3);
  });
});

describe('networks', () => {
  it('take images apart alone as among others, in Chiaro’s convention, and stay in their mode', async () => {
    const size = 16;
    const sfs = new SfsNet(presets.smoke, new Generator(1));
    const network = new IlluResSfsNet(sfs, presets.smoke, new Generator(2));
    const images = [0.2, 0.5, 0.8].map((v) => new Float32Array(3 * size * size).map((_, i) => v + 0.1 * Math.sin(i)));
    const found = await takeApart(network, images, size);
    const [alone] = await takeApart(network, [images[2]], size);
    expect(network.training).toBe(true);
    expect(found).toHaveLength(3);
    for (let i = 0; i < 30; i++) expect(alone.albedo[i]).toBeCloseTo(found[2].albedo[i], 5);
    network.eval();
    const direct = network.decompose(tensor(images[2], [1, size, size, 3]));
    const there = await toSfsnet(tensor(Float32Array.from(alone.light), [1, 27])).data();
    const light = await direct.light.data();
    there.forEach((x, k) => expect(x).toBeCloseTo(light[k], 4));
    // eq. 2 on the host is eq. 2 on the GPU
    const image = await direct.image.data();
    seenAgain(alone).forEach((x, i) => expect(x).toBeCloseTo(image[i], 4));
  });
});

describe('table', () => {
  it('has a line for each row, in the order of the paper, with the spread of seeds', () => {
    const entry = (row: Entry['row'], seed: number, degrees: number): Entry => {
      const scores = score([truth], [face]);
      const normals = { ...scores.normals, mean: degrees };
      const cost = { steps: 10, seconds: 90, msPerImage: 2, adapter: 'none' };
      return { preset: 'smoke', row, seed, ...cost, scores: { ...scores, normals } };
    };
    const lines = table([entry('illures-align', 1, 10), entry('illures-align', 2, 12), entry('mean', 0, 30)]).split(
      '\n',
    );
    expect(lines[2]).toMatch(/^\| mean face \| 1 \| 30\.0 ± 0\.0 \|/);
    expect(lines[3]).toMatch(/^\| IlluRes-SfSNet-Align \| 2 \| 11\.0 \(10\.0 to 12\.0\) ± 0\.0 \| 100\.0 %/);
    expect(new Set(lines.slice(0, 4).map((line) => line.split('|').length)).size).toBe(1);
    expect(lines).toHaveLength(9);
  });
});
