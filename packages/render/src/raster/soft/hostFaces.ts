import { compileToJS } from '../../engine.js';
import type { HostTensor } from '../../engine.js';
import { faceUnderPixel } from './faceUnderPixel.js';
import { leastArea } from './tiles.wgsl.js';
import { leastLogit } from './tileLists.js';
import type { SoftOptions } from './tileLists.js';

/** A triangle that takes part in a pixel, on the host. */
export interface HostFace {
  /** Rows of clip coordinates and of attributes at its corners. */
  readonly rows: readonly number[];
  readonly attributeRows: readonly number[];
  /** Arguments of `faceUnderPixel`: twelve coordinates, then the pixel's. */
  readonly args: readonly number[];
  readonly share: number;
  /** 1 - depth: greater is nearer. */
  readonly nearness: number;
  /** Weights of the three corners. */
  readonly weights: readonly [number, number, number];
}

const onHost = compileToJS(faceUnderPixel);

/** All triangles that take part in a pixel, by looking at every one. */
export function facesOfPixel(
  { clip, triangles }: Readonly<Record<'clip' | 'triangles', HostTensor>>,
  pixel: number,
  { width, height, vertices, attributeRows, sigma }: SoftOptions,
): HostFace[] {
  const frame = Math.floor(pixel / (width * height));
  const at = [(pixel % width) + 0.5 - width / 2, (Math.floor(pixel / width) % height) + 0.5 - height / 2];
  const faces: HostFace[] = [];
  for (let f = 0; 3 * f < triangles.data.length; f++) {
    const numbers = [0, 1, 2].map((k) => triangles.data[3 * f + k]);
    if (!numbers.every((n) => n >= 0 && n < vertices)) continue;
    const rows = numbers.map((n) => frame * vertices + n);
    const corners = rows.flatMap((row) => [...clip.data.slice(4 * row, 4 * row + 4)]);
    if (!isDrawn(corners, width / 2, height / 2)) continue;
    const args = [...corners, ...at, width / 2, -height / 2, sigma];
    const [logit, depth, u, v] = onHost(...args);
    if (!(logit >= leastLogit && depth >= 0 && depth <= 1)) continue;
    const share = 1 / (1 + Math.exp(-logit));
    const own = numbers.map((n) => frame * attributeRows + n);
    faces.push({ rows, attributeRows: own, args, share, nearness: 1 - depth, weights: [1 - u - v, u, v] });
  }
  return faces;
}

function isDrawn(corners: readonly number[], halfWidth: number, halfHeight: number): boolean {
  if (!corners.every(Number.isFinite) || [3, 7, 11].some((k) => corners[k] <= 0)) return false;
  const [ax, ay, bx, by, cx, cy] = [0, 4, 8].flatMap((k) => [
    (corners[k] / corners[k + 3]) * halfWidth,
    (corners[k + 1] / corners[k + 3]) * halfHeight,
  ]);
  return Math.abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) >= leastArea;
}
