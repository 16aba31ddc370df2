import { mesh, planeShape } from '../engine.js';
import { describe, expect, it } from 'vitest';
import { exposedSkin } from './exposedSkin.js';

/** A flat "face" over [0, 100]^2 pixels whose landmarks' outline is the disc of radius 25 about (50, 60). */
function scene(colourAt: (x: number, y: number) => readonly number[]) {
  const shape = planeShape({ size: 100, cells: 40 });
  const count = shape.positions.length / 3;
  const pixels = Float32Array.from({ length: 2 * count }, (_, i) => shape.positions[3 * (i >> 1) + (i % 2)] + 50);
  const landmarks = new Float32Array(136);
  for (let k = 0; k < 27; k++) {
    const angle = k <= 16 ? Math.PI - (Math.PI * k) / 16 : Math.PI + (Math.PI * (k - 16)) / 11;
    landmarks.set([50 + 25 * Math.cos(angle), 60 + 25 * Math.sin(angle)], 2 * k);
  }
  const evidence = {
    topology: mesh(shape).topology,
    rendered: new Float32Array(3 * count).fill(0.6),
    seen: Float32Array.from({ length: 3 * count }, (_, i) => {
      const v = Math.floor(i / 3);
      return colourAt(pixels[2 * v], pixels[2 * v + 1])[i % 3];
    }),
    pixels,
    weights: new Float32Array(count).fill(1),
    landmarks,
  };
  const skin = exposedSkin(evidence);
  return (x: number, y: number): number => {
    let [best, least] = [0, Infinity];
    for (let v = 0; v < count; v++) {
      const d = (pixels[2 * v] - x) ** 2 + (pixels[2 * v + 1] - y) ** 2;
      if (d < least) [best, least] = [v, d];
    }
    return skin[best];
  };
}

const skinTone = [0.62, 0.58, 0.6];
const hair = [0.15, 0.1, 0.08];

describe('exposedSkin', () => {
  it('keeps the forehead, leaves out a hat and what lies beyond it', () => {
    const at = scene((_, y) => (y < 20 && y > 10 ? hair : skinTone));
    expect(at(50, 28)).toBe(1); // forehead
    expect(at(50, 15)).toBe(0); // hat
    expect(at(50, 3)).toBe(0); // of the skin's colour, but cut off by it
  });

  it('keeps everything inside of the outline, a beard too', () => {
    const at = scene((_, y) => (y > 65 ? hair : skinTone));
    expect(at(50, 75)).toBeGreaterThan(0.9);
    expect(at(50, 95)).toBe(0);
  });
});
