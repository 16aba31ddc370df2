import { FormatError } from '../../../engine.js';
import { checkSize } from '../../../geometry/files/meshFile.js';
import type { FileReader } from '../obj.js';

export const fail = (why: string): never => {
  throw new FormatError(`glTF: ${why}`);
};

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON of a glTF file and the bytes of its buffers. */
export interface Container {
  readonly json: JsonObject;
  /** By their numbers. */
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  /** Bytes of the file together with those that it refers to: what counts may claim. */
  readonly size: number;
}

const magic = 0x46546c67;
const jsonChunk = 0x4e4f534a;
const binaryChunk = 0x004e4942;

/** The two chunks of a binary file. */
function chunksOf(bytes: Uint8Array<ArrayBuffer>): { text: string; binary: Uint8Array<ArrayBuffer> | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = bytes.length < 20 ? 0 : view.getUint32(4, true);
  if (version !== 2) fail(`the file is not binary glTF 2 (version ${version})`);
  const end = view.getUint32(8, true);
  if (end > bytes.length) fail(`the file ends after ${bytes.length} of ${end} bytes`);
  let text: string | undefined;
  let binary: Uint8Array<ArrayBuffer> | undefined;
  for (let at = 12; at + 8 <= end;) {
    const [length, kind] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    at += 8;
    if (at + length > end) fail('a chunk goes beyond the end of the file');
    const chunk = bytes.subarray(at, at + length);
    if (kind === jsonChunk) text ??= new TextDecoder().decode(chunk);
    if (kind === binaryChunk) binary ??= chunk;
    at += length;
  }
  return { text: text ?? fail('the file has no JSON'), binary };
}

/** The bytes of a data URI in base64, or of a file beside this one. */
export async function bytesOfURI(uri: string, read: FileReader): Promise<Uint8Array<ArrayBuffer>> {
  const data = /^data:[^,]*;base64,/.exec(uri);
  if (data) {
    try {
      return Uint8Array.from(atob(uri.slice(data[0].length)), (letter) => letter.charCodeAt(0));
    } catch {
      return fail('a data URI is not base64');
    }
  }
  if (/^[a-z][a-z\d+.-]*:|^[/\\]/i.test(uri))
    fail(`${JSON.stringify(uri.slice(0, 60))} is not beside the file; copy it there`);
  let name: string;
  try {
    name = decodeURIComponent(uri);
  } catch {
    return fail(`${JSON.stringify(uri.slice(0, 60))} is no URI`);
  }
  try {
    return await read(name);
  } catch (error) {
    throw new FormatError(`glTF: ${name}, which the file refers to, cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** True for files that begin as binary glTF does. */
const isGLB = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === magic;

/** Takes a file apart, binary (.glb) or text (.gltf), and reads its buffers. */
export async function openContainer(bytes: Uint8Array<ArrayBuffer>, read: FileReader): Promise<Container> {
  checkSize('glTF', bytes);
  const { text, binary } = isGLB(bytes)
    ? chunksOf(bytes)
    : { text: new TextDecoder().decode(bytes), binary: undefined };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    fail(`the JSON cannot be read: ${(error as Error).message}`);
  }
  const root = objectOf('the file', json);
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  for (const [k, buffer] of listOf('buffers', root['buffers']).entries()) {
    const uri = buffer['uri'];
    const content =
      typeof uri === 'string'
        ? await bytesOfURI(uri, read)
        : k === 0 && binary
          ? binary
          : fail(`buffer ${k} has no bytes`);
    const length = integer(`the length of buffer ${k}`, buffer['byteLength'], content.length);
    buffers.push(content.subarray(0, length));
  }
  return { json: root, buffers, size: bytes.length + buffers.reduce((sum, b) => sum + b.length, 0) };
}

/** @throws FormatError for anything but an object. */
export function objectOf(what: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(`${what} is no object`);
  return value as JsonObject;
}

/** A list of objects; none where it is missing. */
export function listOf(what: string, value: unknown): JsonObject[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return fail(`${what} is no list`);
  return value.map((item) => objectOf(`an entry of ${what}`, item));
}

/** A value of the JSON, for messages. */
export const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60));

/** A whole number from 0 to `most`. */
export function integer(what: string, value: unknown, most: number, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    return fail(`${what} is ${shown(value)} instead of a whole number from 0 to ${most}`);
  }
  return value;
}

/** A list of finite numbers. */
export function numbersOf(what: string, value: unknown, count: number): number[] {
  if (
    !Array.isArray(value) ||
    value.length !== count ||
    !value.every((v) => typeof v === 'number' && Number.isFinite(v))
  ) {
    return fail(`${what} are no ${count} numbers`);
  }
  return value as number[];
}
