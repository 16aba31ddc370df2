import { FormatError } from '../../engine.js';
import { checkSize } from '../../geometry/files/meshFile.js';
import { plainMaterial } from './sceneFile.js';
import type { MaterialFile, RGB, TextureFile, TextureRole } from './sceneFile.js';

/** Statements with an image, and what it is for. */
const maps: Readonly<Record<string, TextureRole>> = {
  map_kd: 'baseColor',
  map_pr: 'roughness',
  map_pm: 'metallic',
  map_ke: 'emission',
  map_d: 'opacity',
  norm: 'normal',
  map_kn: 'normal',
};

/** Options of a map and how many words follow each; `-o`, `-s` and `-t` take one to three numbers. */
const optionWords: Readonly<Record<string, number>> = {
  ...{
    '-blendu': 1,
    '-blendv': 1,
    '-cc': 1,
    '-clamp': 1,
    '-imfchan': 1,
    '-texres': 1,
    '-bm': 1,
    '-type': 1,
    '-boost': 1,
  },
  ...{ '-mm': 2, '-o': 3, '-s': 3, '-t': 3 },
};

const fail = (line: number, why: string): never => {
  throw new FormatError(`MTL, line ${line}: ${why}`);
};

interface Draft {
  readonly name: string;
  readonly values: Map<string, number[]>;
  readonly textures: Partial<Record<TextureRole, TextureFile>>;
  clamp: boolean;
}

function mapOf(rest: string, line: number): { image: string; clamp: boolean } {
  let words = rest.split(/\s+/);
  let clamp = false;
  while (words[0]?.startsWith('-')) {
    const option = words[0].toLowerCase();
    const most = optionWords[option] ?? fail(line, `option ${option} is not known`);
    if (option === '-clamp') clamp = words[1] === 'on';
    let count = 1;
    // of numbers there may be fewer
    while (count <= most && words.length > count && (most < 3 || Number.isFinite(Number(words[count])))) count++;
    words = words.slice(count);
  }
  // the rest is one name, which may have spaces
  const image = words.join(' ');
  return image === '' ? fail(line, 'a map has no file name') : { image, clamp };
}

/**
 * Reads the text of a Wavefront material file as metallic-roughness materials: Kd is the base colour (linear RGB), Ke the
 * emission, d or 1 - Tr the opacity, Pr and Pm roughness and metallic of the PBR extension, and the images of map_Kd, map_Ke,
 * map_d, map_Pr, map_Pm and norm. Where there is no Pr the exponent Ns gives the roughness, (2 / (Ns + 2))^(1/4), which is
 * the width of Blinn and Phong's lobe (Walter et al. 2007, section 5.2), if Ks is not black. Ka, Tf, height maps and what
 * else there is are skipped.
 * @throws FormatError that names the line.
 */
export function parseMTL(text: string): MaterialFile[] {
  checkSize('MTL', text);
  const drafts: Draft[] = [];
  text.split('\n').forEach((raw, at) => {
    const line = at + 1;
    const plain = raw.split('#', 1)[0].trim();
    if (plain === '') return;
    const [kind] = plain.split(/\s+/, 1);
    const rest = plain.slice(kind.length).trim();
    const key = kind.toLowerCase();
    if (key === 'newmtl') {
      drafts.push({ name: rest, values: new Map(), textures: {}, clamp: false });
      return;
    }
    const draft = drafts.at(-1);
    const role = maps[key];
    if (role === undefined && !/^(k[des]|ns|d|tr|p[rm])$/.test(key)) return;
    if (draft === undefined) return fail(line, `${kind} stands before any newmtl`);
    if (role !== undefined) {
      const { image, clamp } = mapOf(rest, line);
      draft.textures[role] = { image };
      draft.clamp ||= clamp;
      return;
    }
    draft.values.set(key, valuesOf(key, rest, line));
  });
  return drafts.map(materialOf);
}

/** One number, or three for colours; one colour component stands for all. */
function valuesOf(key: string, rest: string, line: number): number[] {
  const words = rest.split(/\s+/).filter((word) => word !== '-halo');
  if (key.startsWith('k') && (words[0] === 'spectral' || words[0] === 'xyz')) {
    fail(line, `${words[0]} colours are not read; give red, green and blue`);
  }
  const width = key.startsWith('k') ? 3 : 1;
  const values = words.slice(0, width).map((word) => {
    const value = word === '' ? NaN : Number(word);
    return Number.isFinite(value) && value >= 0 ? value : fail(line, `${JSON.stringify(word)} is no number from 0`);
  });
  if (values.length === 0) fail(line, 'a number is missing');
  while (values.length < width) values.push(values[0]);
  return values;
}

function materialOf({ name, values, textures, clamp }: Draft): MaterialFile {
  const one = (key: string): number | undefined => values.get(key)?.[0];
  const rgb = (key: string): RGB | undefined => values.get(key) as unknown as RGB | undefined;
  const share = (x: number): number => Math.min(1, x);
  const shiny = values.get('ks')?.some((x) => x > 0) ?? false;
  const exponent = one('ns');
  const fromExponent = exponent !== undefined && shiny ? (2 / (exponent + 2)) ** 0.25 : plainMaterial.roughness;
  // a map without its number is used as it is
  const numberOf = (key: string, role: TextureRole, without: number): number =>
    one(key) ?? (textures[role] ? 1 : without);
  const transparency = one('tr');
  return {
    ...plainMaterial,
    name,
    baseColor: rgb('kd') ?? (textures.baseColor ? [1, 1, 1] : plainMaterial.baseColor),
    metallic: share(numberOf('pm', 'metallic', 0)),
    roughness: share(numberOf('pr', 'roughness', fromExponent)),
    opacity: share(one('d') ?? (transparency === undefined ? 1 : 1 - share(transparency))),
    emission: rgb('ke') ?? (textures.emission ? [1, 1, 1] : plainMaterial.emission),
    textures,
    wrap: clamp ? 'clamp' : 'repeat',
  };
}
