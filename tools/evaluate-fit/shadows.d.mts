import type { Camera, Mesh } from '@chiaro/render';

export function castShadow(
  mesh: Mesh,
  camera: Camera,
  lamp: { readonly direction: readonly [number, number, number]; readonly sharpness: number },
): Promise<Uint8Array>;
