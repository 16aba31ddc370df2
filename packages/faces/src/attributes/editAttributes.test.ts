import { expect, it } from 'vitest';
import { tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { parseFaceEdit } from '../edit/faceEdit.js';
import { albedoAtlas } from './albedoAtlas.js';
import { faceOfAttributes } from './attributeFace.js';
import { editAttributes } from './editAttributes.js';
import { enhancedFace } from './enhancedFace.js';
import { attributeLayout } from './layout.js';
import { squareModel } from './squareModel.testing.js';

const model = squareModel();
const layout = attributeLayout(
  model,
  { identity: 80, albedo: 80, bands: 2 },
  { translation: [0, -35, -400], ambient: 0.6 },
);
const of = { model, layout, atlas: albedoAtlas(model, 4) };
const edits = ['identity.0+=2', 'pose.rotation.1=0.3', 'tint.1=1', 'expression.0=7'].map(parseFaceEdit);

it('an edited face is that of the changed vector, and keeps what networks have added', async () => {
  const { parts, size } = layout;
  const changed = new Float32Array(size);
  changed[parts.identity.first] = 2;
  changed[parts.rotation.first + 1] = 0.3;
  changed[parts.tint.first + 1] = 1;
  const wanted = faceOfAttributes(of, tensor(changed));
  const base = faceOfAttributes(of, zeros([size]));
  // weights of blendshapes end at 1
  const weights = [...(await wanted.attributes.blendshapes.data())];
  weights[0] = 1;
  const [more, normal] = [zeros([4, 4, 3]).add(0.05), zeros([4, 4, 3]).add(tensor([0.3, 0, 0]))];
  const found = await editAttributes(of, enhancedFace(base, { diffuse: more, normal }), edits);
  const near = async (a: Tensor, b: Tensor): Promise<void> => {
    const [x, y] = await Promise.all([a.data(), b.data()]);
    expect(x).toHaveLength(y.length);
    x.forEach((value, k) => expect(value).toBeCloseTo(y[k], 4));
  };
  await near(found.attributes.blendshapes, tensor(weights));
  await near(found.attributes.rotation, wanted.attributes.rotation);
  await near(found.textures.diffuse, wanted.textures.diffuse.add(0.05));
  const plain = await editAttributes(of, base, edits.slice(0, 3));
  await near(plain.mesh.positions, wanted.mesh.positions);
  await near(plain.textures.diffuse, wanted.textures.diffuse);
  const before = await base.textures.diffuse.data();
  expect((await plain.textures.diffuse.data()).some((x, k) => Math.abs(x - before[k]) > 0.01)).toBe(true);
  expect(found.normalMap).toBeDefined();
  expect(plain.normalMap).toBeUndefined();
});

it('says what an edit may name', async () => {
  const base = faceOfAttributes(of, zeros([layout.size]));
  await expect(editAttributes(of, base, [parseFaceEdit('hair=1')])).rejects.toThrow('there are identity');
  await expect(editAttributes(of, base, [parseFaceEdit('tint.2=1')])).rejects.toThrow('tint has no 2');
});
