import {
  adaptiveAvgPool2d,
  avgPool2d,
  conv2d,
  convTranspose2d,
  gridSample,
  maxPool2d,
  resizeBilinear,
  resizeNearest,
  type Tensor,
} from './index.js';

type Case = (x: Tensor, y: Tensor, z: Tensor) => Tensor;

/** The cases with images of tools/reference-gradients/torch_gradients.py with our operations. */
export const imageFunctions: Readonly<Record<string, Case>> = {
  conv2d: (x, w, b) => conv2d(x, w, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 }),
  'conv2d with stride > kernel': (x, w) => conv2d(x, w, null, { stride: 3 }),
  'conv2d with asymmetric padding': (x, w) => conv2d(x, w, null, { stride: 2, padding: [[1, 0], [0, 2]] }), // prettier-ignore
  'conv2d, depthwise': (x, w) => conv2d(x, w, null, { stride: 2, padding: 1, dilation: 2, groups: 3 }),
  'conv2d of one pixel': (x, w) => conv2d(x, w, null, { stride: [1, 2] }),
  convTranspose2d: (x, w) =>
    convTranspose2d(x, w, null, {
      stride: [3, 2],
      padding: [1, 2],
      outputPadding: [2, 1],
      groups: 2,
      dilation: [1, 2],
    }),
  'convTranspose2d with stride > kernel': (x, w) => convTranspose2d(x, w, null, { stride: 4, outputPadding: 1 }),
  'convTranspose2d of a decoder': (x, w, b) => convTranspose2d(x, w, b, { stride: 2, padding: 1 }),
  ...Object.fromEntries(
    (['bilinear', 'nearest'] as const).flatMap((mode) =>
      (['zeros', 'border', 'reflection'] as const).flatMap((padding) =>
        [true, false].map((alignCorners): [string, Case] => [
          `gridSample ${mode}, ${padding}, ${alignCorners ? 'corners' : 'edges'}`,
          (x, grid) => gridSample(x, grid, { mode, padding, alignCorners }),
        ]),
      ),
    ),
  ),
  adaptiveAvgPool2d: (x) => adaptiveAvgPool2d(x, [3, 4]),
  resizeNearest: (x) => resizeNearest(x, [7, 4]),
  'resizeNearest twice as large': (x) => resizeNearest(x, [4, 6]),
  maxPool2d: (x) => maxPool2d(x, [3, 2], { stride: [2, 1], padding: 1 }),
  'avgPool2d, zeros not counted': (x) => avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false }),
  resizeBilinear: (x) => resizeBilinear(x, [7, 3]),
};
