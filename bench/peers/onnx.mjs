// Networks as ONNX files: the operations of lib/networks.mjs as nodes of a graph, in the protobuf of onnx/onnx.proto,
// opset 17. Only what the networks need.
import { Buffer } from 'node:buffer';

/** Opset and format version that the nodes below are of. */
const [opset, irVersion] = [17, 8];
const float = 1; // TensorProto.DataType.FLOAT
const attributeTypes = { float: 1, int: 2, ints: 7 };

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

function concatenated(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);

/** A message from [field number, value] pairs: numbers are integers, strings and bytes have their length before them. */
function message(...fields) {
  const parts = fields.flatMap(([field, value]) => {
    if (typeof value === 'number') return [varint(field * 8), varint(value)];
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return [varint(field * 8 + 2), varint(bytes.length), bytes];
  });
  return concatenated(parts);
}

/** AttributeProto: an integer or a list of integers. */
function attribute(name, value) {
  if (!Array.isArray(value)) return message([1, name], [3, value], [20, attributeTypes.int]);
  return message([1, name], ...value.map((each) => [8, each]), [20, attributeTypes.ints]);
}

/** TensorProto with the elements as they lie in memory, which is little-endian. */
const initializer = (name, { data, shape }) =>
  message(...shape.map((size) => [1, size]), [2, float], [8, name], [9, bytesOf(data)]);

/** ValueInfoProto of a float tensor. */
function valueInfo(name, shape) {
  const dimensions = message(...shape.map((size) => [1, message([1, size])]));
  return message([1, name], [2, message([1, message([1, float], [2, dimensions])])]);
}

/**
 * A network with its weights as the bytes of an ONNX model with one input, `x`, and one output, `y` of 1000 classes.
 * @param network a function of lib/networks.mjs.
 * @param {Record<string, { data: Float32Array, shape: number[] }>} inputs the image `x` and the weights by name.
 */
export function onnxModel(network, { x, ...weights }) {
  const nodes = [];
  const constants = [];
  const constant = (name, value) => {
    constants.push([5, initializer(name, value)]);
    return name;
  };
  const node = (type, inputs, attributes = {}, output = `h${nodes.length}`) => {
    const named = Object.entries(attributes).map(([name, value]) => [5, attribute(name, value)]);
    const fields = [...inputs.map((name) => [1, name]), [2, output], [3, `n${nodes.length}`], [4, type], ...named];
    nodes.push([1, message(...fields)]);
    return output;
  };
  const both = (n) => [n, n];
  const around = (n) => [n, n, n, n];
  const statistics = (value, channels) => {
    const name = `${value}x${channels}`;
    if (!filled.has(name)) constant(name, { data: new Float32Array(channels).fill(value), shape: [channels] });
    filled.add(name);
    return name;
  };
  const filled = new Set();
  const ops = {
    conv: (h, w, b, { stride, padding }) =>
      node('Conv', b ? [h, w, b] : [h, w], { strides: both(stride), pads: around(padding) }),
    relu: (h) => node('Relu', [h]),
    // normalisation in use with running mean 0 and variance 1, as a file of PyTorch has it
    scaled(h, scale, shift) {
      const [channels] = weights[scale].shape;
      return node('BatchNormalization', [h, scale, shift, statistics(0, channels), statistics(1, channels)]);
    },
    maxPool: (h, { size, stride, padding }) =>
      node('MaxPool', [h], { kernel_shape: both(size), strides: both(stride), pads: around(padding) }),
    add: (a, b) => node('Add', [a, b]),
    flat: (h) => node('Flatten', [h]),
    mean: (h) => node('Flatten', [node('GlobalAveragePool', [h])]),
    dense: (h, w, b) => node('Gemm', [h, w, b], { transB: 1 }),
    joined: (a, b) => node('Concat', [a, b], { axis: 1 }),
    again: (h) => h,
  };
  const last = network(ops, 'x', (name) => constant(name, weights[name]));
  node('Identity', [last], {}, 'y');
  const graph = message(
    ...nodes,
    [2, 'network'],
    ...constants,
    [11, valueInfo('x', x.shape)],
    [12, valueInfo('y', [x.shape[0], 1000])],
  );
  return message([1, irVersion], [2, 'chiaro-bench'], [7, graph], [8, message([1, ''], [2, opset])]);
}
