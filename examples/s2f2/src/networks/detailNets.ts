import { concat, elementwise, expr, noGrad, stack, type Generator, type Tensor } from '@chiaro/autograd';
import {
  enhancedFace,
  photoTexture,
  type AttributeFace,
  type AttributeView,
  type EnhancedFace,
  type TexelPlaces,
} from '@chiaro/faces';
import { Module, readTorch, stateDictOf, UNet } from '@chiaro/nn';
import { linearToSRGB } from '@chiaro/render';
import { host } from '@chiaro/tensor/host';
import type { Preset } from '../config.js';

/** The largest increment of the diffuse albedo, and of the components of the normal (0, 0, 1). */
const [albedoRange, normalRange] = [0.5, 0.9];

/** sRGB less ImageNet's mean, in its deviations: what VGG16 was trained on. */
const imageNetScale = expr`
  fn imageNetScale(c: vec3f) -> vec3f {
    return (c - vec3f(0.485, 0.456, 0.406)) / vec3f(0.229, 0.224, 0.225);
  }`;

/** Increments that U_G and U_D find, [B, M, M, 3] each. */
export interface DetailIncrements {
  /** Of the normal (0, 0, 1); within +-0.9, so that no normal turns below the surface. */
  readonly normal: Tensor;
  /** Of the medium stage's diffuse albedo, within +-0.5. */
  readonly diffuse: Tensor;
}

/**
 * U_G and U_D of section 3.4: U-nets on VGG16 with batch normalisation, from photographs in UV space to increments of the
 * normal and of the diffuse albedo, zero at first: the heads begin at zero, and zero is the normal as it is.
 */
export class DetailNets extends Module {
  readonly normals: UNet;
  readonly diffuse: UNet;

  constructor({ unet }: Pick<Preset, 'unet'>, generator: Generator) {
    super();
    const net = (): UNet => new UNet({ ...unet, outputs: 3, zeroHead: true, generator });
    this.normals = net();
    this.diffuse = net();
  }

  /** Photographs in UV space [B, M, M, 3], linear RGB -> [B, M, M, 6], three of the normal, three of the albedo. */
  override forward(textures: Tensor): Tensor {
    const inputs = elementwise(imageNetScale, linearToSRGB(textures)).permute([0, 3, 1, 2]);
    const found = [
      this.normals.forward(inputs).tanh().mul(normalRange),
      this.diffuse.forward(inputs).tanh().mul(albedoRange),
    ];
    return concat(found, 1).permute([0, 2, 3, 1]);
  }

  /** The same, apart. */
  increments(textures: Tensor): DetailIncrements {
    const both = this.forward(textures);
    return { normal: both.narrow(3, 0, 3), diffuse: both.narrow(3, 3, 3) };
  }
}

/** Gives both U-nets the convolutions of a file of PyTorch: torchvision's `vgg16_bn`. Only the preset `paper` has its channels. */
export async function loadBackbone({ normals, diffuse }: DetailNets, file: string): Promise<void> {
  const weights = stateDictOf(await readTorch(await host.readFile(file)));
  const features = Object.fromEntries(
    Object.entries(weights).flatMap(([name, array]) =>
      name.startsWith('features.') ? [[name.slice('features.'.length), array]] : [],
    ),
  );
  for (const net of [normals, diffuse]) net.features.load(features);
}

/**
 * I_p of section 3.4: photographs projected into UV space by faces' poses and shapes, [B, M, M, 3] linear RGB. Carries no
 * gradient: what the U-nets see must not become a reason to move the mesh. Hidden texels are filled, see `photoTexture`.
 */
export const projectedPhotos = (
  faces: readonly AttributeFace[],
  views: readonly AttributeView[],
  places: TexelPlaces,
): Tensor =>
  noGrad(() =>
    stack(faces.map(({ mesh }, b) => photoTexture(views[b].photo, mesh, views[b].camera, places).texture)),
  ).detach();

/** The fine stage's face: the medium one with the increments of number b. Its `base` is the medium face. */
export const detailedFace = (medium: AttributeFace, { normal, diffuse }: DetailIncrements, b: number): EnhancedFace =>
  enhancedFace(medium, { normal: normal.select(0, b), diffuse: diffuse.select(0, b) });
