/** sRGB's display value -> linear light, one number on the host. IEC 61966-2-1. */
export const linearOfSRGB = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);

/** Linear light -> sRGB's display value, one number on the host; the inverse of `linearOfSRGB`. */
export const srgbOfLinear = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);

/** 8-bit sRGB value -> linear light. */
export const linearOfByte = Float32Array.from({ length: 256 }, (_, k) => linearOfSRGB(k / 255));

/** 8-bit sRGB values on the host -> linear light in [0, 1]. For tensors: `srgbToLinear`. */
export function bytesToLinear(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let k = 0; k < bytes.length; k++) values[k] = linearOfByte[bytes[k]];
  return values;
}

/** Linear light on the host, clipped to [0, 1] -> 8-bit sRGB values, rounded; NaN becomes 0. For tensors: `linearToSRGB`. */
export function linearToBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length); // rounds and clips; NaN becomes 0
  for (let k = 0; k < values.length; k++) bytes[k] = 255 * srgbOfLinear(values[k]);
  return new Uint8Array(bytes.buffer);
}
