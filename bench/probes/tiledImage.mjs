// Seconds and memory of an image that no GPU buffer could hold, tile by tile: a ball on a floor in the sun, one sample a
// pixel. Argument: side of the image in pixels (16384). Prints the process' peak memory after the first tile and at the end.
import { memory } from '@chiaro/autograd';
import {
  directionalLight,
  icosphere,
  lambert,
  lookAt,
  mesh,
  perspective,
  planeShape,
  renderTiles,
} from '@chiaro/render';
import { openEngine } from '../lib/engine.mjs';
import { round } from '../lib/rows.mjs';

const side = Number(process.argv[2] ?? 16384);
const { adapter } = await openEngine();
const scene = {
  shapes: [
    icosphere({ radius: 1, subdivisions: 4, bsdf: lambert({ albedo: 0.7 }) }),
    { mesh: mesh(planeShape({ size: 12 })), bsdf: lambert({ albedo: 0.4 }), shading: 'flat' },
  ],
  emitters: [directionalLight({ direction: [1, 1, -2], irradiance: [3, 3, 3] })],
};
const camera = perspective({ fovY: 0.6, width: side, height: side, ...lookAt([0, -7, 3], [0, 0, 0.3], [0, 0, 1]) });
const mebi = (bytes) => round(bytes / 2 ** 20);
const held = () => {
  const { liveBytes, pooledBytes } = memory();
  return `process ${mebi(1024 * process.resourceUsage().maxRSS)} MiB at its peak, tensors ${mebi(liveBytes + pooledBytes)} MiB`;
};

console.log(`${adapter}: ${side} x ${side} pixels, ${mebi(12 * side * side)} MiB of colours`);
const begin = performance.now();
let [tiles, sum] = [0, 0];
for await (const { image } of renderTiles(scene, camera, { spp: 1, seed: 1, tile: 1024 })) {
  for (const v of image) sum += v;
  if (++tiles === 1) console.log(`after the first tile: ${held()}`);
}
const seconds = (performance.now() - begin) / 1000;
const cpu = process.cpuUsage();
console.log(`after all ${tiles} tiles: ${held()}`);
console.log(
  `${round(seconds)} s, ${round((cpu.user + cpu.system) / 1e6)} s of CPU time, mean radiance ${round(sum / (3 * side * side))}`,
);
process.exit(0);
