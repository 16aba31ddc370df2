import { arange, Cell, compile, elementwise, Generator, randBits, zeros, profile } from '@chiaro/tensor';
import { lightPath } from './scene.js';
const [width, height, n] = [480, 300, Number(process.argv[2] ?? 4)];
const gen = new Generator(1);
const film = new Cell(zeros([height, width, 3]));
const pass = compile(() => {
  const bits = randBits([height, width], { generator: gen });
  film.assign(film.add(elementwise(lightPath, arange(width), arange(height).reshape([height, 1]), bits, width, height)));
});
let t = performance.now();
const p = await profile(() => { pass(); return film.data(); });
console.log(String(p), performance.now() - t);
for (let i = 1; i < n; i++) { t = performance.now(); pass(); await film.data(); console.log(performance.now() - t); }
const d = await film.data();
const { writeFileSync } = await import('node:fs');
const tone = (x: number) => { x = x / n; x = 1 - Math.exp(-1.3*x); return Math.round(255 * Math.pow(x, 1/2.2)); };
const { encodePng } = await import('./png.js'); writeFileSync('/tmp/out.png', encodePng(Uint8Array.from(d, tone), width, height));
