import { compile, concat, tensor, type Tensor } from '@chiaro/autograd';
import { cropAroundLandmarks, cropRules, intrinsicsInCrop, landmarksInCrop } from '@chiaro/faces';
import {
  buildTopology,
  euler,
  evaluateSH,
  halfCosine,
  interpolate,
  linearToSRGB,
  pinhole,
  rasterize,
  shBands,
  vertexNormals,
} from '@chiaro/render';
import { distance, projectedLandmarks } from './landmarks.js';
import type { MultilinearModel } from './multilinearModel.js';
import { part, type Group } from './parameters.js';
import { paintTemplate, type Template } from './template.js';

/** Faces as the network sees them. */
export interface RenderedFaces {
  /** [N * S * S * 3] sRGB bytes, black outside of the mask. */
  readonly images: Uint8Array;
  /** [N * S * S] 1 in the mask. */
  readonly masks: Uint8Array;
  /** [N * 68 * 2] landmarks in pixels of the crop. */
  readonly landmarks: Float32Array;
}

/** What pixels show of a face, zero where they show none. */
export interface FaceSurface {
  /** [S * S * 3] linear reflectance. */
  readonly albedo: Float32Array;
  /** [S * S * 3] unit normals in the camera's frame. */
  readonly normals: Float32Array;
  /** [S * S] */
  readonly mask: Uint8Array;
}

/** Rays per side of a pixel. */
const fine = 2;

const albedoRange = [0.002, 0.98] as const;

/** Some vertices of modes [K * V * 3] as a matrix [K, V' * 3]. */
function rowsAt(modes: Float32Array, total: number, vertices: Uint32Array): Tensor {
  const count = modes.length / (3 * total);
  const width = 3 * vertices.length;
  const data = new Float32Array(count * width);
  for (let k = 0; k < count; k++) {
    vertices.forEach((v, i) => {
      const from = 3 * (k * total + v);
      data.set(modes.subarray(from, from + 3), k * width + 3 * i);
    });
  }
  return tensor(data, [count, width]);
}

/** Image formation of section 4.2, in batches: a Lambertian face in second-order SH light, cropped by its landmarks. */
export class FaceRenderer {
  readonly template: Template;
  readonly #draw: (theta: Tensor, intrinsics: Tensor) => Tensor;
  readonly #surface: (theta: Tensor, intrinsics: Tensor) => Tensor;
  readonly #values: (theta: Tensor, intrinsics: Tensor, values: Tensor) => Tensor;

