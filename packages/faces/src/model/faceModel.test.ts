import { beforeAll, describe, expect, it } from 'vitest';
import { Generator, Parameter, randn, ShapeError, tensor, zeros } from '../engine.js';
import { largestDifference } from '../../../render/src/testing/random.testing.js';
import { loadFaceModel } from './files/loadFaceModel.js';
import { MorphableModel } from './morphableModel.js';
import { smallModel } from './smallModel.testing.js';

let model: MorphableModel;
beforeAll(async () => {
  model = await loadFaceModel();
});

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, k) => sum + x * b[k], 0);
const rows = (values: Float32Array, size: number): Float32Array[] =>
  Array.from({ length: values.length / size }, (_, k) => values.subarray(k * size, (k + 1) * size));

describe('the bundled model', () => {
  it('has what the published systems need: 128 identity modes, 38 blendshapes, albedo, symmetric lists', () => {
    const { data } = model;
    expect([model.identityCount, model.blendshapeCount, model.albedoCount]).toEqual([128, 38, 152]);
    expect(model.vertexCount).toBe(4524);
    expect(data.parts.map((p) => p.name)).toEqual(['skin', 'left eye', 'right eye', 'upper teeth', 'lower teeth']);
    data.mirror.forEach((m, v) => {
      expect(data.mirror[m]).toBe(v);
      for (let c = 0; c < 3; c++) {
        expect(Math.abs(data.positions[3 * v + c] - (c === 0 ? -1 : 1) * data.positions[3 * m + c])).toBeLessThan(1e-3);
      }
    });
    const outside = data.uvs.filter((x) => !(x >= 0 && x <= 1));
    expect(outside.length).toBe(0);
  });

  it('identity modes are orthogonal, by falling variance, each symmetric or antisymmetric', () => {
    const { identity, positions, mirror } = model.data;
    const modes = rows(identity, positions.length);
    const lengths = modes.map((m) => Math.sqrt(dot(m, m)));
    let symmetric = 0;
    modes.forEach((mode, k) => {
      if (k > 0) expect(lengths[k]).toBeLessThan(lengths[k - 1] * 1.001);
      // bytes have a step of 1/127 of a mode's largest displacement, hence cosines of up to some thousandths
      for (let j = 0; j < k; j++) expect(Math.abs(dot(mode, modes[j])) / (lengths[k] * lengths[j])).toBeLessThan(0.01);
      const image = mode.map((_, i) => (i % 3 === 0 ? -1 : 1) * mode[3 * mirror[Math.floor(i / 3)] + (i % 3)]);
      const cosine = dot(mode, image) / lengths[k] ** 2;
      expect(Math.abs(cosine)).toBeGreaterThan(0.998);
      if (cosine > 0) symmetric++;
    });
    expect(symmetric).toBeGreaterThan(90);
    expect(symmetric).toBeLessThan(128); // faces differ between their sides, too
  });

  it('expression weights are orthonormal modes in terms of blendshapes', async () => {
    const { blendshapes, positions } = model.data;
    const mix = rows(Float32Array.from(await model.expressionToBlendshapes.data()), model.blendshapeCount);
    const shapes = rows(blendshapes, positions.length);
    const modes = mix.map((weights) => {
      const field = new Float32Array(positions.length);
      weights.forEach((w, b) => shapes[b].forEach((x, i) => (field[i] += w * x)));
      return field;
    });
    const { expressionSigma: sigma } = model;
    expect(sigma[0]).toBeGreaterThan(10 * sigma[sigma.length - 1]);
    modes.forEach((mode, k) => {
      expect(Math.sqrt(dot(mode, mode)) / sigma[k]).toBeCloseTo(1, 3);
      for (let j = 0; j < k; j++) expect(Math.abs(dot(mode, modes[j])) / (sigma[k] * sigma[j])).toBeLessThan(1e-3);
    });
    const weights = tensor([1, -0.5, 2]);
    const [a, b] = [
      model.geometry({ expression: weights }),
      model.geometry({ blendshapes: model.blendshapeWeights(weights) }),
    ];
    expect(largestDifference(await a.data(), await b.data())).toBeLessThan(1e-3);
  });

  it('landmarks are where the markup has them, and the jaw slides to the outline when the head turns', async () => {
    const ids = model.landmarkIds();
    const at = (k: number): number[] => Array.from(model.data.positions.subarray(3 * ids[k], 3 * ids[k] + 3));
    const mirrored = [
      ...Array.from({ length: 17 }, (_, k) => [k, 16 - k]),
      ...Array.from({ length: 10 }, (_, k) => [17 + k, 26 - k]),
      ...[27, 28, 29, 30, 33, 51, 57, 62, 66].map((k) => [k, k]),
      ...[
        [31, 35],
        [32, 34],
        [36, 45],
        [37, 44],
        [38, 43],
        [39, 42],
        [40, 47],
        [41, 46],
      ],
      ...[
        [48, 54],
        [49, 53],
        [50, 52],
        [55, 59],
        [56, 58],
        [60, 64],
        [61, 63],
        [65, 67],
      ],
    ];
    for (const [k, m] of mirrored) expect(model.data.mirror[ids[k]]).toBe(ids[m]);
    expect(new Set(ids).size).toBe(68);
    expect(at(45)[0] - at(36)[0]).toBeGreaterThan(80); // outer corners of the eyes: 80 to 100 mm in adults
    expect(at(45)[0] - at(36)[0]).toBeLessThan(100);
    expect(at(39)[0]).toBeLessThan(0); // the subject's right is -x
    const heights = [19, 37, 36, 30, 33, 51, 62, 57, 8].map((k) => at(k)[1]);
    expect([...heights].sort((a, b) => b - a)).toEqual(heights);
    const farthest = model.data.positions.reduce((z, x, i) => (i % 3 === 2 ? Math.max(z, x) : z), -Infinity);
    expect(farthest - at(30)[2]).toBeLessThan(2); // the tip of the nose

    // the lower lip goes down with the jaw, the upper stays; the left lid closes on the subject's left
    const weight = (name: string): { blendshapes: ReturnType<typeof tensor> } => {
      const index = model.data.blendshapeNames.indexOf(name);
      return { blendshapes: tensor(Float32Array.from({ length: 38 }, (_, k) => (k === index ? 1 : 0))) };
    };
    const rest = await model.landmarks(model.mean).data();
    const open = await model.landmarks(model.geometry(weight('mouth-open'))).data();
    expect(rest[3 * 66 + 1] - open[3 * 66 + 1]).toBeGreaterThan(15);
    expect(Math.abs(rest[3 * 62 + 1] - open[3 * 62 + 1])).toBeLessThan(2);
    const wink = await model.landmarks(model.geometry(weight('eye-left-closure'))).data();
    expect(rest[3 * 43 + 1] - wink[3 * 43 + 1]).toBeGreaterThan(3);
    expect(Math.abs(rest[3 * 38 + 1] - wink[3 * 38 + 1])).toBeLessThan(0.1);

    expect(model.landmarkIds({ yaw: 0 }).slice(17)).toEqual(ids.slice(17));
    const turned = model.landmarkIds({ yaw: 0.6 }); // to the subject's left: that side's jaw is hidden
    for (let k = 11; k < 16; k++) {
      const [before, after] = [ids[k], turned[k]].map((v) => model.data.positions[3 * v + 2]);
      expect(after - before).toBeGreaterThan(5);
    }
    for (let k = 2; k < 6; k++) expect(turned[k]).toBe(ids[k]);
    const other = model.landmarkIds({ yaw: -0.6 });
    for (let k = 0; k < 17; k++) expect(model.data.mirror[other[k]]).toBe(turned[16 - k]);
  });

  it('samples have the statistics that they should, and albedos that skins have', async () => {
    const generator = new Generator(5);
    let [sum, squares, active, count] = [0, 0, 0, 0];
    for (let n = 0; n < 12; n++) {
      const { identity, blendshapes, albedo, tint } = model.sample(generator);
      for (const x of await identity.data()) [sum, squares, count] = [sum + x, squares + x * x, count + 1];
      const weights = await blendshapes.data();
      expect(weights.every((w) => w >= 0 && w <= 0.7)).toBe(true);
      active += weights.filter((w) => w > 0).length;
      expect((await albedo.data()).every((x) => Math.abs(x) <= 1.4)).toBe(true);
      expect(tint.shape).toEqual([2]);
    }
    // 1536 draws: the mean has a standard error of 0.0255. Clamped to 2.5, the variance is 0.978 with a standard error of
    // 0.034; a spread of 1.2 or a uniform draw of +-1 would be off by ten of them
    expect(Math.abs(sum / count)).toBeLessThan(4 * 0.0255);
    expect(Math.abs(squares / count - 0.978)).toBeLessThan(4 * 0.034);
    // 456 weights, each on with 0.15: 68.4 +- 7.6
    expect(Math.abs(active - 68.4)).toBeLessThan(4 * 7.6);
    const { diffuse, specular } = model.albedo(model.sample(new Generator(9)));
    expect([diffuse.shape, specular.shape]).toEqual([
      [256, 256, 3],
      [256, 256, 3],
    ]);
    const reflectance = Float32Array.from(await specular.data());
    expect(reflectance.every((x) => x >= 0.002 && x < 0.2)).toBe(true);
    expect(reflectance.reduce((a, b) => a + b, 0) / reflectance.length).toBeCloseTo(0.028, 2);
  });
});

