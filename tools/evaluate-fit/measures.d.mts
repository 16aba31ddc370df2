type Image = ArrayLike<number>;

export function psnrInside(a: Image, b: Image, mask: Uint8Array): number;
export function gainTo(a: Image, b: Image, mask: Uint8Array): number;
export function albedoError(a: Image, b: Image, mask: Uint8Array, gain: number): number;
export function lightError(
  fitted: ArrayLike<number>,
  truth: Float32Array,
): { readonly raw: number; readonly gained: number; readonly degrees: number };
