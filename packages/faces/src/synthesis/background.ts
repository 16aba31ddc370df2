import { ShapeError } from '../engine.js';
import { farRadiance } from './sceneLight.js';
import type { LightMaps } from './sceneLight.js';
import type { FaceScene } from './faceScene.js';
import { unit } from './frames.js';
import type { Triple } from './frames.js';
import { undistortedPoint } from './lensOnHost.js';

/** What is behind the head. Radiance is linear RGB, as that of the light. */
export type Background =
  | { readonly kind: 'constant'; readonly radiance: Triple }
  /** From one colour to another across the picture, in a direction: radians from +X towards +Y. */
  | { readonly kind: 'gradient'; readonly from: Triple; readonly to: Triple; readonly angle: number }
  /** The scene's own far light. */
  | { readonly kind: 'environment' }
  /**
   * A picture of the user's by its name: the largest square about a point of it (0 to 1 from its top left corner),
   * times a gain.
   */
  | { readonly kind: 'image'; readonly image: string; readonly at: readonly [number, number]; readonly gain: number };

/** A picture on the host: [H * W * 3] linear RGB. */
export interface HostPicture {
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** The user's pictures, by the names that scenes call them. */
export type Pictures = Readonly<Record<string, HostPicture>>;

const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/**
 * The background of a scene, [S * S * 3] linear RGB at the pixels' middles, as if there were no head.
 * @throws ShapeError where the scene names a picture or a map that is not there.
 */
export function backgroundImage(scene: FaceScene, pictures: Pictures = {}, maps?: LightMaps): Float32Array {
  const { size, focal, background, lens } = scene;
  const image = new Float32Array(size * size * 3);
  if (!background) return image;
  const fill = (at: (x: number, y: number) => ArrayLike<number>): Float32Array => {
    for (let k = 0; k < size * size; k++) image.set(at((k % size) + 0.5, Math.floor(k / size) + 0.5), 3 * k);
    return image;
  };
  switch (background.kind) {
    case 'constant':
      return fill(() => background.radiance);
    case 'gradient': {
      const { from, to, angle } = background;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const reach = Math.abs(c) + Math.abs(s);
      return fill((x, y) => {
        const share = 0.5 + (c * (x / size - 0.5) - s * (y / size - 0.5)) / reach;
        return from.map((v, k) => v + share * (to[k] - v));
      });
    }
    case 'environment': {
      const directions = new Float64Array(image.length);
      for (let k = 0; k < size * size; k++) {
        const plane = [((k % size) + 0.5 - size / 2) / focal, (Math.floor(k / size) + 0.5 - size / 2) / focal] as const;
        const [x, y] = lens ? undistortedPoint(lens.distortion, ...plane) : plane;
        directions.set(unit([x, -y, -1]), 3 * k);
      }
      return farRadiance(scene, directions, identity, maps);
    }
    case 'image': {
      const picture = pictures[background.image] as HostPicture | undefined;
      if (!picture) {
        const known = Object.keys(pictures).join(', ') || 'none';
        throw new ShapeError(`the scene is before the picture '${background.image}', but those given are: ${known}`);
      }
      const { height, width, data } = picture;
      const most = Math.min(height, width);
      const [left, top] = [background.at[0] * (width - most), background.at[1] * (height - most)];
      const cell = most / size;
      return fill((x, y) => {
        const [x0, x1] = [Math.floor(left + (x - 0.5) * cell), Math.ceil(left + (x + 0.5) * cell)];
        const [y0, y1] = [Math.floor(top + (y - 0.5) * cell), Math.ceil(top + (y + 0.5) * cell)];
        const sum = [0, 0, 0];
        let count = 0;
        for (let row = y0; row < Math.min(y1, height); row++)
          for (let column = x0; column < Math.min(x1, width); column++, count++)
            for (let c = 0; c < 3; c++) sum[c] += data[3 * (row * width + column) + c];
        return sum.map((v) => (background.gain * v) / Math.max(1, count));
      });
    }
  }
}
