import { describe, expect, it } from 'vitest';
import { concat, elementwise, grad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { applyNormalMap, lambert, mappedNormal, normalMapOf } from '../bsdf/index.js';
import { lookAt, orthographic } from '../camera/index.js';
import type { Camera } from '../camera/index.js';
import { mesh, planeShape } from '../geometry/index.js';
import type { Mesh, Shape } from '../geometry/index.js';
import { surfaceUnder } from '../shading/surface.js';
import { environment, pathTrace, renderAovs } from './index.js';
import { ball, numbers } from './lightScene.testing.js';

const encoded = (x: number, y: number, z: number): Tensor => tensor([(x + 1) / 2, (y + 1) / 2, (z + 1) / 2]);
const bent = [0.48, 0.36, 0.8] as const;

/** Two squares side by side, x from -1 to 1; `uvs` and rows of the right one, four corners each, from its lower left. */
function squares(uvs: number[], right: readonly number[]): Mesh {
  const positions = [-1, -1, 0, 0, -1, 0, 1, -1, 0, -1, 1, 0, 0, 1, 0, 1, 1, 0];
  const [a, b, c, d] = right;
  const uvTriangles = [0, 1, 2, 0, 2, 3, a, b, c, a, c, d];
  return mesh({ positions, triangles: [0, 1, 4, 0, 4, 3, 1, 2, 5, 1, 5, 4], uvs, uvTriangles });
}
const left = [0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5];
const own = [4, 5, 6, 7];
const charts: [string, Mesh, number[]][] = [
  ['turned by a quarter', squares([...left, 0.5, 1, 0.5, 0.5, 1, 0.5, 1, 1], own), [-0.36, 0.48, 0.8]],
  ['mirrored', squares([...left, 1, 0, 0.5, 0, 0.5, 0.5, 1, 0.5], own), [-0.48, 0.36, 0.8]],
  ['the same once more', squares(left, [0, 1, 2, 3]), [...bent]],
  ['of no area', squares([...left, 0.7, 0.7], [4, 4, 4, 4]), [NaN, NaN, 0.8]],
];

const camera = (x: number, z: number, extent = 0.9): Camera =>
  orthographic({ height: 4, width: 8, extent, ...lookAt([x, 0, z], [0, 0, 0], [0, 1, 0]) });
const withMap = (shape: Mesh, normalMap: Tensor | undefined): Shape => ({
  mesh: shape,
  bsdf: lambert({ albedo: tensor([1, 1, 1]) }),
  ...(normalMap && { normalMap }),
});
const normalsOf = (shape: Mesh, normal: readonly [number, number, number], view: Camera): Promise<Float32Array> =>
  renderAovs({ shapes: [withMap(shape, encoded(...normal))] }, view).normal.data() as Promise<Float32Array>;

describe('normal maps', () => {
  it.each(charts)('keep to their chart of the texture up to its seam: %s', async (_, shape, expected) => {
    const view = camera(0, 3);
    const raster = surfaceUnder([withMap(shape, encoded(...bent))], view, 'bilinear').normal.data();
    for (const found of [await normalsOf(shape, bent, view), await raster]) {
      for (let k = 0; k < found.length; k++) {
        const value = Math.floor(k / 3) % 8 < 4 ? bent[k % 3] : expected[k % 3];
        if (Number.isNaN(value)) expect(Number.isFinite(found[k])).toBe(true);
        else expect(found[k]).toBeCloseTo(value, 5);
      }
    }
  });

  it('are dents from behind where they are bumps in front', async () => {
    const found = await normalsOf(charts[0][1], bent, camera(0, -3));
    for (let k = 0; k < found.length; k++) {
      // the image from behind has +X on its left
      const value = Math.floor(k / 3) % 8 < 4 ? charts[0][2][k % 3] : bent[k % 3];
      expect(found[k]).toBeCloseTo(-value, 5);
    }
  });

  it('do not turn what is seen away from the viewer, and set in steadily', async () => {
    const plane = mesh(planeShape({ size: 9, cells: 1 }));
    const steep = [0.8, 0, 0.6] as const;
    let before: number[] | undefined;
    for (let degrees = 4; degrees <= 124; degrees += 4) {
      const angle = (degrees * Math.PI) / 180;
      const viewer = [-Math.cos(angle), 0, Math.sin(angle)];
      const [x, y, z] = await normalsOf(plane, steep, camera(3 * viewer[0], 3 * viewer[2], 0.01));
      const cosine = x * viewer[0] + z * viewer[2];
      const mirroredHeight = 2 * cosine * z - viewer[2];
      expect(Math.hypot(x, y, z)).toBeCloseTo(1, 5);
      expect(cosine).toBeGreaterThan(0);
      expect(mirroredHeight).toBeGreaterThan(-1e-5);
      if (mirroredHeight > 1e-4)
        expect(x).toBeCloseTo(0.8, 5); // as the map says
      else expect(mirroredHeight).toBeCloseTo(0, 5);
      if (before) expect(Math.hypot(x - before[0], z - before[1])).toBeLessThan(0.04);
      before = [x, z];
    }
    expect(before![0]).toBeCloseTo(0.8, 5);
  });

  it('have the gradients of differences, bent back or not', async () => {
    const rows = 16;
    const unit = (t: Tensor): Tensor => t.div(t.square().sum(1, true).sqrt());
    const normal = unit(numbers([rows, 3], -1, 1));
    const inputs = {
      texel: numbers([rows, 3], 0.1, 0.9).add(tensor([0, 0, 0.3])),
      normal,
      tangent: concat(
        [
          numbers([rows, 3], -1, 1),
          tensor(
            Float32Array.from({ length: rows }, () => 1),
            [rows, 1],
          ),
        ],
        1,
      ),
      viewer: unit(unit(numbers([rows, 3], -1, 1)).add(normal.mul(1.1))),
    };
    const weights = numbers([rows, 3], -1, 1);
    const shaded = ({ texel, normal, tangent, viewer }: typeof inputs): Tensor =>
      elementwise(mappedNormal, texel, normal, tangent, 1, viewer);
    const total = (p: typeof inputs): Tensor => shaded(p).mul(weights).sum();
    const plain = applyNormalMap(inputs.texel, normal, inputs.tangent);
    const bentBack = await shaded(inputs).sub(plain).abs().sum(1).gt(1e-3).to('float32').sum().item();
    expect(bentBack).toBeGreaterThan(2);
    expect(bentBack).toBeLessThan(rows - 2);
    const gradient = grad(total)(inputs);
    for (const name of ['texel', 'normal', 'tangent', 'viewer'] as const) {
      const way = numbers([rows, inputs[name].shape[1]], -1, 1);
      const at = (h: number): Promise<number> => total({ ...inputs, [name]: inputs[name].add(way.mul(h)) }).item();
      const slope = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3;
      const found = await gradient[name].mul(way).sum().item();
      expect(Math.abs(found - slope), name).toBeLessThan(0.01 + 0.01 * Math.abs(slope));
    }
  });

  it('of increments: none is the flat map', async () => {
    const texels = await normalMapOf(tensor([[0, 0, 0], [0.75, 0, 0], [0, -1, -0.5]])).data(); // prettier-ignore
    const expected = [0.5, 0.5, 1, 0.8, 0.5, 0.9, 0.5, 0.5 - 0.5 / Math.hypot(1, 0.5), 0.5 + 0.25 / Math.hypot(1, 0.5)];
    texels.forEach((x, k) => expect(x).toBeCloseTo(expected[k], 6));
  });

  it('let no light through from below: the white furnace', { timeout: 400_000 }, async () => {
    const plane = mesh(planeShape({ size: 9, cells: 1 }));
    const white = environment(tensor([1, 1, 1]).expand([2, 4, 3]));
    const traced = async (shape: Mesh, map: Tensor | undefined, spp: number): Promise<number[]> => {
      const { image } = pathTrace({ shapes: [withMap(shape, map)], emitters: [white] }, camera(0, 3), { spp, seed: 3 });
      return [...(await image.data())];
    };
    // seen from above, this map is bent back to (1, 0, 1) / sqrt(2)
    const tilted = await traced(plane, encoded(0.8, 0, 0.6), 64);
    const mean = tilted.reduce((a, b) => a + b, 0) / tilted.length;
    // the half space above the plane has (1 + cos) / 2 of what a tilted Lambert surface sees; 2048 samples of at most 1
    const expected = (1 + Math.SQRT1_2) / 2;
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / 2048));
    // a flat map changes nothing, at the outline of a coarse ball neither
    const small = { ...ball, positions: ball.positions.mul(0.8) };
    const [flat, none] = [await traced(small, encoded(0, 0, 1), 2), await traced(small, undefined, 2)];
    flat.forEach((x, k) => expect(x).toBeCloseTo(none[k], 5));
    expect(none.filter((x) => x > 0 && x < 1).length).toBeGreaterThan(5);
  });
});
