import { noGrad, type Tensor } from '@chiaro/autograd';
import { consistentFlow, flowAt, opticalFlow } from '@chiaro/faces';
import { interpolate, rasterize } from '@chiaro/render';
import { pinholeOf, posed } from '../draw/drawHeads.js';
import { HeadParameters, type Head } from './heads.js';
import { drawLit } from './pixelLoss.js';
import type { LitSubject } from './subject.js';

/** Where the flow says that vertices are seen. */
export interface FlowTargets {
  /** [V * 2] pixels, centres at +0.5. */
  readonly places: Float32Array;
  /** [V] 1 where it can be believed, else 0. */
  readonly weights: Float32Array;
}

/** A vertex is seen where it is at most so far behind what its pixel shows, mm. */
const depthTolerance = 4;
/** A step in depth that is an outline within the head, mm. */
const outlineStep = 15;
/** Pixels around an outline whose flow is that of either side. */
const outlineRadius = 2;

/** Of pixels [S * S] of depths, 0 where nothing is: 1 where no outline is near. */
function awayFromOutlines(depths: Float32Array, size: number): Uint8Array {
  const away = new Uint8Array(depths.length);
  for (let y = outlineRadius; y < size - outlineRadius; y++) {
    for (let x = outlineRadius; x < size - outlineRadius; x++) {
      const own = depths[y * size + x];
      let near = own === 0;
      for (let j = -outlineRadius; j <= outlineRadius && !near; j++) {
        for (let i = -outlineRadius; i <= outlineRadius && !near; i++) {
          const there = depths[(y + j) * size + x + i];
          near = there === 0 || Math.abs(there - own) > outlineStep;
        }
      }
      away[y * size + x] = near ? 0 : 1;
    }
  }
  return away;
}

/**
 * The d_i of eq. 8: dense flow from the avatar as it is drawn at the heads of step 1, in the light of step 2, to the photograph.
 * Vertices that are hidden, at an outline, or whose flow does not lead back are left out. Behind the head stands the photograph
 * itself, so that nothing moves there.
 * @param photo [S, S, 3] linear RGB. @param light [L]
 */
export async function flowTargets(subject: LitSubject, head: Head, light: Tensor, photo: Tensor): Promise<FlowTargets> {
  const { avatar, camera } = subject;
  const { size } = camera;
  const lens = pinholeOf(camera);
  const drawn = noGrad(() => {
    const pose = new HeadParameters([head]).poses();
    const { images, coverage, positions } = drawLit(subject, pose, light);
    const placed = posed(positions, pose);
    const hit = rasterize(lens.project(placed), avatar.mesh.triangles, { width: size, height: size });
    const pixels = lens.toPixels(placed);
    const depths = interpolate(pixels.narrow(2, 2, 1), hit, avatar.mesh.triangles).value.where(hit.mask, 0);
    return [images.add(photo.unsqueeze(0).mul(coverage.neg().add(1))), photo, pixels, depths] as const;
  });
  const [image, seen, pixels, depths] = await Promise.all(
    drawn.map(async (t) => Float32Array.from((await t.data()) as Float32Array)),
  );
  const picture = (data: Float32Array) => ({ width: size, height: size, channels: 3, data }) as const;
  const [there, back] = [opticalFlow(picture(image), picture(seen)), opticalFlow(picture(seen), picture(image))];
  const shape = [size, size] as const;
  const believed = consistentFlow(there, back, shape);
  const clear = awayFromOutlines(depths, size);
  const count = pixels.length / 3;
  const places = new Float32Array(2 * count);
  const weights = new Float32Array(count);
  for (let v = 0; v < count; v++) {
    const [x, y, depth] = pixels.subarray(3 * v, 3 * v + 3);
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (!(column >= 0 && row >= 0 && column < size && row < size)) continue;
    const pixel = row * size + column;
    if (believed[pixel] === 0 || clear[pixel] === 0 || depth - depths[pixel] > depthTolerance) continue;
    const [dx, dy] = flowAt(there, shape, x - 0.5, y - 0.5);
    places.set([x + dx, y + dy], 2 * v);
    weights[v] = 1;
  }
  return { places, weights };
}
