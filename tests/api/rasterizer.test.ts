import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parameter, compile, noGrad, tensor } from '@chiaro/autograd';
import type { Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import {
  antialias,
  axisAngle,
  boxShape,
  interpolate,
  loadImage,
  loadMesh,
  mesh,
  perspective,
  rasterize,
  saveImage,
  saveMesh,
  texture,
} from '@chiaro/render';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'chiaro-api-'));
const size = 48;
const camera = perspective({ fovY: 0.6, width: size, height: size });
const truth = { r: [0.15, 0.2, -0.1], t: [1, -0.8, -600.5] };

/** [8, 8, 3] a quarter of the texels brighter than `light`, in squares. */
const squares = (light: number): Tensor =>
  tensor(
    Float32Array.from({ length: 192 }, (_, i) => {
      const [row, column, channel] = [i / 24, (i / 3) % 8, i % 3].map(Math.floor);
      return ((row >> 1) + (column >> 1)) % 2 === 0 ? light + 0.3 : light + 0.1 * channel;
    }),
    [8, 8, 3],
  );

beforeAll(async () => {
  const sides = [70, 100, 85]; // mm
  const box = boxShape();
  const positions = Float32Array.from(box.positions, (x, i) => x * sides[i % 3]!);
  const uvTriangles = Array.from({ length: 36 }, (_, k) => [0, 1, 2, 0, 2, 3][k % 6]!); // all sides alike
  const head = mesh({ ...box, positions, uvs: [0, 0, 1, 0, 1, 1, 0, 1], uvTriangles });
  await saveMesh(join(folder, 'head.glb'), head, { baseColor: squares(0.3) });
  const clip = camera.project(axisAngle(tensor(truth.r)).apply(head.positions).add(tensor(truth.t)));
  const hit = rasterize(clip, head.triangles, camera.size);
  const { value: uv, derivatives } = interpolate(head.uvs!, hit, head.uvTriangles!);
  const seen = texture(squares(0.5), uv, { derivatives }).where(hit.mask, 0);
  await saveImage(join(folder, 'target.png'), antialias(seen, hit, clip, head.topology));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('the fourth snippet of the API: pose and albedo of a mesh from one picture', async () => {
  const mesh = await loadMesh(join(folder, 'head.glb'));
  const target = await loadImage(join(folder, 'target.png'));
  const pose = { r: new Parameter([0, 0.4, 0]), t: new Parameter([0, 0, -600]) }; // radians, mm
  const albedo = new Parameter(mesh.material.baseColor);
  const adam = new Adam([
    { params: [pose.r, pose.t], lr: 5e-3 },
    { params: [albedo], lr: 1e-2 },
  ]);

  const step = compile(() => {
    const clip = camera.project(axisAngle(pose.r).apply(mesh.positions).add(pose.t));
    const hit = rasterize(clip, mesh.triangles, camera.size);
    const { value: uv, derivatives } = interpolate(mesh.uvs, hit, mesh.uvTriangles);
    const color = texture(albedo, uv, { derivatives, filter: 'trilinear' }).where(hit.mask, 0);
    const loss = antialias(color, hit, clip, mesh.topology).sub(target).abs().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  const first = await step().item();
  for (let i = 0; i < 199; i++) step();
  const last = await step().item();

  expect(first).toBeGreaterThan(0.03);
  expect(last).toBeLessThan(0.15 * first);
  const turned = await noGrad(() => pose.r.sub(tensor(truth.r)).abs().max()).item();
  expect(turned).toBeLessThan(0.03); // from 0.2
});
