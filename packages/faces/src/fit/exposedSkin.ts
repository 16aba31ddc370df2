import type { Topology } from '../engine.js';
import { faceOutline, insidePolygon } from '../crop/index.js';

/** What is known of the vertices of a face when it is decided which of them show skin. */
export interface SkinEvidence {
  readonly topology: Topology;
  /** [R * 3] display values (sRGB, [0, 1]) of the face as rendered, and of the photograph where the vertex projects. */
  readonly rendered: ArrayLike<number>;
  readonly seen: ArrayLike<number>;
  /** [R * 2] pixels. */
  readonly pixels: ArrayLike<number>;
  /** [R] above 0 where the camera sees the vertex and it belongs to the face. */
  readonly weights: ArrayLike<number>;
  /** [68 * 2] pixels of the detected landmarks. */
  readonly landmarks: ArrayLike<number>;
}

/** How unlike the skin inside of the landmarks' outline a colour may be, in robust standard deviations. */
const tolerance = 2;
/** Least standard deviation, in display values: skin is never more even than this. */
const leastDeviation = 0.06;
/** Rounds of averaging over neighbours that smooth the edge. */
const smoothing = 3;

/**
 * Which vertices of a face show skin, as weights [R] in [0, 1]: those within the outline of jaw and brows, and those
 * outside of it (forehead, temples, below the jaw) that differ from the render as little as skin inside does and hang
 * together with it. Hair over the forehead, a hat or a collar is so left out of the comparison, and out of the textures.
 * A rule of thumb, not a segmentation: hair of the skin's colour passes, and a hard shadow on the forehead may not.
 */
export function exposedSkin({ topology, rendered, seen, pixels, weights, landmarks }: SkinEvidence): Float32Array {
  const count = topology.vertexCount;
  const outline = faceOutline(landmarks);
  const inside = Uint8Array.from({ length: count }, (_, v) =>
    Number(insidePolygon(pixels[2 * v], pixels[2 * v + 1], outline)),
  );
  const difference = (v: number, c: number): number => seen[3 * v + c] - rendered[3 * v + c];
  const limits = [0, 1, 2].map((c) => {
    const values = [...inside.keys()].filter((v) => inside[v] === 1 && weights[v] > 0).map((v) => difference(v, c));
    const middle = median(values);
    const deviation = 1.4826 * median(values.map((d) => Math.abs(d - middle)));
    return { middle, reach: tolerance * Math.max(deviation, leastDeviation) };
  });
  const alike = (v: number): boolean =>
    weights[v] > 0 && limits.every(({ middle, reach }, c) => Math.abs(difference(v, c) - middle) <= reach);

  // spread from the inside over vertices that look alike
  const skin = Float32Array.from(inside);
  const front = [...inside.keys()].filter((v) => inside[v] === 1);
  for (let v = front.pop(); v !== undefined; v = front.pop()) {
    for (const other of neighbours(topology, v)) {
      if (skin[other] === 0 && alike(other)) {
        skin[other] = 1;
        front.push(other);
      }
    }
  }
  return smooth(topology, skin);
}

function* neighbours({ neighbourOffsets, neighbours: list }: Topology, v: number): Generator<number> {
  for (let k = neighbourOffsets[v]; k < neighbourOffsets[v + 1]; k++) yield list[k];
}

/** Means over neighbours, each no more than the vertex was at first: edges soften inwards. */
function smooth(topology: Topology, skin: Float32Array): Float32Array {
  let values = skin;
  for (let round = 0; round < smoothing; round++) {
    values = values.map((value, v) => {
      let [sum, n] = [value, 1];
      for (const other of neighbours(topology, v)) [sum, n] = [sum + values[other], n + 1];
      return Math.min(skin[v], sum / n);
    });
  }
  return values;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1];
}
