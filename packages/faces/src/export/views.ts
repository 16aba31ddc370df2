import type { FitResult, HostImage } from '../fit/types.js';
import { displayImage, errorRange } from './display.js';
import type { Display, DisplayedImage } from './display.js';

/** One image of the result folder. */
export interface View extends DisplayedImage {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  /** What it shows, one sentence for people; also the alternative text. */
  readonly description: string;
  /** crop: as the photograph's crop; uv: a texture of the face; sphere: all directions, lat-long. */
  readonly frame: 'crop' | 'uv' | 'sphere';
}

type Row = readonly [
  name: string,
  title: string,
  description: string,
  frame: View['frame'],
  display: Display,
  image: (result: FitResult) => HostImage | undefined,
];

const rows: readonly Row[] = [
  ['photo', 'Photograph', 'The crop that was fitted', 'crop', 'color', (r) => r.images.photo],
  ['overlay', 'Overlay', 'The reconstruction laid over the photograph', 'crop', 'color', (r) => r.images.overlay],
  [
    'final',
    'Reconstruction',
    'The fitted face, ray traced in the fitted light',
    'crop',
    'color',
    (r) => r.images.final,
  ],
  [
    'model-only',
    'Model only',
    "The fitted face with the model's own textures, before the texture stage",
    'crop',
    'color',
    (r) => r.images.modelOnly,
  ],
  ['shading', 'Shading', 'The fitted light on a white face', 'crop', 'exposed', (r) => r.images.shading],
  ['normals', 'Normals', "Directions of the surface in the camera's frame", 'crop', 'normals', (r) => r.images.normals],
  ['diffuse', 'Diffuse albedo', 'Share of light that the skin scatters', 'crop', 'color', (r) => r.images.diffuse],
  [
    'specular',
    'Specular albedo',
    'Share of light that the surface mirrors at normal incidence',
    'crop',
    'exposed',
    (r) => r.images.specular,
  ],
  ['roughness', 'Roughness', 'Black is a mirror, white is dull', 'crop', 'values', (r) => r.images.roughness],
  [
    'error',
    'Error',
    `Distance to the photograph in 8-bit steps, black 0 to white ${errorRange} and more`,
    'crop',
    'error',
    (r) => r.images.error,
  ],
  ['mask', 'Mask', 'White where the face was compared with the photograph', 'crop', 'values', (r) => r.images.mask],
  [
    'environment',
    'Environment',
    'The fitted light from all directions, the middle is where a face that looks into the camera looks',
    'sphere',
    'exposed',
    (r) => r.light.environment,
  ],
  ['texture-diffuse', 'Diffuse texture', 'Diffuse albedo over the face', 'uv', 'color', (r) => r.textures.diffuse],
  [
    'texture-specular',
    'Specular texture',
    'Specular albedo over the face',
    'uv',
    'exposed',
    (r) => r.textures.specular,
  ],
  ['texture-roughness', 'Roughness texture', 'Roughness over the face', 'uv', 'values', (r) => r.textures.roughness],
  ['texture-normals', 'Normal map', 'How normals lean beside those of the mesh', 'uv', 'values', (r) => r.normalMap],
];

/** Every name that an image file of a result folder can have: what is not in a result must not stay from an older one. */
export const viewNames: readonly string[] = rows.map(([name]) => name);

/** The images of a result that exist, in the order to show them. */
export function resultViews(result: FitResult): View[] {
  return rows.flatMap(([name, title, description, frame, display, imageOf]): View[] => {
    const image = imageOf(result);
    if (image === undefined) return [];
    return [{ name, title, description, frame, ...displayImage(image, display) }];
  });
}