  /** @param size pixels of a side. @param batch faces that are drawn at once. */
  constructor(
    readonly model: MultilinearModel,
    readonly size: number,
    readonly batch = 32,
  ) {
    this.template = paintTemplate(model.base.data);
    this.#draw = compile(drawing(model, this.template, size, batch));
    const pose = posing(model, this.template, 1);
    this.#surface = compile((theta, intrinsics) => {
      const { placed, normals, albedo, inMask } = pose(theta);
      return seenAt(this.template, size, 1, { placed, intrinsics, attributes: concat([albedo, normals, inMask], 2) });
    });
    this.#values = compile((theta, intrinsics, values) => {
      const { placed, inMask } = pose(theta);
      return seenAt(this.template, size, 1, { placed, intrinsics, attributes: concat([values, inMask], 2) });
    });
  }

  /** Numbers of the vertices [V] at the middles of the pixels of a face, theta [m]; NaN where there is no face. */
  async valuesOf(theta: Float32Array, values: Float32Array): Promise<Float32Array> {
    const { vertices } = this.template;
    const { intrinsics } = this.place(theta);
    const rows = tensor(
      Float32Array.from(vertices, (v) => values[v]),
      [1, vertices.length, 1],
    );
    const drawn = this.#values(tensor(theta, [1, theta.length]), tensor(intrinsics, [1, 4]), rows);
    const seen = await drawn.data();
    drawn.dispose();
    return Float32Array.from({ length: this.size ** 2 }, (_, p) => (seen[2 * p + 1] > 0 ? seen[2 * p] : NaN));
  }

  /** Where a face stands in its crop: [4] intrinsics, [68 * 2] landmarks in pixels. */
  place(theta: Float32Array): { readonly intrinsics: Float32Array; readonly landmarks: Float32Array } {
    const seen = projectedLandmarks(this.model, theta);
    const crop = cropAroundLandmarks(seen, cropRules.inverseFaceNet);
    return {
      // landmarks are x / depth and y / depth: pixels of a camera of focal length 1
      intrinsics: Float32Array.from(intrinsicsInCrop([1, 1, 0, 0], crop, this.size)),
      landmarks: landmarksInCrop(seen, crop, this.size),
    };
  }

  /** What the middles of pixels show of one face, theta [m]. */
  async surface(theta: Float32Array): Promise<FaceSurface> {
    const { intrinsics } = this.place(theta);
    const drawn = this.#surface(tensor(theta, [1, theta.length]), tensor(intrinsics, [1, 4]));
    const values = await drawn.data();
    drawn.dispose();
    const pixels = this.size * this.size;
    const surface = {
      albedo: new Float32Array(3 * pixels),
      normals: new Float32Array(3 * pixels),
      mask: new Uint8Array(pixels),
    };
    for (let p = 0; p < pixels; p++) {
      if (values[7 * p + 6] <= 0) continue;
      surface.mask[p] = 1;
      surface.albedo.set(values.subarray(7 * p, 7 * p + 3), 3 * p);
      const n = values.subarray(7 * p + 3, 7 * p + 6);
      surface.normals.set(
        n.map((x) => x / Math.hypot(...n)),
        3 * p,
      );
    }
    return surface;
  }

  /** Draws theta [N * m]. */
  async render(theta: Float32Array): Promise<RenderedFaces> {
    const { model, size, batch } = this;
    const width = model.layout.size;
    const count = theta.length / width;
    const pixels = size * size;
    const images = new Uint8Array(3 * count * pixels);
    const masks = new Uint8Array(count * pixels);
    const landmarks = new Float32Array(136 * count);
    for (let first = 0; first < count; first += batch) {
      const here = Math.min(batch, count - first);
      const rows = new Float32Array(batch * width);
      rows.set(theta.subarray(first * width, (first + here) * width));
      const intrinsics = new Float32Array(4 * batch).fill(1);
      for (let i = 0; i < here; i++) {
        const place = this.place(rows.subarray(i * width, (i + 1) * width));
        intrinsics.set(place.intrinsics, 4 * i);
        landmarks.set(place.landmarks, 136 * (first + i));
      }
      const drawn = this.#draw(tensor(rows, [batch, width]), tensor(intrinsics, [batch, 4]));
      const values = await drawn.data();
      drawn.dispose();
      for (let i = 0; i < here * pixels; i++) {
        const at = first * pixels + i;
        masks[at] = values[4 * i + 3];
        for (let c = 0; c < 3; c++) images[3 * at + c] = Math.round(255 * values[4 * i + c]);
      }
    }
    return { images, masks, landmarks };
  }
}

/** Faces before the camera at the vertices of the template. */
interface PosedFaces {
  /** [B, V', 3] mm in the camera's frame. */
  readonly placed: Tensor;
  /** [B, V', 3] unit normals. */
  readonly normals: Tensor;
  /** [B, V', 3] linear. */
  readonly albedo: Tensor;
  /** [B, V', 1] above 0 in the mask. */
  readonly inMask: Tensor;
  /** [B, 9, 3] */
  readonly light: Tensor;
}

