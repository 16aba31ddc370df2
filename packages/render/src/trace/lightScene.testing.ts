import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import { mesh, planeShape, sphereShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { velvet } from '../testing/velvet.testing.js';
import type { Inputs, Setting } from './agreement.testing.js';
import { areaLight, directionalLight, environment, pointLight } from './index.js';

const random = randomNumbers(5);
export const numbers = (shape: readonly number[], low = 0, high = 1): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
    [...shape],
  );

export const ball = mesh(sphereShape({ rows: 5, columns: 7 }));
const floor = mesh(planeShape({ size: 3, cells: 2 }));
export const lamp = mesh({ positions: [0.4, 0.1, 1.2, -0.3, 0.6, 1, -0.2, -0.5, 1.5], triangles: [0, 2, 1] });

const aside = lookAt([2, -3, 2.5], [0, 0, 0.2], [0, 0, 1]);

/** Two lobes, flat and smooth, under every kind of light; other meshes may be given for the floor and the lamp. */
export const lookAtLights = (
  p: Inputs,
  { ground = floor, light = lamp }: { readonly ground?: Mesh; readonly light?: Mesh } = {},
): ReturnType<Setting> => ({
  scene: {
    shapes: [
      { mesh: { ...ground, positions: p['floor'] }, bsdf: lambert({ albedo: p['albedo'] }), shading: 'flat' },
      {
        mesh: { ...ball, positions: ball.positions.mul(0.4).add(p['place of the ball']) },
        bsdf: velvet({ tint: p['tint'], roughness: p['roughness'] }),
      },
    ],
    emitters: [
      environment(p['map'], { background: false }),
      directionalLight({ direction: p['direction'], irradiance: p['irradiance'] }),
      pointLight({ position: p['place'], intensity: p['intensity'] }),
      areaLight({ mesh: { ...light, positions: p['lamp'] }, radiance: p['radiance'], twoSided: true }),
    ],
  },
  camera: perspective({ fovY: 0.7, width: 5, height: 5, ...aside, position: p['eye'] }),
});

export const lightInputs: Inputs = {
  'place of the ball': tensor([0, 0, 0.3]),
  floor: floor.positions,
  albedo: numbers([9, 3], 0.2, 0.9),
  tint: numbers([3], 0.3, 0.9),
  roughness: tensor(0.5),
  map: numbers([4, 8, 3], 0.1, 0.6),
  direction: tensor([0.3, 0.2, -1]),
  irradiance: tensor([0.5, 0.7, 0.9]),
  place: tensor([-0.9, -0.7, 0.9]),
  intensity: tensor([0.4, 0.3, 0.5]),
  lamp: lamp.positions,
  radiance: tensor([3, 2, 1]),
  eye: tensor([2, -3, 2.5]),
};
