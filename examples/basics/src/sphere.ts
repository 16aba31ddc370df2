// A ball's colours and the light around it, from photographs from all sides. Light times albedo at one place is one number,
// and any split of it would do; so the ball is turned under the light that stays.
import { compile, concat, full, Parameter, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { axisAngle, lambert, lookAt, mesh, perspective, renderMesh, sphereShape, vertexNormals, weldSeams } from '@chiaro/render'; // prettier-ignore
import { glaze } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

/** Nine harmonics per colour: bright and warm from above on the left, bluish from the right. */
// prettier-ignore
const trueLight = [
  [2.2, 2.1, 2.0], [0.5, 0.5, 0.6], [0.7, 0.6, 0.5], [-0.6, -0.4, 0.1], [-0.3, -0.2, 0],
  [0.2, 0.2, 0.2], [0, 0.1, 0.1], [-0.1, -0.1, -0.1], [0.2, 0.1, 0],
];
const [texels, photoCount] = [32, 12];

export async function sphere(run: Run): Promise<Result> {
  const shape = sphereShape({ rows: 32, columns: 64 });
  const ball = mesh(weldSeams({ ...shape, uvTriangles: shape.triangles }));
  const normals = vertexNormals(ball.positions, ball.topology);
  const photograph = (albedo: Tensor, light: Tensor, eye: Tensor, turn: Tensor): Tensor => {
    const rotation = axisAngle(turn);
    const turned = { ...ball, positions: rotation.apply(ball.positions), normals: rotation.apply(normals) };
    const camera = perspective({ fovY: 0.6, width: run.size, height: run.size, ...lookAt(eye, [0, 0, 0]) });
    return renderMesh({ shapes: [{ mesh: turned, bsdf: lambert({ albedo }) }] }, camera, { lights: [light] }).image;
  };

  const truth = { albedo: glaze(texels).albedo, light: tensor(trueLight) };
  const take = compile((eye: Tensor, turn: Tensor) => photograph(truth.albedo, truth.light, eye, turn));
  const photos = Array.from({ length: photoCount }, (_, k) => {
    const [around, up] = [2.4 * k, (k % 3) - 1];
    const eye = tensor([4 * Math.sin(around), 2 * up, 4 * Math.cos(around)]);
    const turn = tensor([k % 4, 0, 0.5 * k]);
    return { eye, turn, image: take(eye, turn) };
  });

  // how bright the sky is on the whole is known, as by an exposure meter: no picture tells bright light from pale colours
  const mean = truth.light.narrow(0, 0, 1);
  const start = { albedo: full([texels, texels, 3], 0.4), rest: full([8, 3], 0) };
  const found = { albedo: new Parameter(start.albedo), rest: new Parameter(start.rest) };
  const lightOf = (rest: Tensor): Tensor => concat([mean, rest], 0);
  const adam = new Adam([
    { params: [found.albedo], lr: 0.02 },
    { params: [found.rest], lr: 0.04 },
  ]);
  const step = compile((eye: Tensor, turn: Tensor, image: Tensor) => {
    const loss = photograph(found.albedo, lightOf(found.rest), eye, turn).sub(image).square().mean();
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  for (let i = 0; i < run.steps; i++) {
    if (i === Math.floor(0.7 * run.steps)) for (const group of adam.groups) group.lr /= 5;
    const { eye, turn, image } = photos[i % photoCount]!;
    step(eye, turn, image);
  }

  const rms = (a: Tensor, b: Tensor): Promise<number> => a.sub(b).square().mean().sqrt().item();
  const albedo = await Promise.all([start, found].map((each) => rms(each.albedo, truth.albedo)));
  const light = await Promise.all([start, found].map((each) => rms(each.rest, truth.light.narrow(0, 1, 8))));
  const { eye, turn, image } = photos[0]!;
  const [first, last] = [start, found].map((each) => photograph(each.albedo, lightOf(each.rest), eye, turn));
  await writePictures(run, 'sphere', fitPictures(image, first!, last!));
  const large = (t: Tensor): Tensor =>
    t
      .reshape([texels, 1, texels, 1, 3])
      .expand([texels, 4, texels, 4, 3])
      .reshape([4 * texels, 4 * texels, 3]);
  await writePictures(run, 'sphere-albedo', { albedo: large(truth.albedo), found: large(found.albedo) });
  return {
    before: albedo[0]! + light[0]!,
    after: albedo[1]! + light[1]!,
    lines: [
      `RMS error of albedo                      ${albedo.map(show).join(' -> ')}`,
      `RMS error of the 8 x 3 other light numbers    ${light.map(show).join(' -> ')}`,
    ],
  };
}
