// Figures of one fit against the truth. Host numbers; pictures are [H * W * 3] linear RGB, masks [H * W] of 0 and 1.

const displayed = (x) => {
  const c = Math.min(1, Math.max(0, x));
  return c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055;
};

const within = (mask) => [...mask.keys()].filter((k) => mask[k] === 1);

/** Peak signal to noise of sRGB values inside a mask, dB. */
export function psnrInside(a, b, mask) {
  const pixels = within(mask);
  let sum = 0;
  for (const k of pixels) for (let c = 0; c < 3; c++) sum += (displayed(a[3 * k + c]) - displayed(b[3 * k + c])) ** 2;
  return -10 * Math.log10(sum / (3 * pixels.length));
}

const floor = 0.005;
const logRatio = (a, b, i) => Math.log(Math.max(b[i], floor)) - Math.log(Math.max(a[i], floor));

/**
 * The one factor for all pixels and colours that brings albedo `a` nearest to `b` inside a mask: one picture does not
 * tell a light reflectance in a dim light from a dark one in a bright light.
 */
export function gainTo(a, b, mask) {
  const pixels = within(mask);
  let sum = 0;
  for (const k of pixels) for (let c = 0; c < 3; c++) sum += logRatio(a, b, 3 * k + c);
  return Math.exp(sum / (3 * pixels.length));
}

/** Mean |log(gain a / b)| inside a mask: 0.1 is an albedo that is wrong by a tenth. NaN for an empty mask. */
export function albedoError(a, b, mask, gain) {
  const pixels = within(mask);
  let sum = 0;
  for (const k of pixels) for (let c = 0; c < 3; c++) sum += Math.abs(logRatio(a, b, 3 * k + c) - Math.log(gain));
  return sum / (3 * pixels.length);
}

/** The direction that most light comes from: band 1 of the mean over colours. */
function mainDirection(sh) {
  const mean = (k) => sh[3 * k] + sh[3 * k + 1] + sh[3 * k + 2];
  const d = [mean(3), mean(1), mean(2)]; // l 1: m = 1 is x, -1 is y, 0 is z
  return d.map((x) => x / Math.hypot(...d));
}

/**
 * Errors of fitted SH coefficients [K * 3] against true ones [81 * 3]; bands that the fit does not have are 0.
 * raw: |fitted - true| / |true|; gained: the same after the best factor per colour; degrees: between the main directions.
 */
export function lightError(fitted, truth) {
  const values = Float64Array.from(truth, (_, i) => fitted[i] ?? 0);
  const norm = (list) => Math.sqrt(list.reduce((sum, x) => sum + x * x, 0));
  const gains = [0, 1, 2].map((c) => {
    let [cross, square] = [0, 0];
    for (let i = c; i < truth.length; i += 3) [cross, square] = [cross + values[i] * truth[i], square + values[i] ** 2];
    return cross / square;
  });
  const [a, b] = [mainDirection(values), mainDirection(truth)];
  const cosine = a.reduce((sum, x, c) => sum + x * b[c], 0);
  return {
    raw: norm(values.map((x, i) => x - truth[i])) / norm(truth),
    gained: norm(values.map((x, i) => gains[i % 3] * x - truth[i])) / norm(truth),
    degrees: (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI,
  };
}

/** Mean and its standard error over faces of every figure. */
export function summary(entries) {
  const names = Object.keys(entries[0]).filter((name) => typeof entries[0][name] === 'number');
  return Object.fromEntries(
    names.map((name) => {
      const values = entries.map((entry) => entry[name]).filter(Number.isFinite);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(values.length - 1, 1);
      return [name, { mean, error: Math.sqrt(variance / values.length) }];
    }),
  );
}
