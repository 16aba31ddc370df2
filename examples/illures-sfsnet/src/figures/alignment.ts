import { noGrad, tensor } from '@chiaro/autograd';
import { contourMap } from '../contours.js';
import type { VideoFrame } from '../data/frames.js';
import type { TakenApart } from '../evaluate/decompose.js';
import type { AlignNet } from '../networks/alignNet.js';
import { saveSheet, shownNormals, shownValues, within } from './sheet.js';

/** What phi makes of a map [S * S * 3] of a face for the contours of another one, eq. 5 and 6. */
async function aligned(net: AlignNet, map: ArrayLike<number>, from: VideoFrame, to: VideoFrame): Promise<Float32Array> {
  const { size } = from;
  const contours = [from, to].map(({ landmarks }) => tensor(contourMap(landmarks, size), [1, size, size, 1]));
  const values = Float32Array.from(map, (x, i) => x * from.mask[Math.floor(i / 3)]);
  const { training } = net;
  net.eval();
  const result = noGrad(() => net.align(contours[0], contours[1], tensor(values, [1, size, size, 3])));
  net.train(training);
  return Float32Array.from(await result.data());
}

/**
 * Figure 4: for each pair of frames a row of frame i, frame j, contours of both; albedo of i, of j, that of i aligned with j;
 * the same of normals.
 * @param found decompositions of both frames of each pair.
 */
export async function saveAlignments(
  path: string,
  { albedo, normals }: { readonly albedo: AlignNet; readonly normals: AlignNet },
  pairs: readonly (readonly [VideoFrame, VideoFrame])[],
  found: readonly (readonly [TakenApart, TakenApart])[],
  zoom = 2,
): Promise<void> {
  const rows = await Promise.all(
    pairs.map(async ([i, j], k) => {
      const [a, b] = found[k];
      return [
        ...[i.image, j.image],
        ...[i, j].map(({ landmarks, size }) => shownValues(contourMap(landmarks, size))),
        ...[within(a.albedo, i.mask), within(b.albedo, j.mask)],
        within(await aligned(albedo, a.albedo, i, j), j.mask),
        ...[within(shownNormals(a.normals), i.mask), within(shownNormals(b.normals), j.mask)],
        within(shownNormals(await aligned(normals, a.normals, i, j)), j.mask),
      ];
    }),
  );
  await saveSheet(path, rows.flat(), { columns: 10, zoom });
}
