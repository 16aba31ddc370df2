// A hundred balls of 5,120 triangles on a floor in the sun, 256 x 256 pixels, 8 samples: as instances of one, and as one
// mesh of all their triangles.
import { tensor } from '@chiaro/autograd';
import {
  directionalLight,
  icosphereShape,
  lambert,
  lookAt,
  mesh,
  pathTrace,
  perspective,
  planeShape,
} from '@chiaro/render';

const side = 10;
const copies = side * side;
export const samples = 256 * 256 * 8;

const ball = icosphereShape({ radius: 0.4, subdivisions: 4 });
/** Where ball number k stands, and how it is stretched. */
const places = Array.from({ length: copies }, (_, k) => ({
  at: [(k % side) - (side - 1) / 2, Math.floor(k / side) - (side - 1) / 2, 0.4],
  scale: [1 + 0.2 * Math.sin(k), 1 + 0.2 * Math.cos(3 * k), 1],
}));

const forms = {
  instances: (bsdf) => ({
    instances: [
      {
        shape: { mesh: mesh(ball), bsdf },
        transforms: tensor(
          places.flatMap(({ at, scale }) =>
            at.flatMap((t, k) => [0, 1, 2].map((j) => (j === k ? scale[k] : 0)).concat(t)),
          ),
          [copies, 3, 4],
        ),
      },
    ],
  }),
  baked: (bsdf) => {
    const positions = places.flatMap(({ at, scale }) =>
      Array.from(ball.positions, (v, i) => scale[i % 3] * v + at[i % 3]),
    );
    const count = ball.positions.length / 3;
    const triangles = places.flatMap((_, k) => Array.from(ball.triangles, (v) => v + k * count));
    return { shapes: [{ mesh: mesh({ positions, triangles }), bsdf }] };
  },
};
export const formNames = Object.keys(forms);

/** Its image, as a function. */
export function ballsOf(form) {
  const floor = { mesh: mesh(planeShape({ size: 30 })), bsdf: lambert({ albedo: 0.5 }) };
  const { shapes = [], instances = [] } = forms[form](lambert({ albedo: 0.7 }));
  const scene = {
    shapes: [floor, ...shapes],
    instances,
    emitters: [directionalLight({ direction: [1, 1, -2], irradiance: [3, 3, 3] })],
  };
  const camera = perspective({ fovY: 0.7, width: 256, height: 256, ...lookAt([0, -12, 7], [0, 0, 0], [0, 0, 1]) });
  return () => pathTrace(scene, camera, { spp: 8, seed: 1 });
}
