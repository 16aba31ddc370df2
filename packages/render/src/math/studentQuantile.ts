/**
 * The value that Student's t of n degrees of freedom exceeds in size with a probability of `tail`: half the width of a
 * confidence interval, in standard errors. By bisection of the distribution's finite sum (Abramowitz and Stegun 26.7.3
 * and 26.7.4).
 */
export function studentQuantile(degrees: number, tail: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, degrees) < 1 - tail) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/** Probability that |t| is below sqrt(degrees) * tan(angle). */
function shareWithin(angle: number, degrees: number): number {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2 === 1;
  let [term, sum] = odd ? [cosine, 0] : [1, 0];
  for (let k = odd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= (cosine * cosine * (k - 1)) / k;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
