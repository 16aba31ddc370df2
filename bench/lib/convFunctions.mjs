// The convolutions in Chiaro.
import { conv2d, valueAndGrad } from '@chiaro/autograd';
import { convCases } from './convCases.mjs';

/** A case as a function of its inputs: gradients give [value, dx, dw]. */
export function convFunction(name) {
  const { layer, gradient } = convCases[name];
  const convolve = (x, w) => conv2d(x, w, null, layer);
  if (!gradient) return (x, w) => [convolve(x, w)];
  return (x, w, g) => {
    const [value, derivatives] = valueAndGrad((both) => convolve(both.x, both.w).mul(g).sum())({ x, w });
    return [value, derivatives.x, derivatives.w];
  };
}
