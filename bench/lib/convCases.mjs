// Convolutions of bench:peers and the suite nn: inputs, layer, what must come out.
import { fill } from './inputs.mjs';
import { expectElements } from './tensorCases.mjs';

/**
 * @typedef {object} Layer
 * @property {[number, number, number, number]} x batch, channels, height, width
 * @property {[number, number, number, number]} w kernels, channels per group, height, width
 * @property {number} stride
 * @property {number} padding
 * @property {number} groups
 */

/** Height or width of the result. */
const outSize = (n, k, { stride, padding }) => Math.floor((n + 2 * padding - k) / stride) + 1;
const product = (shape) => shape.reduce((a, b) => a * b, 1);
const outShape = (layer) => [
  layer.x[0],
  layer.w[0],
  outSize(layer.x[2], layer.w[2], layer),
  outSize(layer.x[3], layer.w[3], layer),
];

/** Calls `visit` with the places in result, images and kernels of every product. */
function everyProduct(layer, visit) {
  const { x, w, stride, padding, groups } = layer;
  const [B, O, H, W] = outShape(layer);
  const perGroup = O / groups;
  for (let b = 0; b < B; b++) {
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < w[1]; i++) {
        const plane = (b * x[1] + Math.floor(o / perGroup) * w[1] + i) * x[2] * x[3];
        for (let p = 0; p < w[2]; p++) {
          for (let q = 0; q < w[3]; q++) {
            const kernel = ((o * w[1] + i) * w[2] + p) * w[3] + q;
            for (let y = 0; y < H; y++) {
              const row = y * stride + p - padding;
              if (row < 0 || row >= x[2]) continue;
              for (let c = 0; c < W; c++) {
                const column = c * stride + q - padding;
                if (column < 0 || column >= x[3]) continue;
                visit(((b * O + o) * H + y) * W + c, plane + row * x[3] + column, kernel);
              }
            }
          }
        }
      }
    }
  }
}

function inputsOf(layer, gradient) {
  const out = outShape(layer);
  return {
    x: { data: fill(product(layer.x), 3), shape: layer.x },
    w: { data: fill(product(layer.w), 4, 0.1), shape: layer.w },
    ...(gradient && { g: { data: fill(product(out), 5), shape: out } }),
  };
}

/** A convolution, or with `gradient` the sum of its elements times g, and the gradients with respect to x and w. */
function convolution(shape, gradient = false) {
  const layer = { stride: 1, padding: 0, groups: 1, ...shape };
  const out = outShape(layer);
  const flops = 2 * product(out) * product(layer.w.slice(1));
  return {
    layer,
    gradient,
    inputs: () => inputsOf(layer, gradient),
    tolerance: gradient ? 2e-3 : 1e-4,
    work: { flops: gradient ? 3 * flops : flops },
    check(output, { x, w, g }) {
      const y = new Float64Array(product(out));
      everyProduct(layer, (at, i, k) => (y[at] += x.data[i] * w.data[k]));
      if (!gradient) return expectElements(output, y.length, 1e-4, (i) => y[i]);
      const [dx, dw] = [new Float64Array(x.data.length), new Float64Array(w.data.length)];
      everyProduct(layer, (at, i, k) => {
        dx[i] += g.data[at] * w.data[k];
        dw[k] += g.data[at] * x.data[i];
      });
      const want = Float64Array.from([y.reduce((sum, v, i) => sum + v * g.data[i], 0), ...dx, ...dw]);
      expectElements(output, want.length, 1e-3, (i) => want[i]);
    },
  };
}

const block = { x: [4, 64, 32, 32], w: [64, 64, 3, 3], padding: 1 };
const resnet = { x: [1, 64, 56, 56], w: [64, 64, 3, 3], padding: 1 };
const pointwise = { x: [1, 256, 56, 56], w: [64, 256, 1, 1] };
const depthwise = { x: [1, 96, 112, 112], w: [96, 1, 3, 3], padding: 1, groups: 96 };
const strided = { ...depthwise, stride: 2 };
const wide = { x: [1, 96, 56, 56], w: [96, 1, 7, 7], padding: 3, groups: 96 };
const stem = { x: [1, 3, 224, 224], w: [64, 3, 7, 7], stride: 2, padding: 3 };
const vgg = { x: [1, 512, 14, 14], w: [512, 512, 3, 3], padding: 1 };
const decoder = { x: [1, 128, 64, 64], w: [64, 128, 3, 3], padding: 1 };

export const convCases = {
  conv_fwd: convolution(block),
  conv_fwd_bwd: convolution(block, true),
  conv_resnet: convolution(resnet),
  conv_resnet_grad: convolution(resnet, true),
  conv_1x1: convolution(pointwise),
  conv_1x1_grad: convolution(pointwise, true),
  conv_depthwise: convolution(depthwise),
  conv_depthwise_grad: convolution(depthwise, true),
  conv_depthwise_strided: convolution(strided),
  conv_depthwise_7x7: convolution(wide),
  conv_stem: convolution(stem),
  conv_stem_grad: convolution(stem, true),
  conv_vgg: convolution(vgg),
  conv_vgg_grad: convolution(vgg, true),
  conv_decoder: convolution(decoder),
  conv_decoder_grad: convolution(decoder, true),
};
