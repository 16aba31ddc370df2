import type { DatasetSample } from '@chiaro/faces/node';
import { localImage } from './formation.js';

/** A picture of a face and what is true about it, on the host: S x S pixels, rows from the top, linear RGB. */
export interface FaceMaps {
  /** Pixels of a side. */
  readonly size: number;
  /** [S * S * 3] in 0..1, with what is around the face. */
  readonly image: ArrayLike<number>;
  /** [S * S * 3] A of eq. 1, zero outside of the mask. */
  readonly albedo: ArrayLike<number>;
  /** [S * S * 3] N of eq. 1 in camera space, unit, zero outside of the mask. */
  readonly normals: ArrayLike<number>;
  /** [27] L of eq. 1: radiance, colour fastest. */
  readonly light: ArrayLike<number>;
  /** [S * S] 1 on the face proper. */
  readonly mask: ArrayLike<number>;
  /** [68 * 2] in pixels. */
  readonly landmarks: ArrayLike<number>;
  /**
   * [S * S * 3] I_g of eq. 2 where the picture is not that light itself but a camera's photograph of it, in the units of
   * the picture.
   */
  readonly radiance?: ArrayLike<number>;
  /** Which identity, expression, view, light, clip, frame it is. */
  readonly labels: Readonly<Record<string, number>>;
}

/** R = I_g - I_l of eq. 2, zero outside of the mask: [S * S * 3]. */
export function residualOf({ image, radiance = image, albedo, normals, light, mask }: FaceMaps): Float32Array {
  return localImage(albedo, normals, light).map((x, i) => (radiance[i] - x) * mask[Math.floor(i / 3)]);
}

/** Steps of stored light and albedos, and of stored normals. */
const [levels, directions] = [65535, 32767];

/** A face as arrays of a dataset: 16 bits for each number of a map. */
export function storedFace(face: FaceMaps): DatasetSample {
  const { size, image, albedo, normals, light, mask, landmarks, radiance, labels } = face;
  const scaled = (values: ArrayLike<number>, by: number): Float64Array => Float64Array.from(values, (x) => by * x);
  const shape = [size, size, 3];
  const text = new TextEncoder().encode(JSON.stringify(labels));
  return {
    image: { type: 'U16', shape, data: scaled(image, levels) },
    albedo: { type: 'U16', shape, data: scaled(albedo, levels) },
    normals: { type: 'I16', shape, data: scaled(normals, directions) },
    light: { type: 'F32', shape: [9, 3], data: light },
    mask: { type: 'U8', shape: [size, size], data: mask },
    landmarks: { type: 'F32', shape: [68, 2], data: landmarks },
    ...(radiance && { radiance: { type: 'F16', shape, data: radiance } }),
    labels: { type: 'U8', shape: [text.length], data: text },
  };
}

/** What a dataset gives of a face. */
type StoredArrays = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

/** A face that is kept as it is stored, 25 bytes a pixel, until its numbers are asked for. */
export class KeptFace {
  readonly #arrays: StoredArrays;
  readonly labels: Readonly<Record<string, number>>;

  constructor(arrays: StoredArrays) {
    // copies: what a dataset gives may be a view of a whole shard
    this.#arrays = Object.fromEntries(
      Object.entries(arrays).map(([name, { shape, data }]) => [
        name,
        { shape, data: (data as Uint16Array | Float32Array).slice() },
      ]),
    );
    const text = new TextDecoder().decode(Uint8Array.from(arrays['labels'].data));
    this.labels = JSON.parse(text) as Record<string, number>;
  }

  get landmarks(): ArrayLike<number> {
    return this.#arrays['landmarks'].data;
  }

  get maps(): FaceMaps {
    const { image, albedo, normals, light, mask, landmarks } = this.#arrays;
    const radiance = this.#arrays['radiance'] as StoredArrays[string] | undefined;
    return {
      size: mask.shape[0],
      image: Float32Array.from(image.data, (x) => x / levels),
      albedo: Float32Array.from(albedo.data, (x) => x / levels),
      normals: unitNormals(normals.data),
      light: light.data,
      mask: mask.data,
      landmarks: landmarks.data,
      ...(radiance && { radiance: radiance.data }),
      labels: this.labels,
    };
  }
}

/** Vectors of length 1, or 0. */
export function unitNormals(vectors: ArrayLike<number>): Float32Array {
  const units = new Float32Array(vectors.length);
  for (let p = 0; p < units.length; p += 3) {
    const length = Math.hypot(vectors[p], vectors[p + 1], vectors[p + 2]);
    if (length > 0) for (let c = 0; c < 3; c++) units[p + c] = vectors[p + c] / length;
  }
  return units;
}
