/** Numbers of at most `many` of `count` frames, evenly spread. */
export function evenly(count: number, many: number): number[] {
  const some = Math.min(count, many);
  return Array.from({ length: some }, (_, k) => Math.floor(((k + 0.5) * count) / some));
}
