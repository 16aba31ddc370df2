// Whole networks: cases of bench:peers and of the suite nn.
import { AlexNet, resnet101 } from '@chiaro/nn';
import { fill } from './inputs.mjs';
import { expectElements } from './tensorCases.mjs';

/** The training step: three blocks of convolution with stride 2, batch normalisation and ReLU, then means and classes. */
export const cnn = { batch: 8, size: 64, channels: [3, 32, 64, 128], classes: 10, eps: 1e-5 };

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const array = (data, ...shape) => ({ data, shape });

/** Per block kernels, scale and shift; matrix [in, out] and bias; then images and classes as they come in `mlp_step`. */
function cnnInputs() {
  const { batch, size, channels, classes } = cnn;
  const blocks = [0, 1, 2].flatMap((l) => {
    const [i, o] = [channels[l], channels[l + 1]];
    return [
      [`w${l}`, array(fill(o * i * 9, 30 + l, Math.sqrt(3 / (i * 9))), o, i, 3, 3)],
      [`scale${l}`, array(new Float32Array(o).fill(1), o)],
      [`shift${l}`, array(new Float32Array(o), o)],
    ];
  });
  const last = channels.at(-1);
  const y = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) y[i * classes + ((i * 7) % classes)] = 1;
  return {
    ...Object.fromEntries(blocks),
    w: array(fill(last * classes, 40, Math.sqrt(3 / last)), last, classes),
    b: array(new Float32Array(classes), classes),
    x: array(fill(batch * channels[0] * size ** 2, 11), batch, channels[0], size, size),
    y: array(y, batch, classes),
  };
}

/** An image and weights under torchvision's names; normalisation has a scale and a shift, running statistics 0 and 1. */
function imageAndWeights(network) {
  const weights = [...network.namedParameters()].map(([name, { shape }], k) => {
    if (shape.length > 1)
      return [name, array(fill(product(shape), k, Math.sqrt(6 / product(shape.slice(1)))), ...shape)];
    // small where a residual block ends, so that the sums of many stay small
    const scale = /bn\d\.weight|downsample\.1\.weight/.test(name) ? (name.includes('bn3') ? 0.2 : 1) : 0;
    return [
      name,
      array(
        fill(shape[0], k, 0.1).map((v) => v + scale),
        ...shape,
      ),
    ];
  });
  return { x: array(fill(3 * 224 ** 2, 999), 1, 3, 224, 224), ...Object.fromEntries(weights) };
}

/** Inference of one image: logits. They are compared between the peers; the networks themselves are tested in packages/nn. */
const inference = (make) => ({
  make,
  inputs: () => imageAndWeights(make()),
  tolerance: 2e-3,
  work: {},
  check(output) {
    const spread = Math.max(...output) - Math.min(...output);
    if (output.length !== 1000 || !(spread > 0.1)) throw new Error(`${output.length} logits within ${spread}`);
  },
});

export const inferenceCases = {
  alexnet: inference(() => new AlexNet()),
  resnet101: inference(() => resnet101()),
};

export const networkCases = {
  // one training step, cross entropy and Adam; the output is the loss of the first three steps, which is PyTorch's
  cnn_step: {
    inputs: cnnInputs,
    tolerance: 5e-4,
    work: {},
    check: (output) => expectElements(output, 3, 5e-4, (i) => [2.49416, 2.247, 2.01796][i]),
  },
  ...inferenceCases,
};