/** theta [B, m] -> faces before the camera: eq. 2 and 3, and the rotation. */
function posing(model: MultilinearModel, template: Template, batch: number): (theta: Tensor) => PosedFaces {
  const { base, layout, shape, expression, reflectance } = model;
  const { vertices, triangles, inside } = template;
  const V = vertices.length;
  const at = (modes: Float32Array): Tensor => rowsAt(modes, base.vertexCount, vertices);
  const [meanGeometry, meanReflectance] = [base.data.positions, reflectance.mean].map(at);
  const [shapes, expressions, reflectances] = [shape, expression, reflectance].map(({ vectors }) => at(vectors));
  // one mesh of all faces of the batch, for their normals
  const topology = buildTopology(
    Uint32Array.from(
      { length: batch * triangles.length },
      (_, i) => triangles[i % triangles.length] + V * Math.floor(i / triangles.length),
    ),
    batch * V,
  );
  const depths = tensor(inside, [V, 1]);
  return (theta) => {
    const group = (name: Group): Tensor => theta.narrow(1, layout.starts[name], layout.counts[name]);
    const geometry = meanGeometry.add(group('shape').matmul(shapes)).add(group('expression').matmul(expressions)); // eq. 2
    const albedo = meanReflectance.add(group('reflectance').matmul(reflectances)); // eq. 3
    const placed = euler(group('rotation'), 'ZYX')
      .apply(geometry.reshape([batch, V, 3]))
      .add(tensor([0, 0, -distance]));
    const normals = vertexNormals(placed.reshape([batch * V, 3]), topology).reshape([batch, V, 3]);
    // skin that is seen from inside, through the mouth, hides what is behind it and is not in the mask
    const facing = placed.mul(normals).sum(2, true).div(-distance);
    return {
      ...{ placed, normals },
      albedo: albedo.reshape([batch, V, 3]).clamp(...albedoRange),
      inMask: facing.add(0.2).mul(20).minimum(depths),
      light: group('illumination').reshape([batch, 9, 3]),
    };
  };
}

/** Attributes [B, V', C] at places in pixels, `finer` to a side of each: [B, finer S, finer S, C]. */
function seenAt(
  { triangles }: Template,
  size: number,
  finer: number,
  {
    placed,
    intrinsics,
    attributes,
  }: { readonly placed: Tensor; readonly intrinsics: Tensor; readonly attributes: Tensor },
): Tensor {
  const corners = tensor(Int32Array.from(triangles), [triangles.length / 3, 3]);
  const camera = pinhole({
    ...{ width: finer * size, height: finer * size, near: 0.5 * distance, far: 1.5 * distance },
    intrinsics: intrinsics.mul(finer),
  });
  return interpolate(attributes, rasterize(camera.project(placed), corners, camera.size), corners).value;
}

/** (theta [B, m], intrinsics [B, 4]) -> [B, S, S, 4]: sRGB in [0, 1] and the mask. */
function drawing(
  model: MultilinearModel,
  template: Template,
  size: number,
  batch: number,
): (theta: Tensor, intrinsics: Tensor) => Tensor {
  const pose = posing(model, template, batch);
  const cosineLobe = tensor(shBands(2).map((l) => halfCosine(2)[l]));
  const mean = (x: Tensor): Tensor =>
    x
      .reshape([batch, size, fine, size, fine, x.shape[3]])
      .sum(4)
      .sum(2)
      .div(fine * fine);
  return (theta, intrinsics) => {
    const { placed, normals, albedo, inMask, light } = pose(theta);
    const H = evaluateSH(normals, 2).mul(cosineLobe); // H_k = A_l Y_lm
    const radiance = albedo.mul(H.matmul(light).clamp(0, Infinity)); // eq. 4
    const seen = seenAt(template, size, fine, { placed, intrinsics, attributes: concat([radiance, inMask], 2) });
    const isFace = seen.narrow(3, 3, 1).gt(0).to('float32');
    const share = mean(isFace);
    const mask = share.ge(0.5);
    const image = linearToSRGB(
      mean(seen.narrow(3, 0, 3).mul(isFace))
        .div(share.clamp(0.25, 1))
        .clamp(0, 1),
    ).where(mask, 0);
    return concat([image, mask.to('float32')], 3);
  };
}

/** Geometry of eq. 2 in the head's frame at all vertices: [V * 3] mm. */
export function geometryOf({ base, layout, shape, expression }: MultilinearModel, theta: Float32Array): Float32Array {
  const positions = Float32Array.from(base.data.positions);
  for (const [modes, weights] of [
    [shape.vectors, part(theta, layout, 'shape')],
    [expression.vectors, part(theta, layout, 'expression')],
  ]) {
    weights.forEach((w, k) => {
      const from = k * positions.length;
      for (let i = 0; i < positions.length; i++) positions[i] += w * modes[from + i];
    });
  }
  return positions;
}
