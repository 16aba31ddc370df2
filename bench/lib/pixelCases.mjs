// Parts of the rasterizer's work by themselves, on 512 x 512 pixels: reading a texture that is larger than the image, shading
// by spherical harmonics, and the soft rasterizer.
import { compile, full, idle, noGrad, Parameter, realize, tensor } from '@chiaro/autograd';
import { lambert, perspective, renderMesh, softRasterize, sphere, texture } from '@chiaro/render';
import { bumpyBall } from './traceCase.mjs';

const size = 512;

/** A compiled step that draws, or draws and gives the gradients of the parameters. */
function stepOf(draw, parameters, gradients) {
  return compile(() => {
    if (!gradients) return noGrad(() => [draw()]);
    draw().square().mean().backward();
    return parameters.map((parameter) => {
      const found = parameter.grad;
      parameter.grad = null;
      return found;
    });
  });
}

/** A texture of 2048 x 2048 texels, trilinear, at `scale` texels a pixel, turned so that rows of pixels cross rows of texels. */
async function textureCase(scale, gradients) {
  const texels = 2048;
  const image = new Parameter(full([texels, texels, 3], 0.5));
  const [c, s] = [Math.cos(0.6), Math.sin(0.6)].map((v) => (v * scale) / texels);
  const uv = new Float32Array(2 * size * size);
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [i % size, Math.floor(i / size)];
    uv.set([c * x - s * y, s * x + c * y], 2 * i);
  }
  const places = tensor(uv, [size, size, 2]);
  const derivatives = tensor([c, s, -s, c], [1, 1, 2, 2]).expand([size, size, 2, 2]);
  await realize(places);
  return { step: stepOf(() => texture(image, places, { derivatives, wrap: 'repeat' }), [image], gradients) };
}

/** A sphere of Lambert's under `count` spherical harmonics, by `renderMesh`. */
function shadeCase(count, gradients) {
  const lights = new Parameter(full([count, 3], 0.1));
  const albedo = new Parameter(tensor([0.5, 0.4, 0.3]));
  const scene = { shapes: [sphere({ bsdf: lambert({ albedo }) })] };
  const camera = perspective({ fovY: 0.72, width: size, height: size, position: [0, 0, 3], near: 1, far: 10 });
  const draw = () => renderMesh(scene, camera, { lights: [lights] }).image;
  return { step: stepOf(draw, [lights, albedo], gradients) };
}

/** A ball of `count` triangles with colours at its vertices, drawn softly with sigma 1. */
function softCase(count, gradients) {
  const { positions, triangles } = bumpyBall(count);
  const camera = perspective({ fovY: 0.72, width: size, height: size, position: [0, 0, 40], near: 20, far: 60 });
  const vertices = new Parameter(tensor(positions, [positions.length / 3, 3]));
  const colors = new Parameter(full([positions.length / 3, 3], 0.5));
  const faces = tensor(Int32Array.from(triangles), [triangles.length / 3, 3]);
  const draw = () => softRasterize(camera.project(vertices), faces, colors, camera.size, { gamma: 0.01 }).image;
  return { step: stepOf(draw, [vertices, colors], gradients), triangles: triangles.length / 3 };
}

const kinds = { texture: textureCase, shade: shadeCase, soft: softCase };

/**
 * @param {'texture' | 'shade' | 'soft'} kind
 * @param {number} amount texels a pixel, harmonics, triangles.
 * @returns a compiled step, and what it is a step of.
 */
export async function pixelCase(kind, amount, { gradients }) {
  const made = await kinds[kind](amount, gradients);
  await idle();
  return made;
}
