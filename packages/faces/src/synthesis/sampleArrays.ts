import type { ArrayToStore } from '@chiaro/nn';
import { encodePixels } from '../engine.js';
import { respondInverse } from './sensor.js';
import type { Photograph } from './sensor.js';
import type { SyntheticFace } from './synthesize.js';

/** What goes into a dataset besides the face. */
export interface SampleExtras {
  /**
   * Stored as a PNG file, with the inverse of its response: light of each byte, before exposure and vignetting are
   * divided out.
   */
  readonly photograph?: Photograph;
  readonly labels?: Readonly<Record<string, number>>;
}

/**
 * A synthetic face as arrays for `writeDataset`: images of light as halves, what is measured as float32, masks as
 * bytes, the scene and its labels as text in bytes, the photograph as the bytes of a PNG file (`decodePixels` reads
 * it).
 */
export async function sampleArrays(
  face: SyntheticFace,
  { photograph, labels }: SampleExtras = {},
): Promise<Readonly<Record<string, ArrayToStore>>> {
  const { size, sensor } = face.scene;
  const image = (data: Float32Array, ...channels: number[]): ArrayToStore => ({
    type: 'F16',
    shape: [size, size, ...channels],
    data,
  });
  const bytes = (data: Uint8Array): ArrayToStore => ({ type: 'U8', shape: [data.length], data });
  const text = (value: unknown): ArrayToStore => bytes(new TextEncoder().encode(JSON.stringify(value)));
  const response = sensor?.response ?? { kind: 'srgb' };
  const inverse = Float32Array.from({ length: 256 }, (_, v) => respondInverse(response, v / 255));
  return {
    local: image(face.local, 3),
    traced: image(face.traced, 3),
    coverage: image(face.coverage),
    albedo: image(face.albedo, 3),
    normals: image(face.normals, 3),
    depth: { type: 'F32', shape: [size, size], data: face.depth },
    uv: { type: 'F32', shape: [size, size, 2], data: face.uv },
    mask: { type: 'U8', shape: [size, size], data: face.mask },
    parts: { type: 'U8', shape: [size, size], data: face.parts },
    faceMask: image(face.faceMask),
    landmarks: { type: 'F32', shape: [68, 2], data: face.landmarks },
    light: { type: 'F32', shape: [81, 3], data: face.light },
    scene: text(face.scene),
    ...(labels && { labels: text(labels) }),
    ...(photograph && {
      photograph: bytes(
        await encodePixels({ width: size, height: size, channels: 3, data: photograph.bytes }, { format: 'png' }),
      ),
      inverseResponse: { type: 'F32', shape: [256], data: inverse },
    }),
  };
}
