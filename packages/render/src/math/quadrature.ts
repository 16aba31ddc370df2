/** Nodes and weights of an integration rule on [-1, 1]. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Gauss-Legendre rule of n points on [-1, 1]: exact for polynomials of degree 2n - 1. Newton's method on P_n. */
export function gaussLegendre(n: number): Quadrature {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let [below, p] = [0, 1];
      for (let k = 1; k <= n; k++) [below, p] = [p, ((2 * k - 1) * x * p - (k - 1) * below) / k];
      slope = (n * (x * p - below)) / (x * x - 1);
      const dx = p / slope;
      x -= dx;
      if (Math.abs(dx) < 1e-15) break;
    }
    nodes[n - 1 - i] = x;
    weights[n - 1 - i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/**
 * Fejer's first rule: weights of the nodes cos(pi (i + 1/2) / n), i = 0..n-1, exact for polynomials of degree n - 1:
 * the rows of a lat-long map. All weights are positive and sum to 2.
 */
export function fejer(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const theta = (Math.PI * (i + 0.5)) / n;
    let sum = 0;
    for (let k = 1; k <= Math.floor(n / 2); k++) sum += Math.cos(2 * k * theta) / (4 * k * k - 1);
    return (2 / n) * (1 - 2 * sum);
  });
}

/** Legendre polynomials P_0..P_degree at x. */
export function legendre(x: number, degree: number): Float64Array {
  const p = new Float64Array(degree + 1);
  p[0] = 1;
  if (degree > 0) p[1] = x;
  for (let l = 2; l <= degree; l++) p[l] = ((2 * l - 1) * x * p[l - 1] - (l - 1) * p[l - 2]) / l;
  return p;
}
