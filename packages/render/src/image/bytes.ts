/** 8-bit sRGB value -> linear light. IEC 61966-2-1. */
export const linearOfByte = Float32Array.from({ length: 256 }, (_, k) => {
  const x = k / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
});

/** 8-bit sRGB values on the host -> linear light in [0, 1]. For tensors: `srgbToLinear`. */
export function bytesToLinear(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let k = 0; k < bytes.length; k++) values[k] = linearOfByte[bytes[k]];
  return values;
}

/** Linear light on the host, clipped to [0, 1] -> 8-bit sRGB values, rounded; NaN becomes 0. For tensors: `linearToSRGB`. */
export function linearToBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8ClampedArray(values.length); // rounds and clips; NaN becomes 0
  for (let k = 0; k < values.length; k++) {
    const x = values[k];
    bytes[k] = 255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
  }
  return new Uint8Array(bytes.buffer);
}
