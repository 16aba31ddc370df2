import {
  depthwiseFiltersFromHWIO,
  filtersFromHWIO,
  loadTFJSWeights,
  weightsFromInOut,
  type NamedArray,
  type StateDict,
} from '@chiaro/nn';
import { readAsset } from '../assets/readAsset.js';
import { FaceLandmarkNet } from './faceLandmarkNet.js';
import { TinyFaceDetector } from './tinyFaceDetector.js';

/** Names and layouts of face-api.js as those of our modules. */
function converted(arrays: Readonly<Record<string, NamedArray>>): StateDict {
  const entry = ([path, array]: [string, NamedArray]): [string, NamedArray] => {
    const names = path.split('/');
    const kind = names.pop();
    const layer = names.join('.');
    if (kind === 'filters') return [`${layer}.weight`, filtersFromHWIO(array)];
    if (kind === 'depthwise_filter') return [`${layer}.depthwise.weight`, depthwiseFiltersFromHWIO(array)];
    if (kind === 'pointwise_filter') return [`${layer}.pointwise.weight`, filtersFromHWIO(array)];
    if (kind === 'weights') return [`${layer}.weight`, weightsFromInOut(array)];
    const separable = Object.hasOwn(arrays, [...names, 'pointwise_filter'].join('/'));
    return [`${layer}${separable ? '.pointwise' : ''}.${kind}`, array];
  };
  return Object.fromEntries(Object.entries(arrays).map(entry));
}

const files = new Map<string, Promise<StateDict>>();

/** The weights of a file, read once; after a failure again. */
function weightsOf(name: string): Promise<StateDict> {
  let weights = files.get(name);
  if (!weights) {
    weights = loadTFJSWeights(`landmarks/${name}_model-weights_manifest.json`, readAsset).then(converted);
    weights.catch(() => files.delete(name));
    files.set(name, weights);
  }
  return weights;
}

/** The face detector with its weights, in memory of its own: it outlives no lost device, its weights do. */
export const tinyFaceDetector = async (): Promise<TinyFaceDetector> =>
  new TinyFaceDetector().load(await weightsOf('tiny_face_detector'));

/** The landmark network with its weights; see `tinyFaceDetector`. */
export const faceLandmarkNet = async (): Promise<FaceLandmarkNet> =>
  new FaceLandmarkNet().load(await weightsOf('face_landmark_68'));
