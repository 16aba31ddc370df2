// How a known object stands, from its outline alone, seen from three sides: the gradient of visibility at silhouettes.
import { compile, Parameter, stack, tensor, type Tensor } from '@chiaro/autograd';
import { Adam } from '@chiaro/nn';
import { antialias, axisAngle, lookAt, perspective, pyramid, rasterize } from '@chiaro/render';
import { suzanne } from './objects.js';
import { fitPictures, show, writePictures, type Result, type Run } from './report.js';

interface Pose {
  readonly turn: Tensor;
  readonly shift: Tensor;
}

export async function silhouettes(run: Run): Promise<Result> {
  const { size, steps } = run;
  const { positions, triangles, topology } = await suzanne();
  const cameras = [
    [0, 0, 5],
    [4.4, 0.6, 2.2],
    [-1.5, 4, 2.5],
  ].map((eye) =>
    perspective({ fovY: 0.6, width: size, height: size, ...lookAt(eye as [number, number, number], [0, 0, 0]) }),
  );
  const placed = ({ turn, shift }: Pose): Tensor => axisAngle(turn).apply(positions).add(shift);
  /** What each camera sees: [3, size, size, 1], the share of every pixel that is covered. */
  const outlines = (pose: Pose): Tensor => {
    const points = placed(pose);
    const clip = stack(cameras.map((camera) => camera.project(points)));
    const hit = rasterize(clip, triangles, { width: size, height: size });
    return antialias(hit.mask.to('float32'), hit, clip, topology);
  };

  const truth = { turn: tensor([0.2, 0.5, -0.1]), shift: tensor([0.15, -0.1, 0.2]) };
  const start = { turn: tensor([-0.2, -0.1, 0.3]), shift: tensor([-0.15, 0.1, -0.2]) };
  const found = { turn: new Parameter(start.turn), shift: new Parameter(start.shift) };
  const target = outlines(truth);

  const adam = new Adam(found, { lr: 0.02 });
  const step = compile(() => {
    // halves of halves see outlines that are far apart
    const loss = pyramid(outlines(found).sub(target), 5)
      .map((level) => level.square().mean())
      .reduce((a, b) => a.add(b));
    loss.backward();
    adam.step();
    adam.zeroGrad();
    return loss;
  });
  for (let i = 0; i < steps; i++) {
    if (i === Math.floor(0.7 * steps)) adam.groups[0]!.lr /= 5;
    step();
  }

  const distance = (p: Pose): Promise<number> => placed(p).sub(placed(truth)).square().sum(1).sqrt().mean().item();
  const [before, after] = [await distance(start), await distance(found)];
  const row = (pose: Pose): Tensor => {
    const all = outlines(pose);
    return all
      .permute([1, 0, 2, 3])
      .reshape([size, 3 * size, 1])
      .expand([size, 3 * size, 3]);
  };
  await writePictures(run, 'silhouettes', fitPictures(row(truth), row(start), row(found)), 'vertical');
  return {
    before,
    after,
    lines: [
      `mean distance of vertices, of 1.86 width  ${show(before)} -> ${show(after)}`,
      `rotation vector, radians                  ${Array.from(await found.turn.data(), show).join(', ')} (true 0.2, 0.5, -0.1)`,
      `position                                  ${Array.from(await found.shift.data(), show).join(', ')} (true 0.15, -0.1, 0.2)`,
    ],
  };
}
