import { FormatError } from '../../engine.js';
import { linearOfSRGB, srgbOfLinear } from '../../image/bytes.js';
import { append, checkSize, pushFan } from './meshFile.js';
import type { MeshFile } from './meshFile.js';

/** The triangles of one object with one material. */
export interface ObjPart {
  /** The name of `o`, or of `g` where there is none; empty if the file gives neither. */
  readonly name: string;
  /** The name of `usemtl`; empty before any. */
  readonly material: string;
  /** Its faces; the lists of values are those of the whole file. */
  readonly mesh: MeshFile;
}

/** What an OBJ text holds. */
export interface ObjFile {
  /** In the order of their first faces. */
  readonly parts: readonly ObjPart[];
  /** Material files (`mtllib`), as the text names them. */
  readonly libraries: readonly string[];
}

const fail = (line: number, why: string): never => {
  throw new FormatError(`OBJ, line ${line}: ${why}`);
};

function numbers(words: readonly string[], most: number, line: number): number[] {
  return words.slice(1, 1 + most).map((word) => {
    const value = Math.fround(Number(word));
    return word !== '' && Number.isFinite(value) ? value : fail(line, `${JSON.stringify(word)} is no number`);
  });
}

/** Row of a list that an index of a face means: from 1, or from the end where negative. */
function rowOf(word: string, count: number, line: number): number {
  const n = Number(word);
  const at = n < 0 ? count + n : n - 1;
  if (!Number.isInteger(n) || at < 0 || at >= count) {
    return fail(line, `index ${JSON.stringify(word)} is not among the ${count} before it`);
  }
  return at;
}

type ListName = 'v' | 'vt' | 'vn';
const widths: Readonly<Record<ListName, number>> = { v: 3, vt: 2, vn: 3 };

/** Faces of one part. */
class PartFaces {
  readonly corners: Readonly<Record<ListName, number[]>> = { v: [], vt: [], vn: [] };
  /** Lists that a face does without: then the part does. */
  readonly #incomplete = new Set<ListName>();

  constructor(
    readonly name: string,
    readonly material: string,
  ) {}

  add(words: readonly string[], lists: Readonly<Record<ListName, number[]>>, line: number): void {
    const corners = words.map((word) => word.split('/'));
    (['v', 'vt', 'vn'] as const).forEach((kind, k) => {
      if (kind !== 'v' && !corners.every((c) => c[k] !== undefined && c[k] !== '')) {
        this.#incomplete.add(kind);
        return;
      }
      const count = lists[kind].length / widths[kind];
      pushFan(
        corners.map((c) => rowOf(c[k], count, line)),
        this.corners[kind],
      );
    });
  }

  has(kind: ListName): boolean {
    return !this.#incomplete.has(kind) && this.corners[kind].length > 0;
  }
}

/** Collects a text's lists and faces; these by object and material if `split`. */
class ObjReader {
  readonly lists: Readonly<Record<ListName, number[]>> = { v: [], vt: [], vn: [] };
  /** sRGB, where vertices have six numbers. */
  readonly colors: number[] = [];
  readonly parts = new Map<string, PartFaces>();
  readonly libraries: string[] = [];
  #names = { o: '', g: '', material: '' };

  constructor(readonly split: boolean) {}

  read(words: readonly string[], rest: string, line: number): void {
    switch (words[0]) {
      case 'v':
      case 'vn':
      case 'vt':
        return this.#row(words[0], words, line);
      case 'f':
        return this.#face(words, line);
      case 'usemtl':
        this.#names.material = rest;
        return;
      case 'o':
      case 'g':
        this.#names[words[0]] = rest;
        return;
      case 'mtllib':
        if (rest !== '') this.libraries.push(rest);
    }
  }

