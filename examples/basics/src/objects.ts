import { NodeIO } from '@gltf-transform/core';
import { KHRDracoMeshCompression } from '@gltf-transform/extensions';
import { tensor, type Tensor } from '@chiaro/autograd';
import { decodeImage, environment, mesh, type Emitter, type Mesh } from '@chiaro/render';
import suzanneFile from '@pmndrs/assets/models/suzi.glb.js';
import draco from 'draco3dgltf';

/** Bytes of an asset, which comes as a data URL. */
const bytesOf = (url: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(url.split(',')[1]!, 'base64'));

/** Blender's monkey, about 1.9 wide, looking along +Z (CC0, from @pmndrs/assets). */
export async function suzanne(): Promise<Mesh> {
  const io = new NodeIO()
    .registerExtensions([KHRDracoMeshCompression])
    .registerDependencies({ 'draco3d.decoder': await draco.createDecoderModule() });
  const document = await io.readBinary(bytesOf(suzanneFile));
  const primitive = document.getRoot().listMeshes()[0]!.listPrimitives()[0]!;
  const numbers = (name: string): Float32Array => Float32Array.from(primitive.getAttribute(name)!.getArray()!);
  return mesh({
    positions: numbers('POSITION'),
    normals: numbers('NORMAL'),
    triangles: primitive.getIndices()!.getArray()!,
  });
}

/** A vase about the Y axis, 2 high, with texture coordinates that run once around and once up. */
export function vase({ rows = 48, columns = 64 } = {}): Mesh {
  const positions: number[] = [];
  const uvs: number[] = [];
  const triangles: number[] = [];
  for (let j = 0; j <= rows; j++) {
    const t = j / rows;
    const radius = 0.32 + 0.34 * Math.sin(Math.PI * Math.min(t * 1.25, 1)) ** 1.5 + 0.12 * Math.max(t - 0.8, 0) * 5 * t;
    for (let i = 0; i <= columns; i++) {
      const angle = (2 * Math.PI * i) / columns;
      positions.push(radius * Math.sin(angle), 2 * t - 1, radius * Math.cos(angle));
      uvs.push(i / columns, t);
      const a = j * (columns + 1) + i;
      if (i < columns && j < rows) triangles.push(a, a + 1, a + columns + 2, a, a + columns + 2, a + columns + 1);
    }
  }
  return mesh({ positions, uvs, triangles });
}

/** A glaze in waves of matt cream, shiny blue and red between: albedo [side, side, 3] and roughness [side, side, 1]. */
export function glaze(side: number): { albedo: Tensor; roughness: Tensor } {
  const colors = [
    { albedo: [0.75, 0.7, 0.6], roughness: [0.7] },
    { albedo: [0.1, 0.22, 0.45], roughness: [0.25] },
    { albedo: [0.6, 0.22, 0.1], roughness: [0.4] },
  ];
  const texels = Array.from({ length: side }, (_, j) =>
    Array.from({ length: side }, (__, i) => {
      const wave = (7 * j) / side + 0.6 * Math.sin((2 * Math.PI * 6 * i) / side) + 3;
      return colors[Math.floor(wave) % 3]!;
    }),
  );
  const picture = (key: 'albedo' | 'roughness'): Tensor => tensor(texels.map((row) => row.map((t) => t[key])));
  return { albedo: picture('albedo'), roughness: picture('roughness') };
}

const skies = {
  sunset: () => import('@pmndrs/assets/hdri/sunset.exr.js'),
  forest: () => import('@pmndrs/assets/hdri/forest.exr.js'),
  city: () => import('@pmndrs/assets/hdri/city.exr.js'),
};

/**
 * A photographed sky [64, 128, 3] of mean brightness 1 (CC0, from @pmndrs/assets; compression has left some negative
 * light, which is cut off).
 */
export async function sky(name: keyof typeof skies): Promise<Tensor> {
  const image = await decodeImage(bytesOf((await skies[name]()).default));
  const small = image.reshape([64, 4, 128, 4, 3]).mean([1, 3]).clamp(0);
  return tensor((await small.div(small.mean()).data()) as Float32Array, [64, 128, 3]);
}

/** A sky that lights, and that the camera does not see. */
export const backdrop = (map: Tensor): Emitter => environment(map, { background: false });
