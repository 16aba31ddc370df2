import { readFileSync } from 'node:fs';
import { tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import type { Camera } from '../camera/index.js';
import { mesh } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { areaLight } from './index.js';
import type { Scene } from './index.js';

const file = (name: string): URL => new URL(`../../../../tools/reference-images/${name}`, import.meta.url);

interface Box {
  readonly unit: number;
  readonly segments: number;
  readonly size: number;
  readonly camera: Readonly<Record<'position' | 'target' | 'up', [number, number, number]>> & {
    readonly focalLength: number;
    readonly width: number;
  };
  readonly lamp: { readonly radiance: readonly number[]; readonly quads: readonly (readonly number[])[] };
  readonly shapes: Readonly<
    Record<string, { readonly albedo: readonly number[]; readonly quads: readonly (readonly number[])[] }>
  >;
}
const box = JSON.parse(readFileSync(file('cornellBox.json'), 'utf8')) as Box;
/** `depth` of the reference, and its pixels in a row. */
export const { segments, size } = box;

const meshOf = (quads: readonly (readonly number[])[]): Mesh =>
  mesh({
    positions: quads.flat().map((x) => box.unit * x),
    triangles: quads.flatMap((_, k) => [0, 1, 2, 0, 2, 3].map((c) => 4 * k + c)),
  });
const meshes = Object.values(box.shapes).map(({ quads }) => meshOf(quads));
/** The lamp, `growth` times as long and wide. */
const lampMesh = (growth: number): Mesh =>
  meshOf(
    box.lamp.quads.map((quad) =>
      quad.map((x, i) => {
        const middle = (quad[i % 3] + quad[6 + (i % 3)]) / 2;
        return middle + growth * (x - middle);
      }),
    ),
  );

const lampCorners = lampMesh(1).positions;

/** What may be derived by: the colours of the walls, and the lamp's. */
export const colours: Readonly<Record<string, Tensor>> = {
  ...Object.fromEntries(Object.entries(box.shapes).map(([name, { albedo }]) => [name, tensor([...albedo])])),
  lamp: tensor([...box.lamp.radiance]),
};

/** The Cornell box, in these colours. */
export const cornellBox = (paints: Readonly<Record<string, Tensor>> = colours, { lampGrowth = 1 } = {}): Scene => ({
  shapes: Object.keys(box.shapes).map((name, k) => ({
    mesh: meshes[k],
    bsdf: lambert({ albedo: paints[name] }),
    shading: 'flat',
  })),
  emitters: [areaLight({ mesh: lampMesh(lampGrowth), radiance: paints['lamp'] })],
});

/** The camera of the measurements; `pixels` in a row. */
export const boxCamera = (pixels = size): Camera => {
  const { position, target, up, width, focalLength } = box.camera;
  const scaled = (v: readonly number[]): [number, number, number] => v.map((x) => box.unit * x) as never;
  return perspective({
    fovY: 2 * Math.atan(width / 2 / focalLength),
    width: pixels,
    height: pixels,
    ...lookAt(scaled(position), scaled(target), up),
  });
};

/** The image by Cycles, f32 [size, size, 3] each: its mean, and the standard error of that. */
export function cyclesImage(): { readonly mean: Float32Array; readonly error: Float32Array } {
  const bytes = readFileSync(file('cornellBox.f32'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const count = 3 * size * size;
  return { mean: values.subarray(0, count), error: values.subarray(count) };
}

/** Whether a square of pixels shows the lamp, which the camera of Cycles does not see. */
export async function isLampShown(): Promise<(x: number, y: number, side: number) => boolean> {
  const corners = await boxCamera().toPixels(lampCorners).data();
  const [xs, ys] = [0, 1].map((c) => [0, 3, 6, 9].map((k) => corners[k + c]));
  return (x, y, side) =>
    x < Math.max(...xs) && x + side > Math.min(...xs) && y < Math.max(...ys) && y + side > Math.min(...ys);
}
