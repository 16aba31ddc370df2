// What face-api.js computes with its own runtime (TensorFlow.js on the CPU), for packages/nn/src/models/published.test.ts.
//
//   mkdir /tmp/published && cd /tmp/published && npm install @vladmandic/face-api@1.7.15 jpeg-js
//   node REPOSITORY/packages/nn/reference/published.mjs > REPOSITORY/packages/nn/reference/published.json
//
// The square is where face-api.js puts it for this photograph (align of its landmarks): 105 pixels from (101, 70).
import { Buffer } from 'node:buffer';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'x.cjs'));
const folder = dirname(require.resolve('@vladmandic/face-api/package.json'));
const jpeg = require('jpeg-js');

// the bundle for browsers looks for two functions of Node where newer versions do not have them
const bundle = readFileSync(join(folder, 'dist/face-api.esm.js'), 'utf8')
  .replaceAll('new this.util.TextEncoder', 'new TextEncoder')
  .replaceAll(/this\.util\.types\.is([A-Za-z0-9]*)\(e\)/g, '(e instanceof $1)');
const patched = join(mkdtempSync(join(tmpdir(), 'face-api-')), 'bundle.mjs');
writeFileSync(patched, bundle);
console.log = console.error;
const { nets, tf, NetInput } = await import(pathToFileURL(patched).href);
await tf.setBackend('cpu');

function load(net, model) {
  const name = join(folder, `model/${model}`);
  const manifest = JSON.parse(readFileSync(`${name}-weights_manifest.json`, 'utf8'));
  const weights = new Uint8Array(readFileSync(`${name}.bin`)).buffer;
  net.loadFromWeightMap(
    tf.io.decodeWeights(
      weights,
      manifest.flatMap((group) => group.weights),
    ),
  );
}
load(nets.faceRecognitionNet, 'face_recognition_model');
load(nets.faceExpressionNet, 'face_expression_model');

const photo = new URL('../../faces/assets/photos/nasa_astronaut_collins.jpg', import.meta.url);
const { data, width, height } = jpeg.decode(readFileSync(photo), { useTArray: true, formatAsRGBA: false });
const [x, y, size] = [101, 70, 105];
const crop = tf.slice3d(tf.tensor3d(Float32Array.from(data), [height, width, 3]), [y, x, 0], [size, size, 3]);
const descriptor = await nets.faceRecognitionNet.forwardInput(new NetInput([crop])).data();
const logits = nets.faceExpressionNet.runNet(new NetInput([crop]));
const expressions = { logits: [...(await logits.data())], shares: [...(await tf.softmax(logits).data())] };
const pixels = Buffer.from(Uint8Array.from(await crop.data())).toString('base64');
process.stdout.write(`${JSON.stringify({ size, pixels, descriptor: [...descriptor], expressions })}\n`);