  #row(kind: ListName, words: readonly string[], line: number): void {
    const width = widths[kind];
    const values = numbers(words, kind === 'v' ? 6 : width, line);
    if (kind === 'vt' && values.length === 1) values.push(0);
    if (values.length < width) fail(line, `${kind} needs ${width} numbers, found ${values.length}`);
    append(this.lists[kind], values.slice(0, width));
    if (values.length === 6) append(this.colors, values.slice(3));
  }

  #face(words: readonly string[], line: number): void {
    if (words.length < 4) fail(line, `a face needs three corners, found ${words.length - 1}`);
    const { o, g, material } = this.#names;
    const name = o || g;
    const key = this.split ? JSON.stringify([name, material]) : '';
    const part = this.parts.get(key) ?? new PartFaces(name, material);
    this.parts.set(key, part);
    part.add(words.slice(1), this.lists, line);
  }

  /** The meshes of the parts, which share their lists of values. */
  meshes(parts: readonly PartFaces[]): MeshFile[] {
    const { v, vt, vn } = this.lists;
    const [positions, uvs, normals] = [v, vt, vn].map((list) => Float32Array.from(list));
    // colours for some vertices are colours for none
    const colored = this.colors.length > 0 && this.colors.length === v.length;
    const colors = colored ? Float32Array.from(this.colors, linearOfSRGB) : undefined;
    return parts.map((part) => {
      const { corners } = part;
      const sameNumbers = vn.length === v.length && corners.vn.every((n, c) => n === corners.v[c]);
      return {
        positions,
        triangles: Uint32Array.from(corners.v),
        ...(part.has('vt') && { uvs, uvTriangles: Uint32Array.from(corners.vt) }),
        ...(part.has('vn') && { normals, ...(!sameNumbers && { normalTriangles: Uint32Array.from(corners.vn) }) }),
        ...(colors && { colors }),
      };
    });
  }
}

function readText(text: string, split: boolean): ObjReader {
  checkSize('OBJ', text);
  const reader = new ObjReader(split);
  text.split('\n').reduce((before, raw, at, lines) => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.endsWith('\\') && at + 1 < lines.length) return `${before}${line.slice(0, -1)} `;
    const plain = `${before}${line}`.split('#', 1)[0].trim();
    const words = plain.split(/\s+/);
    reader.read(words, plain.slice(words[0].length).trim(), at + 1);
    return '';
  }, '');
  return reader;
}

/**
 * Reads a Wavefront OBJ text: positions (`v`, with three more numbers for an sRGB colour), texture coordinates (`vt`) and
 * normals (`vn`) with index lists of their own, and faces (`f`, polygons become fans, negative indices count from the
 * end), one part for each object (`o`, `g`) with each material (`usemtl`). Lines, curves and smoothing groups are skipped.
 * Texture coordinates or normals that some faces of a part lack are left out.
 * @throws FormatError that names the line.
 */
export function readOBJ(text: string): ObjFile {
  const reader = readText(text, true);
  const parts = [...reader.parts.values()];
  const meshes = reader.meshes(parts);
  return {
    parts: parts.map(({ name, material }, k) => ({ name, material, mesh: meshes[k] })),
    libraries: reader.libraries,
  };
}

/** All faces of a Wavefront OBJ text as one mesh; see `readOBJ`. @throws FormatError that names the line. */
export function parseOBJ(text: string): MeshFile {
  const reader = readText(text, false);
  return reader.meshes([reader.parts.get('') ?? new PartFaces('', '')])[0];
}

/** Writes a mesh as Wavefront OBJ text, numbers in full single precision; colours in sRGB behind the positions. */
export function writeOBJ({
  positions,
  triangles,
  uvs,
  uvTriangles = triangles,
  normals,
  normalTriangles = triangles,
  colors,
}: MeshFile): string {
  const lines = ['# Chiaro'];
  const put = (kind: string, values: Float32Array, width: number): void => {
    for (let k = 0; k < values.length; k += width) {
      const color = kind === 'v' && colors ? Array.from(colors.subarray(k, k + 3), srgbOfLinear) : [];
      lines.push(`${kind} ${[...values.subarray(k, k + width), ...color].map(show).join(' ')}`);
    }
  };
  put('v', positions, 3);
  if (uvs) put('vt', uvs, 2);
  if (normals) put('vn', normals, 3);
  for (let f = 0; f < triangles.length; f += 3) {
    const words = [f, f + 1, f + 2].map((c) => {
      const v = triangles[c] + 1;
      if (!uvs && !normals) return `${v}`;
      return `${v}/${uvs ? uvTriangles[c] + 1 : ''}${normals ? `/${normalTriangles[c] + 1}` : ''}`;
    });
    lines.push(`f ${words.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A number with all its bits: -0 keeps its sign. */
const show = (v: number): string => (Object.is(v, -0) ? '-0' : String(v));
