import { noGrad, tensor, type Tensor } from '@chiaro/autograd';
import { faceDescriptor, identitySimilarity, imageMetrics, vertexError } from '@chiaro/faces';
import type { FaceRecognitionNet } from '@chiaro/nn';
import { bytesToLinear } from '@chiaro/render';
import { vec3 } from 'gl-matrix';
import type { FrameTruth, UnseenView } from '../clips/clip.js';
import { drawHeads, viewVectors } from '../draw/drawHeads.js';
import { lightOfFrames } from '../light/lightModel.js';
import { after, angleBetween, axisAngleOf, turned, turnOf, turnOfRows, type Triple } from '../poses.js';
import { boxOf } from './boxOf.js';
import { HeadParameters, type Head } from '../registration/heads.js';
import { drawLit } from '../registration/pixelLoss.js';
import type { LitSubject } from '../registration/subject.js';

/** How far a head is from the truth. */
export interface HeadErrors {
  /** Mean distance of the face's vertices in the camera's frame, mm: pose and expression. */
  readonly vertices: number;
  /** The same across the line of sight: without the depth, of which small pictures tell little. */
  readonly across: number;
  /** Mean distance of the vertices of the lips. */
  readonly lips: number;
  /** Of the face's vertices after the best rigid motion, mm: expression alone. */
  readonly shape: number;
  /** Angle between the found rotation and the true one, degrees. */
  readonly degrees: number;
}

/** How well one frame is tracked and relit. */
export interface FrameMeasures extends HeadErrors {
  /** Mean squared error in 8-bit sRGB units within the face: the paper's L2. */
  readonly l2: number;
  readonly ssim: number;
  /** dB */
  readonly psnr: number;
  /** Cosine of the faces' descriptors by a recognition network; the paper's is ArcFace, so scores do not compare with its. */
  readonly csim: number;
  /** The same cosine between the frame and another person's face: what a CSIM of nobody is. */
  readonly stranger: number;
  /** L2 as above from a camera that the tracker does not see. */
  readonly unseen: number;
}

/** Which vertices are looked at. */
export interface FaceRegions {
  /** Vertices of the face proper. */
  readonly face: ArrayLike<number>;
  /** Vertices of the lips. */
  readonly lips: ArrayLike<number>;
}

/** Which vertices are looked at, and who tells people apart. */
export interface MeasureOptions extends FaceRegions {
  readonly recognition: FaceRecognitionNet;
  /** Another person's descriptor. */
  readonly stranger: Float32Array;
}

/** Vertices within a distance of those of some landmarks. @param positions [V * 3] @param marks vertices. */
export function verticesNear(positions: ArrayLike<number>, marks: ArrayLike<number>, distance: number): number[] {
  const at = (v: number): Triple => [positions[3 * v], positions[3 * v + 1], positions[3 * v + 2]];
  const places = Array.from(marks, at);
  return Array.from({ length: positions.length / 3 }, (_, v) => v).filter((v) =>
    places.some((p) => vec3.distance(p, at(v)) <= distance),
  );
}

/** Points of the head [V * 3] in the camera's frame. */
function placed(
  positions: ArrayLike<number>,
  { rotation, translation }: Pick<Head, 'rotation' | 'translation'>,
): Float32Array {
  const turn = turnOf(rotation);
  const all = new Float32Array(positions.length);
  for (let k = 0; k < positions.length; k += 3) {
    const p = turned(turn, [positions[k], positions[k + 1], positions[k + 2]]);
    all.set([p[0] + translation[0], p[1] + translation[1], p[2] + translation[2]], k);
  }
  return all;
}

/** Mean distance of vertices across the line of sight. */
function meanAcross(here: Float32Array, there: Float32Array, vertices: ArrayLike<number>): number {
  let sum = 0;
  for (const v of Array.from(vertices)) {
    const at = 3 * v;
    const own = vec3.fromValues(here[at], here[at + 1], here[at + 2]);
    const away = vec3.fromValues(there[at], there[at + 1], there[at + 2]);
    // the distance of a point from the line that its true place is seen along
    sum += vec3.length(vec3.cross(vec3.create(), own, vec3.normalize(away, away)));
  }
  return sum / vertices.length;
}

