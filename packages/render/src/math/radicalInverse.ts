/** Van der Corput's sequence, evenly spread over [0, 1): the bits of k mirrored at the point. k from 0 to 2^31 - 1. */
export function radicalInverse(k: number): number {
  let [value, digit] = [0, 0.5];
  for (let n = k; n > 0; n >>= 1, digit /= 2) value += digit * (n & 1);
  return value;
}
