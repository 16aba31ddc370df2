import { expect, it } from 'vitest';
import { interpolate, irradianceSH, perspective, rasterize, tensor, texture } from '../engine.js';
import type { HostImage } from '../fit/types.js';
import { loadFaceModel } from '../model/index.js';
import { posedFace } from '../scene/posedFace.js';
import { consistentFlow, opticalFlow } from './index.js';

const side = 256;
const camera = perspective({ fovY: 0.3, width: side, height: side, position: [0, 0, 0] });

/** What is seen of a head in a light that does not turn with it. */
interface Seen {
  readonly image: HostImage;
  /** [S * S] triangle, -1 for none. */
  readonly triangles: Int32Array;
  readonly barycentrics: Float32Array;
  /** [V * 3] pixels and depth of the vertices. */
  readonly places: Float32Array;
}

const model = await loadFaceModel();
const corners = model.data.triangles;

async function see(turn: readonly number[], open: number): Promise<Seen> {
  const blendshapes = tensor(
    model.data.blendshapeNames.map((name) => (name === 'mouth-open' || name === 'mouth-corner-puller' ? open : 0)),
  );
  const translation = tensor([10 * turn[1], -10, -900]);
  const mesh = posedFace(model, { rotation: tensor(turn), translation, identity: tensor([0.5, -1, 1]), blendshapes });
  const hit = rasterize(camera.project(mesh.positions), mesh.triangles, camera.size);
  const normals = interpolate(mesh.normals!, hit, mesh.triangles).value;
  const uv = interpolate(mesh.uvs!, hit, mesh.uvTriangles!).value;
  const light = tensor([2.2, 2.2, 2.2, 0.5, 0.4, 0.3, 0.8, 0.8, 0.8, 0.9, 0.8, 0.7], [4, 3]);
  const shading = irradianceSH(normals, light).div(Math.PI);
  const image = texture(model.albedo({}).diffuse, uv).mul(shading).where(hit.mask, 0.2);
  return {
    image: { width: side, height: side, channels: 3, data: Float32Array.from(await image.data()) },
    triangles: Int32Array.from(await hit.triangles.data()),
    barycentrics: Float32Array.from(await hit.barycentrics.data()),
    places: Float32Array.from(await camera.toPixels(mesh.positions).data()),
  };
}

/** Where the surface at a pixel of `a` lies in `b`, and how far from the camera (pixels, mm); `own` of a itself. */
function place(a: Seen, places: Float32Array, pixel: number): number[] {
  const face = 3 * a.triangles[pixel];
  const [second, third] = a.barycentrics.subarray(2 * pixel, 2 * pixel + 2);
  const weights = [1 - second - third, second, third];
  // weights of the surface, so its place in the picture by inverse depths
  const depths = weights.map((_, k) => places[3 * corners[face + k] + 2]);
  const total = weights.reduce((sum, w, k) => sum + w * depths[k], 0);
  const mean = (c: number): number =>
    weights.reduce((sum, w, k) => sum + (w * depths[k] * places[3 * corners[face + k] + c]) / total, 0);
  return [mean(0), mean(1), total];
}

it('finds how a rendered head moves, where both pictures show it', async () => {
  const [a, b] = [await see([0.02, -0.03, 0], 0), await see([0, 0.02, 0.02], 0.1)];
  const [there, back] = [opticalFlow(a.image, b.image), opticalFlow(b.image, a.image)];
  const mask = consistentFlow(there, back, [side, side]);
  const errors: number[] = [];
  const onFace: number[] = [];
  let [moved, believed] = [0, 0];
  for (let k = 0; k < side * side; k++) {
    if (a.triangles[k] < 0) continue;
    const [x, y, depth] = place(a, b.places, k);
    const hit = Math.floor(y) * side + Math.floor(x);
    // hidden by something nearer, or beyond the silhouette, where nothing is
    if (!(b.triangles[hit] >= 0) || Math.abs(place(b, b.places, hit)[2] - depth) > 3) continue;
    const [px, py] = [(k % side) + 0.5, Math.floor(k / side) + 0.5];
    const error = Math.hypot(px + there[2 * k] - x, py + there[2 * k + 1] - y);
    errors.push(error);
    // scalp and neck are bare: nothing tells one place from the next
    if (model.data.mask[corners[3 * a.triangles[k]]] > 0.5) onFace.push(error);
    moved += Math.hypot(x - px, y - py);
    believed += mask[k];
  }
  const mean = (list: number[]): number => list.reduce((sum, e) => sum + e, 0) / list.length;
  expect(moved / errors.length).toBeGreaterThan(4);
  expect(believed / errors.length).toBeGreaterThan(0.9);
  expect(mean(onFace)).toBeLessThan(0.4);
  expect(mean(errors)).toBeLessThan(0.5);
});
