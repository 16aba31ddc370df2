import { ShapeError, concat, elementwise, expr, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import type { BsdfKind } from '../bsdf/index.js';
import type { Camera } from '../camera/index.js';
import type { Shape } from '../geometry/index.js';
import { antialias } from '../raster/antialias/antialias.js';
import { reflectSH } from '../raster/vertex/reflectSH.js';
import { colourOf, nothingSeen, pixelCentres } from '../trace/aovs.js';
import type { Aovs } from '../trace/aovs.js';
import type { EnvironmentEmitter } from '../trace/emitters.js';
import type { Scene } from '../trace/scene.js';
import { reflectSingle, sortLights, sumOfHarmonics } from './lights.js';
import type { Lights, MeshLight } from './lights.js';
import { lookUpLatLong } from './prefilter.js';
import { reflectSkies } from './splitSum.js';
import { surfaceUnder } from './surface.js';
import type { Surface } from './surface.js';

export type { MeshLight } from './lights.js';

/** Choices of `renderMesh`. */
export interface RenderMeshOptions {
  /** What shines; by default the scene's emitters, and a headlight if there are none. */
  readonly lights?: readonly MeshLight[];
  /** `lit` (default) by the lights; `albedo`: the lobe's colour as it is. */
  readonly shading?: 'lit' | 'albedo';
  /** [3], [H, W, 3] or [B, H, W, 3]; by default the environment of the scene that shows itself, else black. */
  readonly background?: Tensor;
  /** Blends pixels along silhouettes, which gives their gradients; true by default. */
  readonly antialias?: boolean;
  /** Samples along a side of a pixel; 1 by default. */
  readonly supersample?: number;
  /** How textures are read: with mip levels (default), or from their texels, as `pathTrace` does. */
  readonly filter?: 'trilinear' | 'bilinear';
}

/**
 * An image, and what lies under the centres of its pixels; nothing is computed that nobody uses. All of it has a leading
 * dimension [B] where the camera has B views.
 */
export interface MeshImage extends Aovs {
  /** [H, W, 3] linear RGB. */
  readonly image: Tensor;
  /** [H, W] share of shapes in each pixel, with the gradient of silhouettes. */
  readonly alpha: Tensor;
  /** [H, W, 3] what a white Lambert surface would show under the lights: irradiance / pi. */
  readonly shading: Tensor;
}

/**
 * Draws a scene by rasterizing it: every light reflected once towards the camera, without shadows. The same tree as
 * `pathTrace`, the same lobes from the same text, the same factors of pi; a scene without shadows has the same image.
 * Right for convex things, quick looks, and first stages of fits.
 *
 * Directional, point and headlights are exact for every lobe. A sphere light is evaluated in 24 directions spread over it:
 * to 1 % for lobes wider than it is, dots for sharper ones. Environments and spherical harmonics light the Lambert base in
 * closed form (nine bands: 99.96 % of the clamped cosine's energy). What harmonics light of the rest of the lobe goes by its
 * moments about the mirror direction, as in `renderVertices`: smoothly, and at 280 evaluations of a lobe per pixel. So does
 * what environments do, unless the lobe says that it is a glossy one (`gloss` of `bsdf`): then the split-sum approximation
 * gives it, with sharp mirror images; see `prefilterEnvironment`.
 *
 * Differentiable in all tensors of the scene, lights and camera; in vertices and camera also through silhouettes. A camera
 * of several views draws them all at once.
 *
 * @throws ShapeError where a value does not fit its place, and for area lights that are no sphere lights.
 * @example
 * const { image, depth } = renderMesh({ shapes: [sphere({ bsdf: lambert({ albedo: 0.8 }) })] }, camera);
 */
export function renderMesh(scene: Scene, camera: Camera, options: RenderMeshOptions = {}): MeshImage {
  const { supersample = 1 } = options;
  if (!(Number.isInteger(supersample) && supersample >= 1 && supersample <= 16)) {
    throw new ShapeError(`renderMesh: supersample must be a whole number from 1 to 16, got ${supersample}`);
  }
  const draw = new Drawing(scene, camera, options);
  const { height, width } = camera.size;
  const { shading } = draw;
  const fine = supersample === 1 ? draw : new Drawing(scene, camera.finer(supersample), options);
  const reduce = (x: Tensor): Tensor => {
    if (supersample === 1) return x;
    const cells = x.reshape([camera.views ?? 1, height, supersample, width, supersample, -1]);
    return cells.mean([2, 4]).reshape([...x.shape.slice(0, -3), height, width, x.shape.at(-1)!]);
  };
  const background = draw.background();
  const coverage = reduce(fine.alpha.unsqueeze(-1));
  const image = reduce(fine.image).add(background.mul(coverage.neg().add(1)));
  return { ...draw.aovs, image, alpha: coverage.squeeze(-1), shading };
}

/** A scene on the pixels of a camera. */
class Drawing {
  readonly aovs: Aovs;
  /** [B?, H, W, 3] what shapes show, black elsewhere, blended along silhouettes. */
  readonly image: Tensor;
  /** [B?, H, W] */
  readonly alpha: Tensor;
  /** [B?, H, W, 3] */
  readonly shading: Tensor;
  /** The shape of the image without its colours. */
  private readonly pixels: readonly number[];

  constructor(
    private readonly scene: Scene,
    private readonly camera: Camera,
    private readonly options: RenderMeshOptions,
  ) {
    const { height, width } = camera.size;
    const { emitters = [] } = scene;
    this.pixels = [...(camera.views === undefined ? [] : [camera.views]), height, width];
    const lights = sortLights(options.lights ?? (emitters.length > 0 ? emitters : ['headlight']));
    const shapes = scene.shapes.filter((s) => s.mesh.topology.triangleCount > 0);
    if (shapes.length === 0) {
      this.aovs = nothingSeen(this.pixels);
      this.image = this.shading = zeros([...this.pixels, 3]);
      this.alpha = zeros(this.pixels);
      return;
    }
    const surface = surfaceUnder(shapes, camera, options.filter ?? 'trilinear');
    const { hit } = surface;
    const onlyHits = (t: Tensor): Tensor => t.where(hit.mask, 0);
    const mask = hit.mask.to('float32');
    const albedo = albedoOf(surface);
    this.aovs = {
      depth: onlyHits(camera.toPixels(surface.position).narrow(-1, 2, 1)).squeeze(-1),
      position: onlyHits(surface.position),
      normal: onlyHits(surface.normal),
      uv: onlyHits(surface.uv),
      albedo: onlyHits(albedo),
      triangle: hit.triangles,
      shape: surface.shape,
      mask: mask.squeeze(-1),
    };
    const lit = options.shading === 'albedo' ? albedo : litBy(lights, surface, shapes);
    const blend = (t: Tensor): Tensor =>
      options.antialias === false ? t : antialias(t, hit, surface.clip, surface.topology);
    this.image = blend(onlyHits(lit));
    this.alpha = blend(mask).squeeze(-1);
    this.shading = onlyHits(reflected(lambert.kind, { albedo: tensor([1, 1, 1]) }, lights, surface));
  }

  /** [3], [H, W, 3] or [B, H, W, 3] */
  background(): Tensor {
    const { height, width } = this.camera.size;
    const { background } = this.options;
    if (background) {
      const { shape } = background;
      const places = [[3], [height, width, 3], [...this.pixels, 3]];
      if (places.some((wanted) => wanted.join() === shape.join())) return background;
      const wanted = `[3] or [${this.pixels.join(', ')}, 3]`;
      throw new ShapeError(`renderMesh: background must be ${wanted}, got [${shape.join(', ')}]`);
    }
    const sky = this.scene.emitters?.find((e): e is EnvironmentEmitter => e.type === 'environment' && e.background);
    if (!sky) return zeros([3]);
    const { directions } = this.camera.rays(pixelCentres(height, width));
    return lookUpLatLong(sky.map, directions).reshape([...this.pixels, 3]);
  }
}

/** [B?, H, W, 3] the lobes' colours. */
const albedoOf = ({ byShape, valueOf }: Surface): Tensor =>
  byShape(3, (s) => {
    const name = colourOf(s.bsdf.kind);
    return name === undefined ? undefined : valueOf(s, `${name} of ${s.bsdf.kind.name}`, s.bsdf.values[name], 3);
  });

/** Every lobe is evaluated once, with the parameters of whichever shape is seen. */
function litBy(lights: Lights, surface: Surface, shapes: readonly Shape[]): Tensor {
  const kinds = [...new Set(shapes.map((s) => s.bsdf.kind))];
  const byKind = kinds.map((kind) => {
    const values = Object.entries(kind.params).map(([name, type]) => {
      const width = type === 'f32' ? 1 : Number(type[3]);
      const own = (s: Shape): Tensor => surface.valueOf(s, `${name} of ${kind.name}`, s.bsdf.values[name], width);
      // pixels of nothing and of other lobes get a value that lobes can bear, so that their gradients are numbers
      const value = surface.byShape(width, (s) => (s.bsdf.kind === kind ? own(s) : undefined), 0.5);
      return [name, width === 1 ? value.squeeze(-1) : value] as const;
    });
    return { kind, color: reflected(kind, Object.fromEntries(values), lights, surface) };
  });
  if (byKind.length === 1) return byKind[0].color;
  return surface.byShape(3, (s) => byKind.find(({ kind }) => kind === s.bsdf.kind)!.color);
}

const mirrored = expr`fn mirrored(v: vec3f, n: vec3f) -> vec3f { return reflect(-v, n); }`;

/** Pixels whose moments are computed together: their intermediate values stay below what every adapter can bind. */
const pixelsAtOnce = 2 ** 15;

/** What a lobe reflects of all lights: [B?, H, W, 3]. */
function reflected(
  kind: BsdfKind,
  values: Readonly<Record<string, Tensor>>,
  { harmonics, skies, single }: Lights,
  surface: Surface,
): Tensor {
  const { normal, viewer } = surface;
  let sum = zeros(normal.shape);
  if (single) sum = sum.add(reflectSingle(kind, values, single, surface));
  const { gloss } = kind;
  const smooth = gloss
    ? harmonics
    : sumOfHarmonics([...(harmonics ? [harmonics] : []), ...skies.map((s) => s.harmonics)]);
  const shinyUnder = gloss && skies.length > 0 ? { ...kind, gloss } : undefined;
  if (smooth || shinyUnder) {
    const rows = (t: Tensor): Tensor => t.reshape([-1, t.shape.at(-1)!]);
    const flat = Object.entries(kind.params).map(([name, type]) => {
      const value = values[name];
      if (value.rank < 2) return [name, value] as const;
      return [name, type === 'f32' ? value.flatten() : rows(value)] as const;
    });
    const view = {
      normals: rows(normal),
      cosine: normal.mul(viewer).sum(-1).flatten(),
      mirrored: rows(elementwise(mirrored, viewer, normal)),
    };
    const count = normal.size / 3;
    const parts = Array.from({ length: Math.ceil(count / pixelsAtOnce) }, (_, k) => {
      const part = (t: Tensor): Tensor =>
        t.rank === 0 || t.shape[0] !== count ? t : t.slice([k * pixelsAtOnce, Math.min((k + 1) * pixelsAtOnce, count)]);
      const own = Object.fromEntries(flat.map(([name, value]) => [name, part(value)]));
      const place = { normals: part(view.normals), cosine: part(view.cosine), mirrored: part(view.mirrored) };
      const light = smooth && reflectSH(kind, own, smooth, place).expand(place.normals.shape);
      const glossy = shinyUnder && reflectSkies(shinyUnder, own, skies, place);
      return light && glossy ? light.add(glossy) : (light ?? glossy)!;
    });
    sum = sum.add(concat(parts).reshape(normal.shape));
  }
  return sum;
}
