/** How many landmarks there are. */
export const landmarkCount = 68;

/** Ranges [first, behind the last] of the 68 landmarks of iBUG 300-W (Sagonas et al. 2013), as seen by the viewer. */
export const landmarkRanges = {
  jaw: [0, 17],
  leftBrow: [17, 22],
  rightBrow: [22, 27],
  nose: [27, 36],
  leftEye: [36, 42],
  rightEye: [42, 48],
  outerLips: [48, 60],
  innerLips: [60, 68],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** Pairs of landmarks that a mirror exchanges; the others stay. */
const mirrored: readonly (readonly [number, number])[] = [
  ...Array.from({ length: 8 }, (_, i) => [i, 16 - i] as const), // jaw
  ...Array.from({ length: 5 }, (_, i) => [17 + i, 26 - i] as const), // brows
  ...[[31, 35], [32, 34]] as const, // nostrils
  ...[[36, 45], [37, 44], [38, 43], [39, 42], [40, 47], [41, 46]] as const, // eyes
  ...[[48, 54], [49, 53], [50, 52], [55, 59], [56, 58], [60, 64], [61, 63], [65, 67]] as const, // lips
]; // prettier-ignore

/** Which landmark each one becomes in a mirror. */
export const mirrorOf: readonly number[] = Array.from({ length: landmarkCount }, (_, i) => {
  const pair = mirrored.find((p) => p.includes(i));
  return pair ? pair[0] + pair[1] - i : i;
});
