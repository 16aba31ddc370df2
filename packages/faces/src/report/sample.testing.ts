import { vec3 } from 'gl-matrix';
import type { FitResult, HostImage, LossCurve, StageRecord } from '../fit/types.js';
import { fitStages } from '../fit/types.js';
import { linearToBytes } from '../engine.js';
import type { Photo } from '../photo/photo.js';

/** A made-up result: an egg with a nose, eyes and a mouth, by sphere tracing on the host. For tests of what shows results. */

type RGB = readonly [number, number, number];

const bump = (p: vec3, x: number, y: number, width: number, height: number): number =>
  Math.exp(-(((p[0] - x) / width) ** 2) - ((p[1] - y) / height) ** 2);

/** Distance to the egg, roughly; radius about 1. */
function distance(p: vec3): number {
  const front = p[2] > 0 ? 1 : 0;
  const relief =
    0.24 * bump(p, 0, -0.08, 0.13, 0.22) - 0.08 * (bump(p, -0.3, 0.2, 0.16, 0.1) + bump(p, 0.3, 0.2, 0.16, 0.1));
  const lips = 0.05 * bump(p, 0, -0.47, 0.22, 0.07);
  return 0.7 * (Math.hypot(p[0] / 0.74, p[1] / 1.0, p[2] / 0.85) - 1 - front * (relief + lips));
}

function albedoAt(p: vec3): RGB {
  const mix = (a: RGB, b: RGB, t: number): RGB => [0, 1, 2].map((k) => a[k] + t * (b[k] - a[k])) as unknown as RGB;
  let color: RGB = [0.48, 0.26, 0.18];
  color = mix(color, [0.5, 0.2, 0.15], 0.6 * (bump(p, -0.38, -0.2, 0.2, 0.2) + bump(p, 0.38, -0.2, 0.2, 0.2)));
  if (p[2] < 0) return color;
  color = mix(color, [0.38, 0.09, 0.08], Math.min(1, 1.6 * bump(p, 0, -0.47, 0.2, 0.05)));
  for (const side of [-0.3, 0.3]) {
    color = mix(color, [0.06, 0.035, 0.025], Math.min(1, 1.5 * bump(p, side, 0.4, 0.19, 0.045)));
    color = mix(color, [0.7, 0.68, 0.66], Math.min(1, 2 * bump(p, side, 0.2, 0.09, 0.04)));
    color = mix(color, [0.03, 0.02, 0.02], Math.min(1, 2 * bump(p, side, 0.2, 0.035, 0.045)));
  }
  return color;
}

const gradient = (p: vec3): vec3 => {
  const at = (k: number, h: number): number =>
    distance(vec3.set(vec3.create(), p[0] + (k === 0 ? h : 0), p[1] + (k === 1 ? h : 0), p[2] + (k === 2 ? h : 0)));
  const n = [0, 1, 2].map((k) => at(k, 1e-3) - at(k, -1e-3)) as [number, number, number];
  return vec3.normalize(vec3.create(), n);
};

interface Lamp {
  readonly direction: RGB;
  readonly color: RGB;
}

const daylight: readonly Lamp[] = [
  { direction: [-0.6, 0.5, 0.62], color: [1.7, 1.55, 1.35] },
  { direction: [0.8, 0.1, 0.4], color: [0.25, 0.32, 0.45] },
];

const image = (width: number, height: number, channels: 1 | 3): HostImage & { readonly data: Float32Array } => ({
  width,
  height,
  channels,
  data: new Float32Array(width * height * channels),
});

/** All maps of one view of the egg, turned by an angle (radians) about the vertical. */
function render(size: number, angle: number, lamps: readonly Lamp[]) {
  const [color, shading, normals, diffuse, specular] = Array.from({ length: 5 }, () => image(size, size, 3));
  const mask = image(size, size, 1);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const toObject = (x: number, y: number, z: number): vec3 => vec3.set(vec3.create(), c * x - s * z, y, s * x + c * z);
  for (let k = 0; k < size * size; k++) {
    const [x, y] = [(2.4 * ((k % size) + 0.5)) / size - 1.2, 1.2 - (2.4 * (Math.floor(k / size) + 0.5)) / size];
    let z = 1.3;
    for (let step = 0; step < 40 && z > -1; step++) {
      const d = distance(toObject(x, y, z));
      if (d < 1e-3) break;
      z -= Math.max(d, 1e-3);
    }
    if (z <= -1 || distance(toObject(x, y, z)) > 0.02) continue;
    const at = toObject(x, y, z);
    const m = gradient(at);
    const n: RGB = [c * m[0] + s * m[2], m[1], c * m[2] - s * m[0]];
    const light = [0.22, 0.24, 0.28];
    const gloss = [0, 0, 0];
    for (const { direction: d, color: lamp } of lamps) {
      const cosine = Math.max(0, n[0] * d[0] + n[1] * d[1] + n[2] * d[2]);
      const half = vec3.normalize(vec3.create(), [d[0], d[1], d[2] + 1]);
      const sheen = Math.max(0, n[0] * half[0] + n[1] * half[1] + n[2] * half[2]) ** 40;
      for (let q = 0; q < 3; q++) {
        light[q] += cosine * lamp[q];
        gloss[q] += 0.12 * sheen * lamp[q];
      }
    }
    const albedo = albedoAt(at);
    mask.data[k] = 1;
    for (let q = 0; q < 3; q++) {
      diffuse.data[3 * k + q] = albedo[q];
      normals.data[3 * k + q] = n[q];
      shading.data[3 * k + q] = light[q];
      specular.data[3 * k + q] = 0.028 + 0.012 * bump(at, 0, 0, 0.3, 0.6);
      color.data[3 * k + q] = albedo[q] * light[q] + gloss[q];
    }
  }
  return { color, shading, normals, diffuse, specular, mask };
}

