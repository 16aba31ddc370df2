// A lamp half hidden behind a fine net, whose shadow is on a floor: 128 x 128 pixels, 8 samples. The net has all edges that
// matter; nearly all of the others are those of a bumpy ball whose shadow falls out of view.
import { Parameter, realize, tensor } from '@chiaro/autograd';
import { areaLight, lambert, lookAt, mesh, pathTrace, perspective, planeShape } from '@chiaro/render';
import { bumpyBall } from './traceCase.mjs';

const holes = 24;

/** Strips between `holes` x `holes` holes in a square of side 0.6, one triangle pair each, at a height of 1. */
function net() {
  const [positions, triangles] = [[], []];
  const strip = (x0, y0, x1, y1) => {
    const first = positions.length / 3;
    positions.push(x0, y0, 1, x1, y0, 1, x1, y1, 1, x0, y1, 1);
    triangles.push(...[0, 1, 2, 0, 2, 3].map((k) => first + k));
  };
  const pitch = 0.6 / holes;
  for (let i = 0; i < holes; i++) {
    for (let k = 0; k < holes; k++) {
      const [x, y] = [i * pitch - 0.6, k * pitch - 0.3];
      strip(x, y, x + 0.4 * pitch, y + pitch);
      strip(x + 0.4 * pitch, y, x + pitch, y + 0.4 * pitch);
    }
  }
  return mesh({ positions, triangles });
}

/** The scene with the net's vertices as a parameter, and its image. */
export async function lampBehindNet() {
  const [floor, screen] = [mesh(planeShape({ size: 4, cells: 1 })), net()];
  const { positions, triangles } = bumpyBall(10_000);
  const ball = mesh({ positions: positions.map((v, i) => 0.05 * v + [2.6, 1.5, 0.8][i % 3]), triangles });
  const lamp = mesh({
    positions: [-0.2, -0.2, 1.6, 0.2, -0.2, 1.6, 0.2, 0.2, 1.6, -0.2, 0.2, 1.6],
    triangles: [0, 2, 1, 0, 3, 2],
  });
  const vertices = new Parameter(screen.positions);
  await realize(vertices);
  const camera = perspective({ fovY: 0.6, width: 128, height: 128, ...lookAt([0, -2, 0.8], [0, 0, 0], [0, 0, 1]) });
  const bsdf = lambert({ albedo: tensor([0.6, 0.6, 0.6]) });
  const shapes = (at) => [floor, { ...screen, positions: at }, ball].map((m) => ({ mesh: m, bsdf, shading: 'flat' }));
  const image = (options) =>
    pathTrace({ shapes: shapes(vertices), emitters: [areaLight({ mesh: lamp, radiance: 10 })] }, camera, {
      ...{ spp: 8, seed: 1 },
      ...options,
    }).image;
  return { name: 'net', parameters: { vertices }, image };
}
