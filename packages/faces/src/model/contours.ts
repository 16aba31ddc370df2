/** How the head is turned relative to the camera, radians; both 0 is frontal. */
export interface HeadView {
  /** About +Y; positive turns the face to the subject's left (to the right in the picture). */
  readonly yaw?: number;
  /** About +X after that; positive turns the face down. */
  readonly pitch?: number;
}

/** x and y in the picture of a vertex, seen orthographically by a camera in front of a head that is turned. */
function project(positions: ArrayLike<number>, vertex: number, { yaw = 0, pitch = 0 }: HeadView): [number, number] {
  const [x, y, z] = [positions[3 * vertex], positions[3 * vertex + 1], positions[3 * vertex + 2]];
  const turned = -x * Math.sin(yaw) + z * Math.cos(yaw);
  return [x * Math.cos(yaw) + z * Math.sin(yaw), y * Math.cos(pitch) - turned * Math.sin(pitch)];
}

/**
 * The vertices of the 17 jaw landmarks for a view. The contour that a camera sees is not fixed to the skin: it is where
 * the surface turns away. Of the vertices along which a landmark slides, the one farthest out in the picture is taken
 * (after Zhu et al. 2015, High-Fidelity Pose and Expression Normalization, section 3.2, with the rest shape).
 * @param positions [V * 3] mm.
 * @param outward [17 * 2] the direction in the frontal picture in which each landmark lies on the outline.
 */
export function visibleContour(
  positions: ArrayLike<number>,
  contours: readonly Uint32Array[],
  outward: Float32Array,
  view: HeadView,
): Uint32Array {
  return Uint32Array.from(contours, (ids, k) => {
    let best = ids[0];
    let farthest = -Infinity;
    for (const id of ids) {
      const [x, y] = project(positions, id, view);
      const distance = x * outward[2 * k] + y * outward[2 * k + 1];
      if (distance > farthest) [best, farthest] = [id, distance];
    }
    return best;
  });
}

/** The outward directions of the jaw landmarks: across the polyline of their frontal picture. [17 * 2] */
export function contourNormals(positions: ArrayLike<number>, landmarks: ArrayLike<number>): Float32Array {
  const normals = new Float32Array(34);
  for (let k = 0; k < 17; k++) {
    const [before, after] = [landmarks[Math.max(k - 1, 0)], landmarks[Math.min(k + 1, 16)]];
    const dx = positions[3 * after] - positions[3 * before];
    const dy = positions[3 * after + 1] - positions[3 * before + 1];
    const length = Math.hypot(dx, dy) || 1;
    // the polyline runs counter-clockwise from the subject's right ear under the chin, so outside is on its right
    normals[2 * k] = dy / length;
    normals[2 * k + 1] = -dx / length;
  }
  return normals;
}

/**
 * Vertices along which each jaw landmark may slide: on the horizontal arc through it, every `step` radians about a
 * vertical axis through the head, up to `reach` towards the middle of the face, the nearest vertex that lies on the
 * outside. Only forwards, because the markup leaves landmarks at the ear while the ear is in sight; the chin stays.
 * @param axis z of the vertical axis in mm.
 * @param candidates the vertices of the outer skin.
 */
export function contourArcs(
  positions: ArrayLike<number>,
  landmarks: ArrayLike<number>,
  candidates: ArrayLike<number>,
  { axis, step = 0.1, reach = 0.9 }: { readonly axis: number; readonly step?: number; readonly reach?: number },
): Uint32Array[] {
  const polar = (v: number): { angle: number; radius: number; y: number } => {
    const [x, y, z] = [positions[3 * v], positions[3 * v + 1], positions[3 * v + 2] - axis];
    return { angle: Math.atan2(x, z), radius: Math.hypot(x, z), y };
  };
  const around = Array.from(candidates, (v) => ({ v, ...polar(v) }));
  return Array.from({ length: 17 }, (_, k) => {
    const start = polar(landmarks[k]);
    const arc = [landmarks[k]];
    const count = k === 8 ? 0 : Math.round(reach / step);
    for (let j = 1; j <= count; j++) {
      const angle = start.angle + (k < 8 ? j : -j) * step;
      let best = landmarks[k];
      let least = 0.6 * step * start.radius + 4;
      for (const p of around) {
        // distance on the cylinder, in mm; a vertex far inside of the landmark's radius is not on the outside
        const distance =
          Math.hypot((p.angle - angle) * start.radius, p.y - start.y) + Math.max(0, start.radius * 0.8 - p.radius);
        if (distance < least) [best, least] = [p.v, distance];
      }
      if (!arc.includes(best)) arc.push(best);
    }
    return Uint32Array.from(arc);
  });
}