function sphere(height: number, lamps: readonly Lamp[]): HostImage {
  const map = image(2 * height, height, 3);
  for (let k = 0; k < map.data.length; k++) {
    const texel = Math.floor(k / 3);
    const [phi, theta] = [
      (2 * Math.PI * ((texel % map.width) + 0.5)) / map.width,
      (Math.PI * (Math.floor(texel / map.width) + 0.5)) / height,
    ];
    const d = [Math.sin(theta) * Math.sin(phi), Math.cos(theta), -Math.sin(theta) * Math.cos(phi)];
    map.data[k] = 0.2 + 0.1 * d[1];
    for (const lamp of lamps) {
      const cosine = d.reduce((sum, x, q) => sum + x * lamp.direction[q], 0);
      map.data[k] += 4 * lamp.color[k % 3] * Math.exp(8 * (cosine - 1));
    }
  }
  return map;
}

const curve = (name: string, count: number, from: number, to: number): LossCurve => ({
  name,
  steps: Array.from({ length: count }, (_, k) => k),
  values: Array.from(
    { length: count },
    (_, k) => to + (from - to) * Math.exp((-6 * k) / count) * (1 + 0.06 * Math.sin(k * 1.7)),
  ),
});

const stages: readonly StageRecord[] = [
  { stage: 'detect', seconds: 1.9, steps: 1, curves: [] },
  { stage: 'pose', seconds: 4.1, steps: 120, curves: [curve('landmarks', 120, 0.31, 0.021)] },
  {
    stage: 'model',
    seconds: 236,
    steps: 320,
    curves: [
      curve('total', 320, 0.42, 0.028),
      curve('photometric', 320, 0.3, 0.021),
      curve('landmarks', 320, 0.05, 0.004),
    ],
  },
  {
    stage: 'texture',
    seconds: 171,
    steps: 200,
    curves: [curve('total', 200, 0.03, 0.011), curve('photometric', 200, 0.021, 0.0065)],
  },
  { stage: 'render', seconds: 38, steps: 42, curves: [] },
];

/** A photograph of a square of `size` pixels around the egg, with noise and a backdrop. */
function photographOf(face: HostImage, mask: HostImage): HostImage {
  const data = face.data.map((x, k) => {
    const texel = Math.floor(k / 3);
    const noise = 0.012 * Math.sin(12.9898 * k) * Math.sin(78.233 * texel);
    const backdrop = 0.08 + (0.1 * Math.floor(texel / face.width)) / face.height + [0, 0.01, 0.025][k % 3];
    return Math.max(0, (mask.data[texel] > 0 ? x * (1 + 0.1 * Math.sin(texel / 90)) : backdrop) + noise);
  });
  return { ...face, data };
}

