export { Flatten, LeakyReLU, ReLU, Sigmoid } from './activations.js';
export { Conv2d, SeparableConv2d } from './conv.js';
export type { Conv2dLayerOptions } from './conv.js';
export { Linear } from './linear.js';
export { Module, Sequential } from './module.js';
export type { NamedArray, StateDict } from './module.js';
export { BatchNorm2d } from './norm.js';
export { AvgPool2d, MaxPool2d } from './pooling.js';
