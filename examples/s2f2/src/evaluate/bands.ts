import { axisAngle, mesh, vertexNormals } from '@chiaro/render';
import { tensor } from '@chiaro/autograd';
import type { MorphableModel } from '@chiaro/faces';
import type { WorldFace } from '@chiaro/example-rich-reflectance';

/** Vertices whose normal is nearer to a right angle with the view than this cosine are at a silhouette. */
const silhouetteCosine = 0.35;
/** How far round the outlines of the lips the band goes, mm on the mean face. */
const lipDistance = 10;
/** Landmarks of the outer and the inner lips. */
const [firstLip, lipCount] = [48, 20];

/** The vertices of the skin: the face proper. */
export const skinOf = ({ data: { mask } }: MorphableModel): number[] =>
  Array.from(mask.keys()).filter((v) => mask[v] > 0.5);

/** The vertices round the lips, by the mean face. */
export function lipBand(model: MorphableModel): Set<number> {
  const { positions, landmarks } = model.data;
  const lips = landmarks.subarray(firstLip, firstLip + lipCount);
  const distance = (v: number, w: number): number =>
    Math.hypot(...[0, 1, 2].map((c) => positions[3 * v + c] - positions[3 * w + c]));
  return new Set(skinOf(model).filter((v) => lips.some((w) => distance(v, w) < lipDistance)));
}

/** The vertices of the skin where the true face turns away from the camera: at outlines, and at edges of the nose. */
export async function silhouetteBand(model: MorphableModel, { positions, pose }: WorldFace): Promise<Set<number>> {
  const { data } = model;
  const points = tensor(positions, [positions.length / 3, 3]);
  const rotation = axisAngle(tensor(pose.subarray(0, 3)));
  const placed = rotation.apply(points).add(tensor(pose.subarray(3)));
  const { topology } = mesh({ positions: data.positions, triangles: data.triangles });
  const [normals, inCamera] = await Promise.all([vertexNormals(placed, topology).data(), placed.data()]);
  const skin = skinOf(model).filter((v) => {
    const [p, n] = [inCamera, normals].map((list) => list.subarray(3 * v, 3 * v + 3));
    const cosine = -(p[0] * n[0] + p[1] * n[1] + p[2] * n[2]) / Math.hypot(p[0], p[1], p[2]);
    return Math.abs(cosine) < silhouetteCosine;
  });
  return new Set(skin);
}
