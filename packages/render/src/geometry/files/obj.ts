import { FormatError } from '../../engine.js';
import { checkSize, pushFan } from './meshFile.js';
import type { MeshFile } from './meshFile.js';

/**
 * Reads a Wavefront OBJ text: positions (`v`), texture coordinates (`vt`, with their own indices), faces (`f`, polygons
 * become fans, negative indices count from the end). Normals are kept where every face uses one number for a position
 * and its normal; otherwise compute them with `vertexNormals`. Groups, materials, lines, curves are skipped.
 * @throws FormatError that names the line.
 */
export function parseOBJ(text: string): MeshFile {
  checkSize('OBJ', text);
  const lists = { v: [] as number[], vt: [] as number[], vn: [] as number[] };
  const corners = { v: [] as number[], vt: [] as number[], vn: [] as number[] };
  const fail = (line: number, why: string): never => {
    throw new FormatError(`OBJ, line ${line}: ${why}`);
  };
  const numbers = (words: readonly string[], count: number, line: number): number[] =>
    words.slice(1, 1 + count).map((word) => {
      const value = Number(word);
      return word !== '' && Number.isFinite(value) ? value : fail(line, `${JSON.stringify(word)} is no number`);
    });
  const index = (word: string, count: number, line: number): number => {
    const n = Number(word);
    const at = n < 0 ? count + n : n - 1;
    if (!Number.isInteger(n) || at < 0 || at >= count)
      fail(line, `index ${JSON.stringify(word)} is not among the ${count} before it`);
    return at;
  };
  let faceWithout = { vt: false, vn: false };
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .forEach((raw, at) => {
      const line = at + 1;
      const words = raw.split('#', 1)[0].trim().split(/\s+/);
      const kind = words[0];
      if (kind === 'v' || kind === 'vn' || kind === 'vt') {
        const width = kind === 'vt' ? 2 : 3;
        const values = numbers(words, width, line);
        if (kind === 'vt' && values.length === 1) values.push(0);
        if (values.length !== width) fail(line, `${kind} needs ${width} numbers, found ${values.length}`);
        lists[kind].push(...values);
      } else if (kind === 'f') {
        if (words.length < 4) fail(line, `a face needs three corners, found ${words.length - 1}`);
        const parts = words.slice(1).map((word) => word.split('/'));
        pushFan(
          parts.map((p) => index(p[0], lists.v.length / 3, line)),
          corners.v,
        );
        for (const [k, name, width] of [
          [1, 'vt', 2],
          [2, 'vn', 3],
        ] as const) {
          if (parts.every((p) => p[k] !== undefined && p[k] !== '')) {
            pushFan(
              parts.map((p) => index(p[k]!, lists[name].length / width, line)),
              corners[name],
            );
          } else faceWithout = { ...faceWithout, [name]: true };
        }
      }
    });
  const sameNumbers = corners.vn.length === corners.v.length && corners.vn.every((n, c) => n === corners.v[c]);
  const hasNormals = !faceWithout.vn && lists.vn.length > 0 && sameNumbers && lists.vn.length === lists.v.length;
  return {
    positions: Float32Array.from(lists.v),
    triangles: Uint32Array.from(corners.v),
    ...(!faceWithout.vt &&
      corners.vt.length > 0 && { uvs: Float32Array.from(lists.vt), uvTriangles: Uint32Array.from(corners.vt) }),
    ...(hasNormals && { normals: Float32Array.from(lists.vn) }),
  };
}

/** Writes a mesh as Wavefront OBJ text, numbers in full single precision. */
export function writeOBJ({ positions, triangles, uvs, uvTriangles, normals }: MeshFile): string {
  const lines = ['# Chiaro'];
  const put = (kind: string, values: Float32Array, width: number): void => {
    for (let k = 0; k < values.length; k += width)
      lines.push(`${kind} ${Array.from(values.subarray(k, k + width), show).join(' ')}`);
  };
  put('v', positions, 3);
  if (uvs) put('vt', uvs, 2);
  if (normals) put('vn', normals, 3);
  const uvIndices = uvTriangles ?? triangles;
  for (let f = 0; f < triangles.length; f += 3) {
    const words = [0, 1, 2].map((k) => {
      const v = triangles[f + k] + 1;
      if (!uvs && !normals) return `${v}`;
      return `${v}/${uvs ? uvIndices[f + k] + 1 : ''}${normals ? `/${v}` : ''}`;
    });
    lines.push(`f ${words.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A number with all its bits: -0 keeps its sign. */
const show = (v: number): string => (Object.is(v, -0) ? '-0' : String(v));
