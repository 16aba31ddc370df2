import { landmarkRanges } from '@chiaro/faces';

/** The lines of section 3.2: landmarks of each facial part in order; those around eyes and mouth end where they began. */
const lines: readonly (readonly number[])[] = [
  ...(['jaw', 'leftBrow', 'rightBrow'] as const).map((part) => range(landmarkRanges[part][0], landmarkRanges[part][1])),
  // the ridge of the nose, and its wings
  range(landmarkRanges.nose[0], landmarkRanges.nose[0] + 4),
  range(landmarkRanges.nose[0] + 4, landmarkRanges.nose[1]),
  ...(['leftEye', 'rightEye', 'outerLips', 'innerLips'] as const).map((part) => {
    const [first, end] = landmarkRanges[part];
    return [...range(first, end), first];
  }),
];

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, k) => first + k);
}

/** Distance of a point to the line from a to b. */
function distance(x: number, y: number, a: readonly number[], b: readonly number[]): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const square = dx * dx + dy * dy;
  const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / square));
  return Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy);
}

/**
 * C of section 3.2: detected landmarks connected by lines on each part of the face, drawn as a map. The lines are one
 * pixel wide, or 1/64 of the picture where that is more, with smooth edges.
 * @param landmarks [68 * 2] in pixels, y downwards; what lies outside of the picture is not drawn.
 * @param size pixels of a side.
 * @returns [size * size] 1 on the lines, 0 elsewhere.
 */
export function contourMap(landmarks: ArrayLike<number>, size: number): Float32Array {
  const map = new Float32Array(size * size);
  const half = Math.max(1, size / 64) / 2;
  const place = (k: number): readonly number[] => [landmarks[2 * k], landmarks[2 * k + 1]];
  for (const line of lines)
    for (let k = 1; k < line.length; k++) {
      const [a, b] = [place(line[k - 1]), place(line[k])];
      const [left, top] = [0, 1].map((c) => Math.max(0, Math.floor(Math.min(a[c], b[c]) - half - 1)));
      const [right, bottom] = [0, 1].map((c) => Math.min(size - 1, Math.ceil(Math.max(a[c], b[c]) + half + 1)));
      for (let y = top; y <= bottom; y++)
        for (let x = left; x <= right; x++) {
          // the share of the pixel that the line covers, nearly
          const share = Math.min(1, Math.max(0, half + 0.5 - distance(x + 0.5, y + 0.5, a, b)));
          map[y * size + x] = Math.max(map[y * size + x], share);
        }
    }
  return map;
}
