import { compile } from '@chiaro/autograd';

/** A compiled step of an image's mean square and its gradients by all parameters. */
export function gradientStep(parameters, image) {
  const given = Object.values(parameters);
  return compile(() => {
    const loss = image().square().mean();
    loss.backward();
    const gradients = given.map((p) => p.grad);
    for (const p of given) p.grad = null;
    return [loss, ...gradients];
  });
}
