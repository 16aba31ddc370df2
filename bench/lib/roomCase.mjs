// The room of the benchmarks of paths: 128 x 128 pixels, 8 samples, a closed box but for the side of the camera, in it a box
// and a glossy ball under a lamp that is a sphere.
import { Parameter, realize, tensor } from '@chiaro/autograd';
import {
  areaLight,
  boxShape,
  ggx,
  icosphereShape,
  lambert,
  lookAt,
  mesh,
  pathTrace,
  perspective,
} from '@chiaro/render';

const corners = {
  floor: [-1, -1, -1, 1, -1, -1, 1, -1, 1, -1, -1, 1],
  ceiling: [-1, 1, -1, 1, 1, -1, 1, 1, 1, -1, 1, 1],
  back: [-1, -1, -1, 1, -1, -1, 1, 1, -1, -1, 1, -1],
  left: [-1, -1, -1, -1, -1, 1, -1, 1, 1, -1, 1, -1],
  right: [1, -1, -1, 1, -1, 1, 1, 1, 1, 1, 1, -1],
};
const colours = { left: [0.65, 0.08, 0.05], right: [0.1, 0.45, 0.12] };
const white = [0.75, 0.75, 0.75];

const moved = ({ positions, triangles }, by) => mesh({ positions: positions.map((v, i) => v + by[i % 3]), triangles });

/** The room with what may have a gradient as parameters, and its image after at most some number of surfaces. */
export async function room() {
  const walls = Object.entries(corners).map(([name, positions]) => ({
    mesh: mesh({ positions, triangles: [0, 1, 2, 0, 2, 3] }),
    albedo: new Parameter(colours[name] ?? white),
  }));
  const block = moved(boxShape({ size: [0.6, 1.1, 0.6] }), [-0.38, -0.45, -0.4]);
  const ball = moved(icosphereShape({ radius: 0.36, subdivisions: 4 }), [0.42, -0.64, 0.25]);
  const lamp = moved(icosphereShape({ radius: 0.16, subdivisions: 3 }), [0.1, 0.62, 0]);
  const [radiance, vertices] = [new Parameter([15, 12, 8]), new Parameter(ball.positions)];
  const parameters = [...walls.map((w) => w.albedo), radiance, vertices];
  await realize(...parameters);
  const camera = perspective({ fovY: 0.66, width: 128, height: 128, ...lookAt([0, 0, 3.9], [0, 0, 0]) });
  const image = (surfaces) => {
    const shapes = [
      ...walls.map(({ mesh, albedo }) => ({ mesh, bsdf: lambert({ albedo }), shading: 'flat' })),
      { mesh: block, bsdf: lambert({ albedo: tensor(white) }), shading: 'flat' },
      {
        mesh: { ...ball, positions: vertices },
        bsdf: ggx({ diffuse: tensor([0.35, 0.3, 0.2]), specular: tensor([0.6, 0.5, 0.3]), roughness: 0.45 }),
      },
    ];
    const emitters = [areaLight({ mesh: lamp, radiance })];
    return pathTrace({ shapes, emitters }, camera, { spp: 8, seed: 1, depth: surfaces + 1 }).image;
  };
  return { parameters, image };
}
