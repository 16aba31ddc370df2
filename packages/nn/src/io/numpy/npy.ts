import { FormatError } from '../../engine.js';
import type { NamedArray } from '../../layers/module.js';
import { decodeElements, elementBytes, forEachPlace, type Elements, type ElementType } from '../elements.js';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** numpy's codes of types, without the order of bytes. */
const types: Readonly<Record<string, ElementType>> = {
  ...{ b1: 'bool', u1: 'u8', i1: 'i8', u2: 'u16', i2: 'i16', u4: 'u32', i4: 'i32', u8: 'u64', i8: 'i64' },
  ...{ f2: 'f16', f4: 'f32', f8: 'f64' },
};

/** An array with its elements in memory, row-major. */
export interface NumpyArray extends NamedArray {
  readonly data: Elements;
}

const fail = (why: string): never => {
  throw new FormatError(`npy: ${why}`);
};

/** Type and order of bytes from a code such as `<f4`. @throws FormatError for objects, text, complex numbers. */
export function numpyType(code: string): { readonly type: ElementType; readonly littleEndian: boolean } {
  const type = types[code.slice(1)];
  if (!/^[<>|=]/.test(code) || type === undefined) {
    return fail(`elements of type ${JSON.stringify(code)} cannot be read; known are ${Object.keys(types).join(', ')}`);
  }
  return { type, littleEndian: !code.startsWith('>') };
}

/**
 * Reads numpy's NPY format, versions 1 to 3: one array. Column-major arrays are rearranged. 64-bit integers come as
 * float64 if that loses nothing, halves as float32.
 * @throws FormatError that says what is wrong; Python objects are refused.
 */
export function readNpy(bytes: Uint8Array): NumpyArray {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    fail('the file does not begin as an NPY file does');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) fail(`version ${version} is not known`);
  const start = version === 1 ? 10 : 12;
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + headerLength > bytes.length)
    fail(`a header of ${headerLength} bytes does not fit into a file of ${bytes.length}`);
  const header = new TextDecoder().decode(bytes.subarray(start, start + headerLength));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || shapeText === undefined) {
    return fail(
      `the header ${JSON.stringify(header.slice(0, 120))} does not name the type, order and shape of one plain array`,
    );
  }
  const shape = [...shapeText.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const { type, littleEndian } = numpyType(descr);
  const body = bytes.subarray(start + headerLength);
  const size = shape.reduce((product, n) => product * n, elementBytes[type]);
  if (size !== body.length) fail(`[${shape.join(', ')}] of ${type} takes ${size} bytes, the file has ${body.length}`);
  const data = decodeElements(type, body, littleEndian);
  return { shape, data: fortran === 'True' ? rowMajor(data, shape) : data };
}

/** Column-major elements in row-major order. */
export function rowMajor(data: Elements, shape: readonly number[]): Elements {
  const result = data.slice();
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((a, b) => a * b, 1));
  forEachPlace(shape, strides, (to, from) => (result[to] = data[from]!));
  return result;
}

/** Elements as NPY files hold them. */
const codeOf = (data: ArrayLike<number>): { code: string; bytes: Uint8Array } => {
  const view = (code: string, a: Elements): { code: string; bytes: Uint8Array } => ({
    code,
    bytes: new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
  });
  if (data instanceof Float32Array) return view('<f4', data);
  if (data instanceof Int32Array) return view('<i4', data);
  if (data instanceof Uint32Array) return view('<u4', data);
  if (data instanceof Uint16Array) return view('<u2', data);
  if (data instanceof Int16Array) return view('<i2', data);
  if (data instanceof Uint8Array) return view('|u1', data);
  if (data instanceof Int8Array) return view('|i1', data);
  return view('<f8', data instanceof Float64Array ? data : Float64Array.from(data));
};

/**
 * Writes an array as NPY, version 1; the type is that of `data` (plain arrays become float64).
 * @throws FormatError when shape and elements disagree.
 */
export function writeNpy({ shape, data }: NamedArray): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, n) => product * n, 1);
  if (data.length !== count) fail(`an array [${shape.join(', ')}] needs ${count} elements, got ${data.length}`);
  const { code, bytes } = codeOf(data);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64; // elements begin at a multiple of 64
  const file = new Uint8Array(length + bytes.length).fill(0x20, 10, length - 1);
  file.set(magic);
  file[6] = 1;
  new DataView(file.buffer).setUint16(8, length - 10, true);
  file.set(new TextEncoder().encode(text), 10);
  file[length - 1] = 0x0a;
  file.set(bytes, length);
  return file;
}
