/** The rotation by an angle about an axis of any length but zero, [9] row-major (Rodrigues). */
export function rotationAbout(axis: readonly number[], angle: number): Float64Array {
  const [x, y, z] = axis.map((v) => v / Math.hypot(...axis));
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const t = 1 - c;
  return Float64Array.from([
    ...[t * x * x + c, t * x * y - s * z, t * x * z + s * y],
    ...[t * x * y + s * z, t * y * y + c, t * y * z - s * x],
    ...[t * x * z - s * y, t * y * z + s * x, t * z * z + c],
  ]);
}
