import type { DType, TypedArray } from '../../dtype.js';

/** Elements as they lie in a GPU buffer, padded to whole words. */
export function encode(data: TypedArray, dtype: DType): Uint8Array<ArrayBuffer> {
  const words = (source: Float32Array | Int32Array | Uint32Array): Uint8Array<ArrayBuffer> =>
    source.byteLength === 0
      ? new Uint8Array(4)
      : new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
  if (dtype === 'float32') return words(data instanceof Float32Array ? data : Float32Array.from(data));
  if (dtype === 'int32') return words(data instanceof Int32Array ? data : Int32Array.from(data));
  if (dtype === 'uint32') return words(data instanceof Uint32Array ? data : Uint32Array.from(data));
  if (dtype === 'bool') return words(Uint32Array.from(data, (v) => (v ? 1 : 0)));
  const halves = new Uint16Array(Math.max(2, Math.ceil(data.length / 2) * 2));
  data.forEach((v, i) => (halves[i] = toHalf(v)));
  return new Uint8Array(halves.buffer);
}

/** Elements from a GPU buffer's bytes. */
export function decode(bytes: ArrayBuffer, dtype: DType, size: number): TypedArray {
  if (dtype === 'float32') return new Float32Array(bytes, 0, size);
  if (dtype === 'int32') return new Int32Array(bytes, 0, size);
  if (dtype === 'uint32') return new Uint32Array(bytes, 0, size);
  if (dtype === 'bool') return Uint8Array.from(new Uint32Array(bytes, 0, size));
  return Float32Array.from(new Uint16Array(bytes, 0, size), fromHalf);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Nearest float16 (ties to even), as its bits. */
function toHalf(value: number): number {
  float[0] = value;
  const f = bits[0]!;
  const sign = (f >>> 16) & 0x8000;
  const magnitude = f & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or is larger: infinity
  if (magnitude < 0x38800000) return sign | roundEven(Math.abs(float[0]) * 2 ** 24); // subnormal: multiples of 2^-24
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The number that float16 bits stand for. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
