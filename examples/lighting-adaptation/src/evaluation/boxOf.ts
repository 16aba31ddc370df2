/** The box of a mask as whole pixels. */
export function boxOf(mask: Uint8Array, size: number): { x: number; y: number; width: number; height: number } {
  let [left, top, right, bottom] = [size, size, -1, -1];
  mask.forEach((inside, k) => {
    if (inside === 0) return;
    const [x, y] = [k % size, Math.floor(k / size)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  });
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
