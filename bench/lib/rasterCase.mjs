// What the rasterizer's benchmarks draw: a textured ball that fills the image, or a soup of triangles, and the whole chain
// from clip coordinates to the antialiased image.
import { compile, full, idle, noGrad, Parameter, realize, tensor } from '@chiaro/autograd';
import { antialias, buildTopology, interpolate, perspective, rasterize, texture } from '@chiaro/render';
import { round } from './rows.mjs';
import { bumpyBall } from './traceCase.mjs';

const textureSize = 1024;

/** A ball of about `count` triangles with texture coordinates by its angles. */
function ball(count) {
  const { positions, triangles } = bumpyBall(count);
  const uvs = new Float32Array((positions.length / 3) * 2);
  for (let v = 0; 3 * v < positions.length; v++) {
    const [x, y, z] = positions.subarray(3 * v, 3 * v + 3);
    uvs[2 * v] = Math.atan2(x, z) / (2 * Math.PI) + 0.5;
    uvs[2 * v + 1] = Math.acos(-y / Math.hypot(x, y, z)) / Math.PI;
  }
  return { positions, triangles, uvs };
}

/** Triangles of about 3 pixels a side around places that `place(random)` gives in pixels of a 512 x 512 image. */
function soup(count, place) {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const positions = new Float32Array(9 * count);
  const uvs = new Float32Array(6 * count);
  const scale = (2 * 40 * Math.tan(0.36)) / 512; // world units per pixel where z = 0
  for (let t = 0; t < count; t++) {
    const [x, y] = place(random);
    for (let k = 0; k < 3; k++) {
      const corner = [x + 4 * (random() - 0.5), y + 4 * (random() - 0.5)].map((p) => (p - 256) * scale);
      positions.set([corner[0], -corner[1], random()], 9 * t + 3 * k);
      uvs.set([random(), random()], 6 * t + 2 * k);
    }
  }
  return { positions, uvs, triangles: Uint32Array.from({ length: 3 * count }, (_, k) => k) };
}

const shapes = {
  ball,
  /** All of them around one tile of 8 x 8 pixels. */
  tile: (count) => soup(count, (random) => [260 + 4 * (random() - 0.5), 260 + 4 * (random() - 0.5)]),
  spread: (count) => soup(count, (random) => [8 + 496 * random(), 8 + 496 * random()]),
};

/**
 * Draws a shape again and again.
 * @returns a compiled step, and what it is a step of.
 */
export async function rasterCase(shape, count, size, { gradients }) {
  const data = shapes[shape](count);
  const topology = buildTopology(data.triangles, data.positions.length / 3);
  const camera = perspective({ fovY: 0.72, width: size, height: size, position: [0, 0, 40], near: 1, far: 100 });
  const vertices = new Parameter(tensor(data.positions, [data.positions.length / 3, 3]));
  const image = new Parameter(full([textureSize, textureSize, 3], 0.5));
  const triangles = tensor(Int32Array.from(data.triangles), [data.triangles.length / 3, 3]);
  const uvs = tensor(data.uvs, [data.uvs.length / 2, 2]);
  await realize(triangles, uvs);
  const draw = () => {
    const clip = camera.project(vertices);
    const hit = rasterize(clip, triangles, camera.size);
    const { value, derivatives } = interpolate(uvs, hit, triangles);
    const color = texture(image, value, { derivatives, wrap: 'repeat' }).where(hit.mask, 0);
    return { color: antialias(color, hit, clip, topology), hit };
  };
  const step = compile(() => {
    if (!gradients) return noGrad(() => [draw().color]);
    draw().color.square().mean().backward();
    const found = [vertices.grad, image.grad];
    vertices.grad = image.grad = null;
    return found;
  });
  const covered = await noGrad(() => draw().hit.mask.to('float32').mean()).item();
  await idle();
  return { step, covered: round(covered), triangles: data.triangles.length / 3 };
}
