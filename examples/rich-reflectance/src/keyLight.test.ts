import { drawFaceScene, loadFaceModel } from '@chiaro/faces';
import { expect, it } from 'vitest';
import { withKeyLight } from './keyLight.js';

it('one small lamp to the side gives most of the light, of the colour that it had', async () => {
  const model = await loadFaceModel();
  const sides = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const drawn = await drawFaceScene(model, seed, { size: 8 });
    const { lamps, ambient, ...rest } = withKeyLight(drawn);
    expect({ ...rest, lamps: drawn.lamps, ambient: drawn.ambient }).toEqual(drawn);
    const [key, ...others] = lamps;
    const [x, y, z] = key.direction;
    expect(Math.hypot(x, y, z)).toBeCloseTo(1, 6);
    const azimuth = Math.atan2(x, z);
    expect(Math.abs(azimuth)).toBeGreaterThan(0.44);
    expect(Math.abs(azimuth)).toBeLessThan(1.16);
    expect(Math.asin(y)).toBeGreaterThan(0.19);
    expect(Math.asin(y)).toBeLessThan(0.91);
    sides.add(Math.sign(azimuth));
    // a lamp of sharpness k is some 1 / sqrt(k) wide
    expect(1 / Math.sqrt(key.sharpness)).toBeLessThan((7.5 * Math.PI) / 180);
    const brightest = drawn.lamps.reduce((a, b) => (b.irradiance[1] > a.irradiance[1] ? b : a));
    expect(key.irradiance[0] / key.irradiance[2]).toBeCloseTo(brightest.irradiance[0] / brightest.irradiance[2], 6);
    const fill = others.reduce((sum, { irradiance }) => sum + irradiance[1], Math.PI * ambient[1]);
    expect(key.irradiance[1]).toBeGreaterThan(fill);
  }
  expect([...sides].sort()).toEqual([-1, 1]);
});
