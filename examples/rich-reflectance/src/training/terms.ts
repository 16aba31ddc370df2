import { stack, type Tensor } from '@chiaro/autograd';

/** Terms by name, means over a batch of one tensor [terms] for each photograph. */
export const meanTerms = (names: readonly string[], each: readonly Tensor[], prefix = ''): Record<string, Tensor> => {
  const means = stack([...each]).mean(0);
  return Object.fromEntries(names.map((name, k) => [`${prefix}${name}`, means.select(0, k)]));
};
