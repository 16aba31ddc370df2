// Environment maps: those that the faces are photographed under, and those that they are relit with.
import { tensor } from '@chiaro/autograd';
import { texelDirections } from '@chiaro/render';
import { randomSource } from '../face-model/random.mjs';

const unit = (v) => v.map((x) => x / Math.hypot(...v));

/** A lamp of the irradiance `colour` on what faces it; radiance exp(sharpness (cos - 1)) about its direction. */
const lamp = (direction, colour, sharpness) => ({ direction: unit(direction), colour, sharpness });

/**
 * Lat-long radiance [height, 2 height, 3] in the camera's frame.
 * @param sky { up, level, down } radiances, blended by height.
 */
export function lightMap({ sky, lamps }, height = 64) {
  const size = { height, width: 2 * height };
  const directions = texelDirections(size);
  const data = new Float32Array(size.height * size.width * 3);
  for (let t = 0; t < size.height * size.width; t++) {
    const d = directions.subarray(3 * t, 3 * t + 3);
    const end = d[1] > 0 ? sky.up : sky.down;
    for (let c = 0; c < 3; c++) data[3 * t + c] = sky.level[c] + (end[c] - sky.level[c]) * Math.sqrt(Math.abs(d[1]));
    for (const { direction: l, colour, sharpness } of lamps) {
      const value = Math.exp(sharpness * (d[0] * l[0] + d[1] * l[1] + d[2] * l[2] - 1));
      for (let c = 0; c < 3; c++) data[3 * t + c] += (colour[c] * sharpness * value) / (2 * Math.PI);
    }
  }
  return tensor(data, [size.height, size.width, 3]);
}

const even = (radiance) => ({ up: radiance, level: radiance, down: radiance });

/** Kinds of light that faces are photographed under: { sky, key (irradiance, sharpness), fill }. */
const kinds = {
  sun: {
    sky: { up: [0.28, 0.36, 0.5], level: [0.42, 0.46, 0.52], down: [0.16, 0.14, 0.11] },
    key: [[3.6, 3.2, 2.6], 600],
    fill: [],
  },
  window: {
    sky: even([0.2, 0.17, 0.13]),
    key: [[2.4, 2.6, 2.9], 100],
    fill: [lamp([0, 1.2, -0.3], [0.5, 0.4, 0.25], 20)],
  },
  lamps: {
    sky: even([0.16, 0.16, 0.16]),
    key: [[3, 2.6, 2], 300],
    fill: [lamp([0, 0.1, 1], [0.5, 0.55, 0.7], 40)],
  },
};

/**
 * The light of a face: { kind, sky, lamps }. The first lamp casts the shadows: it stands to one side of where the face
 * looks, and above, so that the nose hides a part of the cheek from it.
 * @param yaw of the head, radians.
 */
export function photoLight(number, yaw) {
  const random = randomSource(7919 * number + 5);
  const between = (low, high) => low + (high - low) * random.uniform();
  const kind = Object.keys(kinds)[number % 3];
  const { sky, key, fill } = kinds[kind];
  const side = random.uniform() < 0.5 ? -1 : 1;
  const [azimuth, height] = [yaw + side * between(0.75, 1.15), between(0.35, 0.85)];
  const direction = [Math.cos(height) * Math.sin(azimuth), Math.sin(height), Math.cos(height) * Math.cos(azimuth)];
  return { kind, sky, lamps: [lamp(direction, ...key), ...fill] };
}

/** A light times a factor. */
export const exposed = ({ sky, lamps, ...rest }, factor) => {
  const times = (colour) => colour.map((x) => x * factor);
  return {
    ...rest,
    sky: Object.fromEntries(Object.entries(sky).map(([name, colour]) => [name, times(colour)])),
    lamps: lamps.map((l) => ({ ...l, colour: times(l.colour) })),
  };
};

/** Eight lights that no photograph is taken under: one lamp from all around, high and low in turn. */
export const trialLights = Array.from({ length: 8 }, (_, k) => {
  const angle = (2 * Math.PI * k) / 8;
  const direction = [Math.sin(angle), k % 2 === 0 ? 0.25 : 0.7, 0.45 + 0.45 * Math.cos(angle)];
  return { sky: even([0.15, 0.15, 0.17]), lamps: [lamp(direction, [2.3, 2.2, 2], 100)] };
});

/** Directions within a lamp, evenly over the cone that holds most of its light. */
export function lampDirections({ direction, sharpness }, count = 8) {
  const radius = 1.2 / Math.sqrt(sharpness);
  const side = unit(Math.abs(direction[1]) < 0.9 ? [direction[2], 0, -direction[0]] : [1, 0, 0]);
  const [x, y, z] = direction;
  const up = [y * side[2] - z * side[1], z * side[0] - x * side[2], x * side[1] - y * side[0]];
  return Array.from({ length: count }, (_, k) => {
    const [r, angle] = [radius * Math.sqrt((k + 0.5) / count), k * 2.399963];
    const [a, b] = [r * Math.cos(angle), r * Math.sin(angle)];
    return unit(direction.map((d, c) => d + a * side[c] + b * up[c]));
  });
}
