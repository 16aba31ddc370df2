// Networks as every peer builds them from its own operations: functions of `ops`, an image and named weights.

/**
 * @typedef {object} NetworkOps what a peer has to offer; `h` are its own arrays
 * @property {(h, w, b, layer: { stride: number, padding: number }) => h} conv w [out, in, h, w], b [out] or undefined
 * @property {(h) => h} relu
 * @property {(h, scale, shift) => h} scaled per channel
 * @property {(h, layer: { size: number, stride: number, padding: number }) => h} maxPool of values of 0 or more
 * @property {(a, b) => h} add
 * @property {(h) => h} flat channels, rows, columns -> one dimension
 * @property {(h) => h} mean over rows and columns
 * @property {(h, w, b) => h} dense w [out, in]
 * @property {(a, b) => h} joined two dense layers' outputs, one after the other
 * @property {(h) => h} again gives h for a further use
 */

/** torchvision's AlexNet in use, for 224 x 224 pixels. */
function alexnet(ops, x, p) {
  const conv = (h, i, stride, padding) =>
    ops.relu(ops.conv(h, p(`features.${i}.weight`), p(`features.${i}.bias`), { stride, padding }));
  const pool = (h) => ops.maxPool(h, { size: 3, stride: 2, padding: 0 });
  const dense = (h, i) => ops.dense(h, p(`classifier.${i}.weight`), p(`classifier.${i}.bias`));
  const early = pool(conv(pool(conv(x, 0, 4, 2)), 3, 1, 2));
  const late = ops.flat(pool(conv(conv(conv(early, 6, 1, 1), 8, 1, 1), 10, 1, 1)));
  const wide = ops.joined(dense(ops.again(late), '1.first'), dense(late, '1.second'));
  return dense(ops.relu(dense(ops.relu(wide), 4)), 6);
}

/**
 * The inputs of a case as the peers take them: AlexNet's widest matrix and its bias as two halves, because the matrix
 * has 144 MiB, a software GPU binds 128 at most, and jax-js and TensorFlow.js bind it whole.
 */
export function peerInputs(given) {
  const halves = ([name, { data, shape }]) => {
    const [, layer, kind] = /^(classifier\.1)\.(weight|bias)$/.exec(name) ?? [];
    if (!layer) return [[name, { data, shape }]];
    const [rows, half] = [shape[0] / 2, data.length / 2];
    const part = (from) => ({ data: data.subarray(from, from + half), shape: [rows, ...shape.slice(1)] });
    return [
      [`${layer}.first.${kind}`, part(0)],
      [`${layer}.second.${kind}`, part(half)],
    ];
  };
  return Object.fromEntries(Object.entries(given).flatMap(halves));
}

/** torchvision's ResNet-101 in use: normalisation is a scale and a shift. */
function resnet101(ops, x, p) {
  const unit = (h, conv, norm, stride, padding) =>
    ops.scaled(
      ops.conv(h, p(`${conv}.weight`), undefined, { stride, padding }),
      p(`${norm}.weight`),
      p(`${norm}.bias`),
    );
  let h = ops.maxPool(ops.relu(unit(x, 'conv1', 'bn1', 2, 3)), { size: 3, stride: 2, padding: 1 });
  [3, 4, 23, 3].forEach((blocks, i) => {
    for (let k = 0; k < blocks; k++) {
      const name = `layer${i + 1}.${k}`;
      const stride = i > 0 && k === 0 ? 2 : 1;
      const short =
        k === 0 ? unit(ops.again(h), `${name}.downsample.0`, `${name}.downsample.1`, stride, 0) : ops.again(h);
      const first = ops.relu(unit(h, `${name}.conv1`, `${name}.bn1`, 1, 0));
      const second = ops.relu(unit(first, `${name}.conv2`, `${name}.bn2`, stride, 1));
      h = ops.relu(ops.add(unit(second, `${name}.conv3`, `${name}.bn3`, 1, 0), short));
    }
  });
  return ops.dense(ops.mean(h), p('fc.weight'), p('fc.bias'));
}

export const networks = { alexnet, resnet101 };
