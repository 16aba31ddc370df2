import { concat, noGrad, resizeBilinear, tensor, type Tensor } from '@chiaro/autograd';
import { quat } from 'gl-matrix';
import type { Avatar } from '../avatar/avatar.js';
import { drawHeads, viewVectors, type HeadCamera } from '../draw/drawHeads.js';
import type { LightModel } from '../light/lightModel.js';
import { after, axisAngleOf, turnOf, type Triple } from '../poses.js';

/** A registered frame. */
export interface RegisteredFrame {
  /** [S, S, 3] linear RGB. */
  readonly captured: Tensor;
  /** [1, Z] */
  readonly code: Tensor;
  /** Camera point = rotation * head point + translation. */
  readonly rotation: Triple;
  readonly translation: Triple;
  /** The head's rotation in the frame of the lights. */
  readonly lightRotation: Triple;
  /** [L] */
  readonly light: Tensor;
}

/** Viewpoints: straight, then the camera goes round the head, radians. */
const viewpoints = [0, -0.7, 0.7];

/**
 * A row of figures 1 and 2: captured, fully lit avatar, gain (half of it), bias about grey, relit texture, relit avatar, and
 * the same from other viewpoints; all [S, S, 3], computed.
 */
export async function relightingRow(
  avatar: Avatar,
  model: LightModel,
  frame: RegisteredFrame,
  camera: HeadCamera,
): Promise<readonly Tensor[]> {
  const { size } = camera;
  const turns = viewpoints.map((azimuth) => {
    const round = quat.setAxisAngle(quat.create(), [0, 1, 0], azimuth);
    return axisAngleOf(after(round, turnOf(frame.rotation)));
  });
  const all = (rotations: readonly Triple[]) => ({
    rotations: tensor(rotations.map((v) => [...v])),
    translations: tensor(rotations.map(() => [...frame.translation])),
  });
  const [images, maps] = noGrad(() => {
    const views = viewVectors(all(turns));
    const { positions, textures } = avatar.decode(frame.code.expand([turns.length, avatar.codeSize]), views);
    const rotations = tensor(turns.map(() => [...frame.lightRotation]));
    const relit = model.relight({ textures, light: frame.light, rotations, views });
    const first = (t: Tensor): Tensor => t.narrow(0, 0, 1);
    const faces = {
      positions: concat([first(positions), positions]),
      textures: concat([first(textures), relit.textures]),
    };
    const drawn = drawHeads(avatar.mesh, faces, all([turns[0], ...turns]), camera).images;
    const found = concat([first(relit.gain).mul(0.5), first(relit.bias).add(0.2), first(relit.textures)]);
    return [drawn, resizeBilinear(found.permute([0, 3, 1, 2]), [size, size]).permute([0, 2, 3, 1])];
  });
  // on the host, so that the next row is computed by the same kernels
  const pictures = async (t: Tensor): Promise<Tensor[]> => {
    const data = await t.data();
    const each = 3 * size * size;
    return Array.from({ length: data.length / each }, (_, k) =>
      tensor(Float32Array.from(data.slice(k * each, (k + 1) * each)), [size, size, 3]),
    );
  };
  const [[full, ...lit], [gain, bias, texture]] = await Promise.all([pictures(images), pictures(maps)]);
  return [frame.captured, full, gain, bias, texture, ...lit];
}
