/** A triangulation of a rectangle without gap or overlap: corners of each triangle, coordinates in whole steps. */
export type Triangulation = (readonly [number, number])[][];

/**
 * Cuts the rectangle [-border, width + border] x [-border, height + border] (in pixels, `steps` grid steps each) into
 * triangles, by putting points inside of triangles at random; `pick` gives uniform numbers in [0, 1). Coordinates are
 * whole numbers of steps.
 */
export function triangulate(
  { width, height, border, steps }: { width: number; height: number; border: number; steps: number },
  cuts: number,
  pick: () => number,
): Triangulation {
  const [left, top] = [-border * steps, -border * steps];
  const [right, bottom] = [(width + border) * steps, (height + border) * steps];
  const triangles: Triangulation = [
    [
      [left, top],
      [right, top],
      [left, bottom],
    ],
    [
      [right, top],
      [right, bottom],
      [left, bottom],
    ],
  ];
  for (let n = 0; n < cuts; n++) {
    const at = Math.floor(pick() * triangles.length);
    const [a, b, c] = triangles[at];
    const [s, t] = [pick(), pick()].sort((x, y) => x - y);
    const p = [0, 1].map((d) => Math.round(s * a[d] + (t - s) * b[d] + (1 - t) * c[d])) as [number, number];
    const parts = [
      [a, b, p],
      [b, c, p],
      [c, a, p],
    ];
    if (parts.every(([u, v, w]) => (v[0] - u[0]) * (w[1] - u[1]) - (v[1] - u[1]) * (w[0] - u[0]) > 0)) {
      triangles.splice(at, 1, ...parts);
    }
  }
  return triangles;
}
