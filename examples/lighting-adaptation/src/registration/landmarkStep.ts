import { tensor } from '@chiaro/autograd';
import { pinholeOf, posed, viewVectors } from '../draw/drawHeads.js';
import { HeadParameters, type Head } from './heads.js';
import { Minimiser, type MinimiseOptions, type Schedule } from './minimise.js';
import type { Subject } from './subject.js';

/** Step 1's options. */
export interface LandmarkStepOptions extends Schedule {
  /** Weight of the mean square of the codes beside pixels squared; the paper has none. */
  readonly codePrior: number;
}

/** Where a head that looks at the camera would have landmarks of this middle and extent. */
function facing(mean: ArrayLike<number>, seen: ArrayLike<number>, { camera, avatar }: Subject): Head {
  const middle = (list: ArrayLike<number>, c: number, width: number): number => {
    let sum = 0;
    for (let k = c; k < list.length; k += width) sum += list[k];
    return (sum * width) / list.length;
  };
  const spread = (list: ArrayLike<number>, width: number): number => {
    const [x, y] = [middle(list, 0, width), middle(list, 1, width)];
    let sum = 0;
    for (let k = 0; k < list.length; k += width) sum += (list[k] - x) ** 2 + (list[k + 1] - y) ** 2;
    return Math.sqrt((sum * width) / list.length);
  };
  const depth = (camera.focal * spread(mean, 3)) / spread(seen, 2);
  const away = (pixels: number): number => ((pixels - camera.size / 2) * depth) / camera.focal;
  return {
    rotation: [0, 0, 0],
    translation: [
      away(middle(seen, 0, 2)) - middle(mean, 0, 3),
      -away(middle(seen, 1, 2)) - middle(mean, 1, 3),
      -depth - middle(mean, 2, 3),
    ],
    code: new Array<number>(avatar.codeSize).fill(0),
  };
}

/**
 * Step 1, eq. 6: heads whose landmark vertices are seen where landmarks were found; all frames at once, none of which sees
 * another. The loss is the mean over frames and landmarks of squared pixels.
 * @param landmarks [68 * 2] pixels (centres at +0.5) of each frame.
 * @returns a head for each frame; the rotation starts at a head that looks at the camera.
 */
export async function headsOfLandmarks(
  subject: Subject,
  landmarks: readonly ArrayLike<number>[],
  options: LandmarkStepOptions,
  told: MinimiseOptions = {},
): Promise<Head[]> {
  const { avatar, camera } = subject;
  const mean = await avatar.mesh.positions.data();
  const marks = Array.from(subject.landmarks);
  const meanMarks = marks.flatMap((v) => [mean[3 * v], mean[3 * v + 1], mean[3 * v + 2]]);
  const heads = new HeadParameters(landmarks.map((seen) => facing(meanMarks, seen, subject)));
  const rows = tensor(Int32Array.from(marks));
  const target = tensor(Float32Array.from(landmarks.flatMap((l) => Array.from(l))), [
    landmarks.length,
    marks.length,
    2,
  ]);
  const lens = pinholeOf(camera);
  const minimiser = new Minimiser(heads.parameters(), avatar.parameters(), () => {
    const { codes, ...poses } = heads.poses();
    const { positions } = avatar.decode(codes, viewVectors(poses));
    const pixels = lens.toPixels(posed(positions.indexSelect(1, rows), poses)).narrow(2, 0, 2);
    return pixels.sub(target).square().sum(2).mean().add(codes.square().mean().mul(options.codePrior));
  });
  await minimiser.run(options, () => [], told);
  return heads.read();
}
