import type { SceneLens } from './faceScene.js';

type Distortion = SceneLens['distortion'];

/** Where a lens moves a point of the plane at distance 1, y downwards; see `LensOptions` of @chiaro/render. */
export function distortedPoint([k1, k2, p1, p2, k3]: Distortion, x: number, y: number): [number, number] {
  const s = x * x + y * y;
  const radial = 1 + s * (k1 + s * (k2 + s * k3));
  return [x * radial + 2 * p1 * x * y + p2 * (s + 2 * x * x), y * radial + p1 * (s + 2 * y * y) + 2 * p2 * x * y];
}

/** The point that a lens moves there, by fixed-point steps, which for the weak lenses of cameras converge at once. */
export function undistortedPoint(distortion: Distortion, x: number, y: number): [number, number] {
  let [u, v] = [x, y];
  for (let k = 0; k < 30; k++) {
    const [a, b] = distortedPoint(distortion, u, v);
    [u, v] = [u + x - a, v + y - b];
  }
  return [u, v];
}
