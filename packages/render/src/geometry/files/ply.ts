import { FormatError } from '../../engine.js';
import { linearOfSRGB } from '../../image/bytes.js';
import { append, checkSize, pushFan } from './meshFile.js';
import { splitSeams } from '../seams.js';
import type { MeshFile } from './meshFile.js';

type Reader = (view: DataView, at: number, little: boolean) => number;

const scalars: Readonly<Record<string, readonly [bytes: number, read: Reader]>> = {
  int8: [1, (v, at) => v.getInt8(at)],
  uint8: [1, (v, at) => v.getUint8(at)],
  int16: [2, (v, at, little) => v.getInt16(at, little)],
  uint16: [2, (v, at, little) => v.getUint16(at, little)],
  int32: [4, (v, at, little) => v.getInt32(at, little)],
  uint32: [4, (v, at, little) => v.getUint32(at, little)],
  float32: [4, (v, at, little) => v.getFloat32(at, little)],
  float64: [8, (v, at, little) => v.getFloat64(at, little)],
};
const otherNames: Readonly<Record<string, string>> = {
  ...{ char: 'int8', uchar: 'uint8', short: 'int16', ushort: 'uint16' },
  ...{ int: 'int32', uint: 'uint32', float: 'float32', double: 'float64' },
};

interface Property {
  readonly name: string;
  readonly type: string;
  /** The type of a list's length. */
  readonly count?: string;
}

interface Element {
  readonly name: string;
  readonly count: number;
  readonly properties: Property[];
}

const fail = (why: string): never => {
  throw new FormatError(`PLY: ${why}`);
};

/** Where the numbers of the body come from: text words or bytes. Throws where they end. */
interface Body {
  readonly next: (type: string) => number;
  /** Numbers of one byte or more that can still be there. */
  readonly left: () => number;
}

/**
 * Reads a PLY file, ascii or binary of either byte order: positions (x, y, z), normals (nx, ny, nz), texture coordinates
 * (s, t; u, v; texture_u, texture_v) and colours (red, green, blue: integers are sRGB, floats linear light) per vertex, and
 * faces (vertex_indices, vertex_index; polygons become fans), with texture coordinates per corner (texcoord) if all have
 * them. Other elements and properties are skipped. Nothing is allocated by a count of the header.
 * @throws FormatError that says what is wrong.
 */
export function parsePLY(bytes: Uint8Array): MeshFile {
  checkSize('PLY', bytes);
  const { format, elements, start } = parseHeader(bytes);
  const body =
    format === 'ascii' ? textBody(bytes, start) : binaryBody(bytes, start, format === 'binary_little_endian');
  const columns = new Map<string, number[]>();
  const faces: Faces = { triangles: [], uvs: [], uvTriangles: [] };
  let vertexCount = 0;
  let colorScale = 1;
  for (const element of elements) {
    if (element.properties.length > 0 && element.count > body.left()) {
      fail(`${element.count} times ${element.name} cannot fit into the file`);
    }
    const keep = element.name === 'vertex';
    if (keep) vertexCount = element.count;
    if (element.properties.length === 0) continue;
    const redType = element.properties.find(({ name }) => name === 'red')?.type;
    if (keep) colorScale = redType === 'uint8' ? 255 : redType === 'uint16' ? 65535 : 1;
    for (let row = 0; row < element.count; row++) {
      const lists = new Map<string, number[]>();
      for (const property of element.properties) {
        if (property.count === undefined) {
          const value = body.next(property.type);
          if (keep) (columns.get(property.name) ?? columns.set(property.name, []).get(property.name)!).push(value);
          continue;
        }
        const length = body.next(property.count);
        if (!Number.isInteger(length) || length < 0 || length > body.left())
          fail(`a list of ${length} cannot fit into the file`);
        const list: number[] = [];
        for (let k = 0; k < length; k++) list.push(body.next(property.type));
        lists.set(property.name, list);
      }
      if (element.name === 'face') pushFace(lists, faces);
    }
  }
  return assemble(columns, faces, vertexCount, colorScale);
}

/** What faces say, growing. */
interface Faces {
  readonly triangles: number[];
  /** Texture coordinates of corners, two for each, and which triangles have which. */
  readonly uvs: number[];
  readonly uvTriangles: number[];
}

function pushFace(lists: ReadonlyMap<string, number[]>, { triangles, uvs, uvTriangles }: Faces): void {
  const polygon = lists.get('vertex_indices') ?? lists.get('vertex_index') ?? [];
  pushFan(polygon, triangles);
  const places = lists.get('texcoord');
  if (places === undefined) return;
  if (places.length !== 2 * polygon.length) {
    fail(`a face of ${polygon.length} corners has ${places.length} texture coordinates instead of two for each`);
  }
  const first = uvs.length / 2;
  pushFan(
    polygon.map((_, k) => first + k),
    uvTriangles,
  );
  append(uvs, places);
}