/** How far a head is from the truth. @param found [V * 3] its vertices in the head's frame. */
export function headErrors(
  found: ArrayLike<number>,
  head: Head,
  truth: Pick<FrameTruth, 'rotation' | 'translation' | 'positions'>,
  { face, lips }: FaceRegions,
): HeadErrors {
  const [here, there] = [placed(found, head), placed(truth.positions, truth)];
  const error = (vertices: ArrayLike<number>, align: 'none' | 'rigid'): number =>
    vertexError(here, there, { vertices, align }).mean;
  return {
    vertices: error(face, 'none'),
    across: meanAcross(here, there, face),
    lips: error(lips, 'none'),
    shape: error(face, 'rigid'),
    degrees: (angleBetween(head.rotation, truth.rotation) * 180) / Math.PI,
  };
}

/** The avatar as another camera sees it, lit as the clip's camera would have it but for the view. */
function drawUnseen(subject: LitSubject, head: Head, light: Tensor, { rotation, position }: UnseenView): Tensor {
  const camera = turnOfRows(rotation);
  const [x, y, z] = head.translation;
  const there = new HeadParameters([
    {
      rotation: axisAngleOf(after(camera, turnOf(head.rotation))),
      translation: turned(camera, [x, y, z], position),
      code: head.code,
    },
  ]).poses();
  const views = viewVectors(there);
  const { positions, textures } = subject.avatar.decode(there.codes, views);
  const rotations = tensor([Array.from(head.rotation)]);
  const relit = subject.light.relight({ textures, light, rotations, views });
  return drawHeads(subject.avatar.mesh, { positions, textures: relit.textures }, there, subject.camera).images;
}

/** What is true of a frame that the unseen camera took too. */
export type JudgedTruth = FrameTruth & { readonly unseen: UnseenView };

/**
 * How well a frame of a rendered clip is tracked: the relit avatar against the frame within the true face, from the clip's
 * camera and from the unseen one, and the head against the truth.
 * @param bytes [S * S * 3] the frame. @param clipLight [L] the clip's code; a model that sees the frame has its own.
 */
export async function measureFrame(
  subject: LitSubject,
  bytes: Uint8Array,
  truth: JudgedTruth,
  head: Head,
  clipLight: Tensor,
  { recognition, stranger, ...regions }: MeasureOptions,
): Promise<FrameMeasures> {
  const { size } = subject.camera;
  const shape = [size, size, 3];
  const picture = (of: Uint8Array): Tensor => tensor(bytesToLinear(of), shape);
  const photo = picture(bytes);
  const drawn = noGrad(() => {
    const light = lightOfFrames(subject.light, clipLight, photo.unsqueeze(0));
    const lit = drawLit(subject, new HeadParameters([head]).poses(), light);
    const unseen = drawUnseen(subject, head, light, truth.unseen);
    return { image: lit.images.squeeze(0), positions: lit.positions, unseen: unseen.squeeze(0) };
  });
  const seen = await imageMetrics(drawn.image, photo, truth.mask);
  const beside = await imageMetrics(drawn.unseen, picture(truth.unseen.bytes), truth.unseen.mask);
  const inside = tensor(Float32Array.from(truth.mask), [size, size, 1]);
  const box = boxOf(truth.mask, size);
  const [own, theirs] = await Promise.all(
    [drawn.image, photo].map((image) => faceDescriptor(recognition, image.mul(inside), box)),
  );
  return {
    ...headErrors(await drawn.positions.data(), head, truth, regions),
    l2: seen.photometricRmse8bit ** 2,
    ssim: seen.ssim,
    psnr: seen.psnr,
    csim: identitySimilarity(own, theirs),
    stranger: identitySimilarity(stranger, theirs),
    unseen: beside.photometricRmse8bit ** 2,
  };
}
