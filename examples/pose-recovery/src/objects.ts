// Two objects with colours of their own: a cube and the mean head of the face model.
import { rand, tensor, type Generator, type Tensor } from '@chiaro/autograd';
import { loadFaceModel } from '@chiaro/faces';
import { boxShape, decimate, mesh, meshFileOf, resize, vertexNormals, type Mesh } from '@chiaro/render';

/** What is drawn and turned. */
export interface Thing {
  /** Within 1.8 of the origin. */
  readonly mesh: Mesh;
  /** The same with fewer triangles, for small pictures. */
  readonly coarse: Mesh;
  /** [H, W, 3] */
  readonly colors: Tensor;
  /** Whether a lamp shines on it from above the camera, or it shows its colours alone. */
  readonly lit: boolean;
}

/** A cube with random texels around a colour of its own on each side, in a row of a texture. */
export async function cube(noise: Generator): Promise<Thing> {
  const texels = 4;
  const whole = mesh({
    ...boxShape(),
    uvs: Float32Array.from({ length: 48 }, (_, k) => {
      const [side, corner] = [k >> 3, (k >> 1) & 3];
      const inset = (along: boolean): number => 0.5 + (along ? texels - 1 : 0); // between centres of texels
      if (k % 2 === 1) return inset(corner >= 2) / texels;
      return (side * texels + inset(corner === 1 || corner === 2)) / (6 * texels);
    }),
    uvTriangles: Uint32Array.from({ length: 36 }, (_, k) => 4 * Math.floor(k / 6) + [0, 1, 2, 0, 2, 3][k % 6]!),
  });
  const sides = [[0.9, 0.2, 0.2], [0.2, 0.8, 0.2], [0.2, 0.3, 0.9], [0.9, 0.8, 0.2], [0.8, 0.2, 0.8], [0.2, 0.8, 0.8]]; // prettier-ignore
  const spread = rand([texels, 6, texels, 3], { generator: noise }).sub(0.5).mul(0.4);
  const colors = tensor(sides)
    .unsqueeze(1)
    .add(spread)
    .reshape([texels, 6 * texels, 3]);
  return { mesh: whole, coarse: whole, colors: tensor(await colors.data(), colors.shape), lit: false };
}

/** The mean head of the face model, its albedo reduced to 128 x 128 texels. */
export async function head(): Promise<Thing> {
  const model = await loadFaceModel();
  const positions = model.geometry({});
  const [low, high] = [positions.min(0), positions.max(0)];
  const centred = positions.sub(low.add(high).div(2)).div(high.sub(low).max()).mul(3.2);
  const { uvs, uvTriangles, triangles } = await meshFileOf(model.mesh(positions));
  const file = { positions: (await centred.data()) as Float32Array, triangles, uvs: uvs!, uvTriangles: uvTriangles! };
  const { mesh: few } = await decimate(file, { triangles: 900 });
  const { diffuse } = model.albedo({});
  const colors = resize(diffuse.unsqueeze(0), { height: 128, width: 128 }).squeeze(0);
  return { mesh: mesh(file), coarse: mesh(few), colors: tensor(await colors.data(), colors.shape), lit: true };
}

/** [V, 3] normals of a thing's mesh. */
export const normalsOf = ({ positions, topology }: Mesh): Tensor => vertexNormals(positions, topology);
