import type { FaceScene } from '@chiaro/faces';

/** Where lamps are drawn by `drawFaceScene`, and where a key lamp stands instead, radians: beside the camera, above it. */
const [drawn, key] = [
  { azimuth: 1.6, low: -0.2, high: 1.1 },
  { azimuth: [0.45, 1.15], height: [0.2, 0.9] },
] as const;
/** A key lamp is at least this sharp: 7 degrees wide. */
const leastSharpness = 60;
/** Its irradiance: this much, and this share of what it had. */
const [leastIrradiance, ownShare] = [1.2, 0.6];
/** What is left of the other lamps, and of the ambience. */
const [fill, ambience] = [0.3, 0.5];

const between = ([from, to]: readonly [number, number], share: number): number => from + (to - from) * share;

/**
 * A scene whose brightest lamp is small, stands to one side and gives most of the light, so that the nose and the brow cast
 * shadows that are seen: soft light from all sides does not tell methods with shadows from those without.
 */
export function withKeyLight(scene: FaceScene): FaceScene {
  const [brightest, ...others] = [...scene.lamps].sort((a, b) => b.irradiance[1] - a.irradiance[1]);
  const [x, y, z] = brightest.direction;
  const own = Math.atan2(x, z);
  const azimuth = Math.sign(own) * between(key.azimuth, Math.min(1, Math.abs(own) / drawn.azimuth));
  const height = between(key.height, (Math.asin(y) - drawn.low) / (drawn.high - drawn.low));
  const strength = leastIrradiance + ownShare * brightest.irradiance[1];
  const scaled = (colour: readonly [number, number, number], factor: number): readonly [number, number, number] => [
    colour[0] * factor,
    colour[1] * factor,
    colour[2] * factor,
  ];
  const lamp = {
    direction: [Math.cos(height) * Math.sin(azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)],
    irradiance: scaled(brightest.irradiance, strength / brightest.irradiance[1]),
    sharpness: Math.max(leastSharpness, brightest.sharpness),
  } as const;
  return {
    ...scene,
    ambient: scaled(scene.ambient, ambience),
    lamps: [lamp, ...others.map((each) => ({ ...each, irradiance: scaled(each.irradiance, fill) }))],
  };
}