function assemble(
  columns: ReadonlyMap<string, number[]>,
  { triangles, uvs: cornerUVs, uvTriangles }: Faces,
  vertexCount: number,
  colorScale: number,
): MeshFile {
  const interleave = (...names: string[]): Float32Array | undefined => {
    const parts = names.map((name) => columns.get(name));
    if (parts.some((p) => p?.length !== vertexCount)) return undefined;
    const values = new Float32Array(vertexCount * names.length);
    parts.forEach((p, k) => p!.forEach((v, i) => (values[i * names.length + k] = v)));
    return values;
  };
  const positions = interleave('x', 'y', 'z') ?? fail('the vertices have no x, y, z');
  const bad = positions.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) fail(`vertex ${Math.floor(bad / 3)} has a coordinate ${positions[bad]}`);
  const wrong = triangles.find((v) => !Number.isInteger(v) || v < 0 || v >= vertexCount);
  if (wrong !== undefined) fail(`a face names vertex ${wrong}; there are ${vertexCount}`);
  const perCorner = uvTriangles.length > 0 && uvTriangles.length === triangles.length;
  const uvs = perCorner
    ? Float32Array.from(cornerUVs)
    : (interleave('s', 't') ?? interleave('u', 'v') ?? interleave('texture_u', 'texture_v'));
  const normals = interleave('nx', 'ny', 'nz');
  const colors = interleave('red', 'green', 'blue');
  for (const [what, values] of Object.entries({ uvs, normals, colors })) {
    const broken = values?.find((v) => !Number.isFinite(v));
    if (broken !== undefined) fail(`the ${what} hold ${broken}`);
  }
  return {
    positions,
    triangles: Uint32Array.from(triangles),
    ...(uvs && { uvs, ...(perCorner && { uvTriangles: Uint32Array.from(uvTriangles) }) }),
    ...(normals && { normals }),
    ...(colors && { colors: colorScale === 1 ? colors : colors.map((v) => linearOfSRGB(v / colorScale)) }),
  };
}

function parseHeader(bytes: Uint8Array): { format: string; elements: Element[]; start: number } {
  // a header is short; looking for its end in the first 64 KiB keeps hostile files cheap
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 65536));
  const match = /\bend_header(\r\n|\n|\r)/.exec(head);
  if (!head.startsWith('ply') || match === null) return fail('the file has no PLY header');
  const lines = head.slice(0, match.index).split(/\r\n|\n|\r/);
  let format = '';
  const elements: Element[] = [];
  const typeOf = (name: string | undefined): string => {
    const type = otherNames[name ?? ''] ?? name ?? '';
    return Object.hasOwn(scalars, type) ? type : fail(`the header names an unknown type ${JSON.stringify(name ?? '')}`);
  };
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (words[0] === 'format') format = words[1] ?? '';
    else if (words[0] === 'element') {
      const count = Number(words[2]);
      if (!Number.isSafeInteger(count) || count < 0)
        fail(`the header counts ${words[2] ?? 'nothing'} of ${words[1] ?? ''}`);
      elements.push({ name: words[1], count, properties: [] });
    } else if (words[0] === 'property') {
      const element = elements.at(-1) ?? fail('the header has a property before any element');
      const list = words[1] === 'list';
      const name = words[list ? 4 : 2] ?? fail(`the header has a property without a name: ${line.slice(0, 80)}`);
      element.properties.push(
        list ? { name, count: typeOf(words[2]), type: typeOf(words[3]) } : { name, type: typeOf(words[1]) },
      );
    }
  }
  if (!/^(ascii|binary_little_endian|binary_big_endian)$/.test(format))
    fail(`unknown format ${JSON.stringify(format)}`);
  return { format, elements, start: match.index + match[0].length };
}

function binaryBody(bytes: Uint8Array, start: number, little: boolean): Body {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  return {
    next: (type) => {
      const [size, read] = scalars[type];
      if (at + size > view.byteLength) fail('the file ends too early');
      const value = read(view, at, little);
      at += size;
      return value;
    },
    left: () => view.byteLength - at,
  };
}

function textBody(bytes: Uint8Array, start: number): Body {
  const words = new TextDecoder('latin1')
    .decode(bytes.subarray(start))
    .split(/\s+/)
    .filter((word) => word !== '');
  let at = 0;
  return {
    next: () => {
      if (at >= words.length) fail('the file ends too early');
      const value = Number(words[at]);
      if (Number.isNaN(value)) fail(`${JSON.stringify(words[at].slice(0, 40))} is no number`);
      at++;
      return value;
    },
    left: () => words.length - at,
  };
}

/**
 * Writes a mesh as binary little-endian PLY. Where texture coordinates or normals have index lists of their own, vertices
 * are doubled along the seams; `weldSeams` undoes it. Colours are written as floats of linear light.
 */
export function writePLY(file: MeshFile): Uint8Array<ArrayBuffer> {
  const shared = file.uvTriangles === undefined && file.normalTriangles === undefined;
  const { positions, triangles, uvs, normals, colors }: MeshFile = shared ? file : splitSeams(file);
  const count = positions.length / 3;
  const columns: [names: string[], values: Float32Array][] = [[['x', 'y', 'z'], positions]];
  if (normals) columns.push([['nx', 'ny', 'nz'], normals]);
  if (uvs) columns.push([['s', 't'], uvs]);
  if (colors) columns.push([['red', 'green', 'blue'], colors]);
  const properties = columns.flatMap(([names]) => names.map((name) => `property float ${name}`));
  const header = new TextEncoder().encode(
    [
      ...['ply', 'format binary_little_endian 1.0', 'comment Chiaro', `element vertex ${count}`, ...properties],
      ...[`element face ${triangles.length / 3}`, 'property list uchar uint vertex_indices', 'end_header', ''],
    ].join('\n'),
  );
  const bytes = new Uint8Array(header.length + count * properties.length * 4 + (triangles.length / 3) * 13);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  let at = header.length;
  for (let v = 0; v < count; v++) {
    for (const [names, values] of columns) {
      for (let k = 0; k < names.length; k++, at += 4) view.setFloat32(at, values[v * names.length + k], true);
    }
  }
  for (let f = 0; f < triangles.length; f += 3, at += 13) {
    view.setUint8(at, 3);
    for (let k = 0; k < 3; k++) view.setUint32(at + 1 + 4 * k, triangles[f + k], true);
  }
  return bytes;
}
