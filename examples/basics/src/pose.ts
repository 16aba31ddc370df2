// The pose of a known object from one photograph, with the vertex renderer: every vertex is shaded by spherical harmonics
// and compared with the photograph at the pixel that it projects to. No ray is traced in the loop.
import { compile, concat, Parameter, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import {
  axisAngle,
  environmentFromSH,
  lambert,
  pathTrace,
  perspective,
  projectEnvironment,
  pyramid,
  renderVertices,
  sampleImage,
} from '@chiaro/render';
import type { Mesh, PathTraced } from '@chiaro/render';
import { sky, suzanne } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

/** Soft waves of colour over the surface, so that there is something to hold on to: [V, 3] albedo. */
const paint = (positions: Tensor): Tensor =>
  positions
    .matmul(tensor([4, 1, 2, 2, 5, 1, 1, 2, 4], [3, 3]))
    .sin()
    .mul(0.3)
    .add(tensor([0.45, 0.4, 0.35]));

interface Pose {
  readonly turn: Tensor;
  readonly shift: Tensor;
}

export async function pose(run: Run): Promise<Result> {
  const { size, spp, steps } = run;
  const model = await suzanne();
  const bsdf = lambert({ albedo: paint(model.positions) });
  const light = projectEnvironment((await sky('forest')).mul(0.8), { degree: 4 });
  const camera = perspective({ fovY: 0.6, width: size, height: size, position: [0, 0, 4] });

  /** The mesh as it stands in the world. */
  const placed = ({ turn, shift }: Pose): Mesh => {
    const rotation = axisAngle(turn);
    return { ...model, positions: rotation.apply(model.positions).add(shift), normals: rotation.apply(model.normals!) };
  };
  const photograph = (at: Pose): PathTraced => {
    const emitters = [{ ...environmentFromSH(light, { height: 32 }), background: false }];
    return pathTrace({ shapes: [{ mesh: placed(at), bsdf }], emitters }, camera, { spp, seed: 2 });
  };

  const truth = { turn: tensor([0.1, 0.35, -0.05]), shift: tensor([0.12, -0.05, 0.1]) };
  const start = { turn: tensor([0.3, 0, 0.1]), shift: tensor([-0.1, 0.1, -0.2]) };
  const found = { turn: new Parameter(start.turn), shift: new Parameter(start.shift) };
  const target = photograph(truth);

  // coarse to fine: halves of halves of the photograph reach farther. Colour is divided by coverage, so that no blurred
  // border pulls at the object.
  const cutOut = concat([target.image, target.mask.unsqueeze(2)], 2).unsqueeze(0);
  const levels = pyramid(cutOut, 3).map((image, k) => ({ image, scale: 2 ** -k }));
  const adam = new Adam([
    { params: [found.turn], lr: 0.01 },
    { params: [found.shift], lr: 0.01 },
  ]);
  for (const { image, scale } of levels.reverse()) {
    for (const group of adam.groups) group.lr = 0.002 / scale;
    const step = compile(() => {
      const { colors, weights, pixels } = renderVertices({ mesh: placed(found), bsdf }, light, camera);
      const seen = sampleImage(image, pixels.mul(scale));
      const coverage = seen.narrow(1, 3, 1);
      const difference = colors.sub(seen.narrow(1, 0, 3).div(coverage.clamp(0.01))).abs();
      const inside = difference.mean(1, true).mul(coverage.detach());
      const outside = coverage.neg().add(1).mul(0.2); // where the photograph shows nothing, no vertex should be
      const loss = inside.add(outside).squeeze(1).mul(weights).sum().div(weights.sum());
      loss.backward();
      adam.step();
      adam.zeroGrad();
      return loss;
    });
    for (let i = 0; i < Math.ceil(steps / levels.length); i++) step();
  }

  const distance = (p: Pose): Tensor => placed(p).positions.sub(placed(truth).positions).square().sum(1).sqrt().mean();
  const [before, after] = [await distance(start).item(), await distance(found).item()];
  await writePictures(run, 'pose', fitPictures(target.image, photograph(start).image, photograph(found).image));
  return {
    before,
    after,
    lines: [
      `mean distance of vertices, of ${show(1.86)} width    ${show(before)} -> ${show(after)}`,
      `rotation vector, radians                  ${Array.from(await found.turn.data(), show).join(', ')} (true 0.1, 0.35, -0.05)`,
      `position                                  ${Array.from(await found.shift.data(), show).join(', ')} (true 0.12, -0.05, 0.1)`,
    ],
  };
}