/** A made-up photograph and the made-up result of fitting it; `size` pixels a side. */
export function sampleResult(size: number): { photo: Photo; result: FitResult } {
  const { color, shading, normals, diffuse, specular, mask } = render(size, 0.15, daylight);
  const crop = photographOf(color, mask);
  const inMask = (a: HostImage, b: HostImage): HostImage => ({
    ...a,
    data: a.data.map((x, k) => (mask.data[Math.floor(k / 3)] > 0 ? x : b.data[k])),
  });
  const [a, b] = [linearToBytes(color.data), linearToBytes(crop.data)];
  const error = {
    ...mask,
    data: mask.data.map(
      (m, p) => (m * [0, 1, 2].reduce((sum, q) => sum + Math.abs(a[3 * p + q] - b[3 * p + q]), 0)) / 3,
    ),
  };
  const small = Math.max(16, size / 2);
  const texture = (channels: 1 | 3, value: (p: vec3) => readonly number[]): HostImage => {
    const map = image(small, small, channels);
    for (let t = 0; t < small * small; t++) {
      const p: vec3 = vec3.set(
        vec3.create(),
        1.6 * ((t % small) / small - 0.5),
        2 * (0.5 - Math.floor(t / small) / small),
        0.7,
      );
      map.data.set(value(p), channels * t);
    }
    return map;
  };
  const lights: [string, Lamp[]][] = [
    ['Evening sun', [{ direction: [0.86, 0.2, 0.46], color: [2.6, 1.3, 0.55] }]],
    ['North window', [{ direction: [-0.8, 0.35, 0.48], color: [0.9, 1.1, 1.4] }]],
    ['Overcast', [{ direction: [0, 0.95, 0.3], color: [0.8, 0.85, 0.95] }]],
    ['Candle', [{ direction: [0.1, -0.7, 0.7], color: [1.7, 0.75, 0.25] }]],
    [
      'Stage',
      [
        { direction: [-0.9, 0.1, 0.2], color: [2, 0.3, 0.9] },
        { direction: [0.9, 0.1, 0.2], color: [0.2, 0.7, 2] },
      ],
    ],
    ['Noon', [{ direction: [0.2, 0.95, 0.25], color: [2.4, 2.3, 2.1] }]],
  ];
  const angles = Array.from({ length: 24 }, (_, k) => -0.9 + (1.8 * k) / 23);
  const sh = Float32Array.from({ length: 243 }, (_, k) => Math.sin(k * 0.7) / (1 + Math.floor(k / 12)));
  const weights = (count: number, scale: number): number[] =>
    Array.from({ length: count }, (_, k) => scale * Math.sin(2.3 * k + 1) * Math.exp(-k / 30));
  const photo: Photo = {
    name: 'an egg <with> "a face".jpg',
    image: crop,
    srgb: b,
    width: size,
    height: size,
    originalWidth: 4000,
    originalHeight: 3000,
    notes: ['turned upright by its EXIF orientation', `reduced from 4000 x 3000 to ${size} x ${size} pixels`],
  };
  const result: FitResult = {
    camera: {
      width: size,
      height: size,
      intrinsics: [2.2 * size, 2.2 * size, size / 2, size / 2],
      rotation: [0.04, 0.15, -0.02],
      translation: [3, -12, -640],
      crop: [0, 0, size, size],
    },
    mesh: {
      positions: Float32Array.of(-60, -80, 0, 60, -80, 0, 60, 80, 0, -60, 80, 0),
      triangles: Uint32Array.of(0, 1, 2, 0, 2, 3),
      normals: Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1),
      uvs: Float32Array.of(0, 0, 1, 0, 1, 1, 0, 1, 0.5, 0.5),
      uvTriangles: Uint32Array.of(0, 1, 2, 4, 2, 3), // vertex 0 lies on a seam
    },
    textures: {
      diffuse: texture(3, albedoAt),
      specular: texture(3, (p) => Array<number>(3).fill(0.028 + 0.02 * bump(p, 0, 0, 0.3, 0.6))),
      roughness: texture(1, (p) => [0.48 - 0.1 * bump(p, 0, 0, 0.3, 0.6)]),
    },
    light: { sh, environment: sphere(Math.max(16, size / 4), daylight) },
    parameters: [
      {
        name: 'identity',
        description: 'Weights of the identity modes of the face model.',
        unit: 'sigma',
        shape: [80],
        values: weights(80, 1.6),
      },
      {
        name: 'expression',
        description: 'Weights of the blendshapes.',
        unit: 'weight in [0, 1]',
        shape: [34],
        values: weights(34, 0.4).map(Math.abs),
      },
      { name: 'camera.focal', description: 'Focal length of the crop.', unit: 'px', shape: [], values: [2.2 * size] },
      {
        name: 'light.sh',
        description: 'Spherical harmonics of distant radiance, bands 0 to 8, RGB.',
        unit: 'linear radiance',
        shape: [81, 3],
        values: sh,
      },
    ],
    images: {
      photo: crop,
      final: inMask(color, image(size, size, 3)),
      modelOnly: { ...color, data: color.data.map((x) => 0.85 * x + 0.01) },
      overlay: inMask(color, crop),
      shading,
      normals,
      diffuse,
      specular,
      mask,
      error,
    },
    relit: lights.map(([label, lamps]) => ({
      label,
      image: render(small, 0.15, lamps).color,
      environment: sphere(32, lamps),
    })),
    turntable: { frames: angles.map((angle) => render(small, angle, daylight).color), angles },
    metrics: {
      ssim: 0.9312,
      ssimModelOnly: 0.8427,
      psnr: 31.84,
      photometricRmse8bit: 6.53,
      landmarkRms: 0.0183,
      maskIou: 0.9417,
    },
    stages,
    totalSeconds: 468.4,
    adapter: 'llvmpipe (LLVM 15.0.6, 256 bits)',
    model: 'Chiaro head 1, 9,412 vertices',
    seed: 1,
    notes: [...photo.notes, 'two faces: the larger one was fitted'],
  };
  if (stages.length !== fitStages.length) throw new Error('the sample lacks a stage');
  return { photo, result };
}
