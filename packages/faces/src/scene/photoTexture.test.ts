import { beforeAll, describe, expect, it } from 'vitest';
import { vec3 } from 'gl-matrix';
import { ShapeError, full, grad, perspective, tensor, zeros } from '../engine.js';
import type { Camera, Mesh, Tensor } from '../engine.js';
import { SurfaceTree } from '../geometry/surfaceTree.js';
import { loadFaceModel } from '../model/index.js';
import type { MorphableModel } from '../model/index.js';
import { bakeTexture } from '../model/uvBake.js';
import { photoTexture, texelPlaces } from './photoTexture.js';
import type { PhotoTexture, TexelPlaces } from './photoTexture.js';
import { posedFace } from './posedFace.js';
import { pullPush } from './pullPush.js';
import { surfaceImage, textureImage } from './surfaceImage.js';

describe('pullPush', () => {
  it('keeps what is known and fills smoothly, within the range of what is known', async () => {
    const size = 16;
    const texture = tensor(
      Float32Array.from({ length: size * size }, (_, k) => (k % size) / size),
      [size, size, 1],
    );
    const known = tensor(
      Float32Array.from({ length: size * size }, (_, k) => Number((k % size) % 5 === 0 && (k >> 4) % 3 === 0)),
      [size, size, 1],
    );
    const [filled, t, w] = [await pullPush(texture, known).data(), await texture.data(), await known.data()];
    filled.forEach((x, k) => {
      if (w[k] === 1) expect(x).toBeCloseTo(t[k], 6);
      expect(Math.abs(x - t[k])).toBeLessThan(0.2);
      expect(x).toBeGreaterThan(-1e-6);
      expect(x).toBeLessThan(15 / 16 + 1e-6);
    });
    expect(
      await pullPush(texture, zeros([size, size, 1]))
        .abs()
        .max()
        .item(),
    ).toBe(0);
  });
});

describe('photoTexture', () => {
  const size = 64;
  let model: MorphableModel;
  let face: Mesh;
  let camera: Camera;
  let places: TexelPlaces;
  let truth: Float32Array;
  let photo: Tensor;
  let found: PhotoTexture;

  beforeAll(async () => {
    model = await loadFaceModel();
    camera = perspective({ fovY: 0.6, width: 96, height: 96 });
    face = posedFace(model, {
      rotation: tensor([0, 0.6, 0]), // one cheek and side of the nose are hidden
      translation: tensor([0, 0, -600]),
      identity: zeros([model.identityCount]),
      blendshapes: zeros([model.blendshapeCount]),
    });
    places = texelPlaces(model.data, size);
    // a texture that is smooth over the surface and alike on both halves of the face
    const { positions, triangles } = model.data;
    const painted = (side: number): Float32Array =>
      bakeTexture(model.data, { height: side, width: side, channels: 3 }, (corner, out) => {
        const [x, y, z] = positions.subarray(3 * triangles[corner], 3 * triangles[corner] + 3);
        out.set([0.5 + 0.4 * Math.cos(x / 30), 0.5 + 0.4 * Math.sin(y / 40), 0.5 + 0.4 * Math.sin(z / 40)]);
      }).values;
    truth = painted(size);
    photo = textureImage(surfaceImage(face, camera), tensor(painted(256), [256, 256, 3]));
    found = photoTexture(photo, face, camera, places);
  }, 120_000);

  const meanError = (
    values: ArrayLike<number>,
    chosen: (texel: number) => boolean,
  ): { mean: number; count: number } => {
    let [sum, count] = [0, 0];
    for (let k = 0; k < size * size; k++) {
      if (!chosen(k)) continue;
      for (let c = 0; c < 3; c++) sum += Math.abs(values[3 * k + c] - truth[3 * k + c]) / 3;
      count++;
    }
    return { mean: sum / count, count };
  };

  it('gives the texture back where the photograph shows it, and its mirror image where it does not', async () => {
    const [values, visible, mirrored] = await Promise.all([
      found.texture.data(),
      found.visible.data(),
      found.mirrored.data(),
    ]);
    const covered = await places.covered.data();
    const seen = meanError(values, (k) => visible[k] === 1);
    const other = meanError(values, (k) => mirrored[k] === 1);
    expect(seen.count).toBeGreaterThan(600);
    expect(other.count).toBeGreaterThan(200);
    expect(seen.mean).toBeLessThan(0.03);
    expect(other.mean).toBeLessThan(0.04);
    // without the projection, a mean colour would be this far off
    const flat = meanError(new Float32Array(3 * size * size).fill(0.5), (k) => visible[k] === 1);
    expect(flat.mean).toBeGreaterThan(0.15);
    for (let k = 0; k < size * size; k++) {
      expect(Number.isFinite(values[3 * k])).toBe(true);
      expect(visible[k] * mirrored[k]).toBe(0);
      if (covered[k] === 0) expect(visible[k] + mirrored[k]).toBe(0);
    }
  });

  it('is visible where rays on the host in float64 say so', async () => {
    const [visible, positions] = [await found.visible.data(), await face.positions.data()];
    const [triangles, weights] = [await places.triangles.data(), await places.weights.data()];
    const covered = await places.covered.data();
    const tree = new SurfaceTree(positions, face.topology.triangles);
    let [agree, count, hidden] = [0, 0, 0];
    for (let k = 0; k < size * size; k += 3) {
      if (covered[k] === 0) continue;
      const corner = (c: number): vec3 => {
        const v = face.topology.triangles[3 * triangles[k] + c];
        return vec3.fromValues(positions[3 * v], positions[3 * v + 1], positions[3 * v + 2]);
      };
      const [a, b, c] = [corner(0), corner(1), corner(2)];
      const p = [0, 1, 2].map((i) => weights[3 * k] * a[i] + weights[3 * k + 1] * b[i] + weights[3 * k + 2] * c[i]);
      const normal = vec3.cross(vec3.create(), vec3.sub(vec3.create(), b, a), vec3.sub(vec3.create(), c, a));
      const cosine = -vec3.dot(normal, [p[0], p[1], p[2]]) / vec3.length(normal) / Math.hypot(...p); // the camera is the origin
      const hit = tree.alongLine([0, 0, 0], [p[0], p[1], p[2]]);
      const isSeen = cosine > 0.1 && !(hit && hit.distance < 0.999);
      count++;
      if (!isSeen) hidden++;
      if (isSeen === (visible[k] === 1)) agree++;
    }
    expect(hidden).toBeGreaterThan(0.2 * count);
    expect(agree / count).toBeGreaterThan(0.995);
  });

  it('passes gradients to the photograph, and says what does not fit', async () => {
    const total = (image: Tensor): Tensor => photoTexture(image, face, camera, places).texture.sum();
    const gradient = grad(total)(photo);
    // the texture is linear in the photograph
    const [value, slope] = [await found.texture.sum().item(), await gradient.mul(photo).sum().item()];
    expect(Math.abs(slope / value - 1)).toBeLessThan(1e-3);
    expect(() => photoTexture(full([4, 4, 3], 1), face, camera, places)).toThrow(ShapeError);
    expect(() => texelPlaces(model.data, 48)).toThrow(/power of two/);
  });
});
