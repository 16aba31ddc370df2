// What face-api.js computes for the two photographs of packages/faces/assets/photos, for the tests of src/landmarks:
//
//   mkdir /tmp/faceapi && cd /tmp/faceapi && npm init -y
//   npm install @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 jpeg-js@0.4.4
//   cp REPOSITORY/packages/faces/reference/faceapi.mjs . && node faceapi.mjs REPOSITORY/packages/faces > faceapi.json
//
// Detected boxes at input size 416, landmarks of the whole picture, and elements of the first layers of both networks
// (NHWC in TensorFlow, named here by channel, row, column) for one photograph. Photographs are decoded by jpeg-js: another
// decoder's pixels differ by a few steps, and landmarks of a small face in a whole picture by up to 0.5 % of its size.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const jpeg = require('jpeg-js');
await tf.setBackend('wasm');
await tf.ready();
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');

const assets = `${process.argv[2]}/assets`;
const { tinyFaceDetector, faceLandmark68Net } = faceapi.nets;
await tinyFaceDetector.loadFromDisk(`${assets}/landmarks`);
await faceLandmark68Net.loadFromDisk(`${assets}/landmarks`);

const round = (x) => Number(x.toPrecision(7));

function pixels(name) {
  const { width, height, data } = jpeg.decode(readFileSync(`${assets}/photos/${name}`), { formatAsRGBA: false });
  return tf.tensor3d(new Int32Array(data), [height, width, 3], 'int32');
}

async function rowOf(name) {
  const image = pixels(name);
  const options = new faceapi.TinyFaceDetectorOptions({ inputSize: 416, scoreThreshold: 0.3 });
  const faces = await faceapi.detectAllFaces(image, options);
  const { positions } = await faceLandmark68Net.detectLandmarks(image);
  return {
    width: image.shape[1],
    height: image.shape[0],
    faces: faces.map(({ score, box }) => ({
      score: round(score),
      box: [box.x, box.y, box.width, box.height].map(round),
    })),
    wholeImageLandmarks68: positions.map((p) => [round(p.x), round(p.y)]),
  };
}

/** Some elements of a layer's output [1, H, W, C]. */
function some(name, layer) {
  const [, H, W, C] = layer.shape;
  const values = layer.dataSync();
  const elements = Array.from({ length: 24 }, (_, i) => {
    const [c, y, x] = [(i * 7) % C, (i * 13) % H, (i * 29 + 5) % W];
    return { c, y, x, value: round(values[(y * W + x) * C + c]) };
  });
  return { name, shape: [1, C, H, W], elements };
}

function firstLayers(name) {
  const image = pixels(name).expandDims().toFloat();
  const input = (size, mean) => tf.image.resizeBilinear(image, [size, size]).sub(mean).div(255);
  const separable = (x, p, stride, padding) =>
    tf.separableConv2d(x, p.depthwise_filter, p.pointwise_filter, stride, padding).add(p.bias);
  const leaky = (x) => tf.leakyRelu(x, Math.fround(0.1));

  const d = tinyFaceDetector.params;
  const conv0 = leaky(tf.conv2d(input(416, [117.001, 114.697, 97.404]), d.conv0.filters, 1, 'valid').add(d.conv0.bias));
  const conv1 = leaky(separable(tf.maxPool(conv0, 2, 2, 'same'), d.conv1, 1, 'same'));

  const { dense0, dense1 } = faceLandmark68Net.faceFeatureExtractor.params;
  const face = input(112, [122.782, 117.001, 104.298]);
  const first = tf.conv2d(face, dense0.conv0.filters, 2, 'same').add(dense0.conv0.bias).relu();
  const second = separable(first, dense0.conv1, 1, 'same');
  const third = separable(first.add(second).relu(), dense0.conv2, 1, 'same');
  const fourth = separable(first.add(second).add(third).relu(), dense0.conv3, 1, 'same');
  const block = first.add(second).add(third).add(fourth).relu();
  const next = separable(block, dense1.conv0, 2, 'same').relu();
  return {
    photo: name,
    detector: [some('conv0', conv0), some('conv1', conv1)],
    landmarks: [some('dense0.conv0', first), some('dense0', block), some('dense1.conv0', next)],
  };
}

const photos = ['nasa_astronaut_collins.jpg', 'usnavy_grace_hopper.jpg'];
const rows = {};
for (const name of photos) rows[name] = await rowOf(name);
console.log(JSON.stringify({ faceapi: '1.7.15', tfjs: tf.version.tfjs, photos: rows, layers: firstLayers(photos[0]) }));
