// A still life by path tracing, from one expression: npm run example first-light -- --samples 16
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import {
  arange,
  Cell,
  compile,
  deviceInfo,
  elementwise,
  expr,
  Generator,
  idle,
  memory,
  profile,
  randBits,
  zeros,
} from '@chiaro/tensor';
import { encodePng } from './png.js';
import { lightPath } from './scene.js';

const { values } = parseArgs({
  options: {
    width: { type: 'string', default: '640' },
    height: { type: 'string', default: '400' },
    samples: { type: 'string', default: '48' },
    out: { type: 'string', default: 'out/first-light.png' },
  },
});
const [width, height, samples] = [values.width, values.height, values.samples].map((text) => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new Error(`width, height and samples are whole numbers, got ${text}`);
  return n;
}) as [number, number, number];

/** From radiance to the screen: a film-like shoulder, then the sRGB curve. */
const develop = expr`
  fn develop(radiance: f32, scale: f32) -> i32 {
    let x = 1.0 - exp(-1.3 * radiance * scale);
    let y = select(1.055 * pow(x, 1.0 / 2.4) - 0.055, 12.92 * x, x < 0.0031308);
    return i32(255.0 * saturate(y) + 0.5);
  }`;

const [x, y] = [arange(width), arange(height).reshape([height, 1])];
const bits = randBits([height, width], { generator: new Generator(1) });
const film = new Cell(zeros([height, width, 3]));

/** Light path number `path` through every pixel. */
const expose = compile((path: number) => {
  film.assign(film.add(elementwise(lightPath, x, y, bits, path, width, height)));
});

const adapter = await deviceInfo();
console.log(`adapter   ${adapter.name}`);
console.log(`picture   ${width} x ${height}, ${samples} light paths per pixel, 3 bounces`);

const start = performance.now();
expose(0);
await idle();
console.log(`first     ${(performance.now() - start).toFixed(0)} ms: kernels compiled, one path per pixel`);
const begin = performance.now();
for (let i = 1; i < samples; i++) {
  expose(i);
  if (i % 8 === 0) await idle(); // calls do not wait: this keeps the queue short
}
const pixels = await elementwise(develop, film, 1 / samples).data();
const seconds = (performance.now() - begin) / 1000;

await mkdir(dirname(values.out), { recursive: true });
await writeFile(values.out, encodePng(Uint8Array.from(pixels), width, height));

if (samples > 1) {
  const paths = (width * height * (samples - 1)) / seconds / 1e6;
  console.log(`the rest  ${seconds.toFixed(1)} s: ${paths.toFixed(2)} million light paths per second`);
}
const { kernels } = await deviceInfo();
console.log(`kernels   ${kernels} distinct ones; memory in use ${(memory().liveBytes / 2 ** 20).toFixed(1)} MiB`);
console.log(`\none more path per pixel, kernel by kernel:\n${String(await profile(() => expose(samples)))}`);
console.log(`\nwrote     ${values.out}`);