describe('a small model', () => {
  const small = new MorphableModel(smallModel());

  it('geometry is mean + modes; its gradient is the transposed modes; coefficients may have batches', async () => {
    const { identity, blendshapes, positions } = small.data;
    const size = positions.length;
    const c = new Parameter([0.5, -1, 2]); // three of the five modes
    const b = new Parameter([0.1, 0, 0.9]);
    const face = small.geometry({ identity: c, blendshapes: b });
    const expected = positions.map(
      (x, i) =>
        x +
        0.5 * identity[i] -
        identity[size + i] +
        2 * identity[2 * size + i] +
        0.1 * blendshapes[i] +
        0.9 * blendshapes[2 * size + i],
    );
    expect(largestDifference(await face.data(), expected)).toBeLessThan(1e-4);
    const weights = Float32Array.from(await randn([size / 3, 3], { generator: new Generator(2) }).data());
    face
      .mul(tensor(weights, [size / 3, 3]))
      .sum()
      .backward();
    const along = (modes: Float32Array, count: number): number[] =>
      rows(modes, size)
        .slice(0, count)
        .map((m) => dot(m, weights));
    expect(largestDifference(await c.grad!.data(), along(identity, 3))).toBeLessThan(2e-3);
    expect(largestDifference(await b.grad!.data(), along(blendshapes, 3))).toBeLessThan(2e-3);

    const coefficients = {
      identity: tensor([
        [0.5, -1, 2],
        [0, 0, 0],
      ]),
      blendshapes: tensor([
        [0.1, 0, 0.9],
        [0, 0, 0],
      ]),
    };
    const batch = small.geometry(coefficients);
    expect(batch.shape).toEqual([2, size / 3, 3]);
    expect(largestDifference(await batch.select(0, 0).data(), expected)).toBeLessThan(1e-4);
    expect(largestDifference(await batch.select(0, 1).data(), positions)).toBeLessThan(1e-5);
    const landmarks = small.landmarks(batch);
    expect(landmarks.shape).toEqual([2, 68, 3]);
    expect(largestDifference(await small.landmarksOf(coefficients).data(), await landmarks.data())).toBeLessThan(1e-4);
  });

  it('albedo is mean + modes times the tint; pigments darken as they should; the prior is a sum of squares', async () => {
    const { albedo } = small.data;
    const { diffuse } = small.albedo({ albedo: tensor([0.5]) });
    const expected = albedo.mean.map((x, k) => Math.min(0.98, Math.max(0.002, x + 0.5 * albedo.modes[k])));
    expect(largestDifference(await diffuse.data(), expected)).toBeLessThan(1e-5);
    const plain = await small.albedo().diffuse.data();
    const ratio = async (tint: number[]): Promise<number[]> => {
      const tinted = await small.albedo({ tint: tensor(tint) }).diffuse.data();
      const texel = albedo.skin.findIndex(
        (s, k) => s > 0.3 && [0, 1, 2].every((c) => plain[3 * k + c] > 0.1 && plain[3 * k + c] < 0.9),
      );
      return [0, 1, 2].map((c) => Math.log(tinted[3 * texel + c] / plain[3 * texel + c]) / albedo.skin[texel]);
    };
    const [melanin, haemoglobin] = [await ratio([1, 0]), await ratio([0, 1])];
    expect(melanin[2]).toBeLessThan(melanin[1]); // melanin takes blue most
    expect(melanin[1]).toBeLessThan(melanin[0]);
    expect(melanin[0]).toBeLessThan(0);
    expect(haemoglobin[1] / haemoglobin[0]).toBeGreaterThan(5); // blood leaves red
    const prior = small.prior({ identity: tensor([1, 2]), blendshapes: tensor([0.3, 0, 0.6]), tint: tensor([1, 1]) });
    expect(await prior.item()).toBeCloseTo(5 + 1 + 4 + 2, 4);
    expect(await small.prior({}).item()).toBe(0);
  });

  it('says what does not fit', () => {
    expect(() => small.geometry({ identity: zeros([6]) })).toThrow(/identity: needs \[\.\.\., at most 5\]/);
    expect(() => small.geometry({ expression: zeros([1]), blendshapes: zeros([3]) })).toThrow(/not both/);
    expect(() => small.albedo({ tint: zeros([3]) })).toThrow(ShapeError);
    expect(() => small.mesh(zeros([5, 3]))).toThrow(/must be \[72, 3\]/);
    const data = smallModel();
    const broken = { ...data, landmarks: data.landmarks.map(() => 99) };
    expect(() => new MorphableModel(broken)).toThrow('entry 0 of landmarks is 99; there are 72');
    const nan = { ...data, identity: data.identity.map((x, k) => (k === 3 ? NaN : x)) };
    expect(() => new MorphableModel(nan)).toThrow('entry 3 of identity is NaN');
  });

  it('works without albedo modes and blendshapes', async () => {
    const data = smallModel();
    const none = new Float32Array(0);
    const albedo = { ...data.albedo, modes: none, specularModes: none };
    const plain = new MorphableModel({ ...data, albedo, blendshapeNames: [], blendshapes: none });
    expect([plain.albedoCount, plain.expressionCount]).toEqual([0, 0]);
    const coefficients = plain.sample(new Generator(1));
    const [face, { diffuse }] = [plain.geometry(coefficients), plain.albedo(coefficients)];
    expect((await face.data()).every(Number.isFinite)).toBe(true);
    expect((await diffuse.data()).every((x) => x > 0 && x < 1)).toBe(true);
  });
});
