import { cholesky, choleskySolve, eye, Generator, noGrad, stack, tensor, zeros } from '@chiaro/autograd';
import { faceOfAttributes, interpolateImage, surfaceImage, traceFace, type AttributeFace } from '@chiaro/faces';
import { attributeModel, type Experiment } from './experiment.js';
import { batchOf } from './training/photoBatch.js';

/** What the vector of zeros means: the mean face before the camera, in even light. */
export const meanFace = (experiment: Experiment): AttributeFace =>
  noGrad(() => {
    const of = attributeModel(experiment, 9);
    return faceOfAttributes(of, zeros([of.layout.size]));
  });

/** Coefficients that are fitted: higher bands a face hardly shows. */
const harmonics = 25;
/** Samples per pixel of the pictures that lights are fitted by. */
const spp = 16;
/** Share of the mean diagonal that is added to the normal equations: harmonics that nothing shows stay small. */
const ridge = 1e-3;

/**
 * The mean face in the light that makes it most like each of the test's photographs: the 25 coefficients of five bands by least
 * squares over the pixels of the face, in linear light. A picture is linear in its light, so that 25 ray traced ones,
 * with shadows and highlights, say everything. What a network has to beat.
 */
export async function meanFaceRelit(experiment: Experiment): Promise<(n: number) => AttributeFace> {
  const { model, camera, preset, test } = experiment;
  const { size, lightHeight } = preset;
  const face = meanFace(experiment);
  const pixels = size * size;
  const image = surfaceImage(face.mesh, camera, 1);
  const inFace = interpolateImage(image, tensor(model.data.mask, [model.vertexCount, 1]), face.mesh.triangles);
  const weights = inFace.gt(0.5).to('float32').reshape([1, pixels, 1]);
  const lit = [];
  for (let k = 0; k < harmonics; k++) {
    const light = tensor(
      Float32Array.from({ length: 3 * harmonics }, (_, i) => Number(Math.floor(i / 3) === k)),
      [harmonics, 3],
    );
    const options = { spp, depth: 2, lightHeight, generator: new Generator(5) };
    const picture = await traceFace(model, face, camera, options, { light }).image.data();
    lit.push(tensor(Float32Array.from(picture), [pixels, 3]));
  }
  const matrices = stack(lit).permute([2, 1, 0]).mul(weights); // [3, pixels, 25]
  const photos = batchOf(test, size).photos.reshape([test.length, pixels, 3]).permute([2, 1, 0]).mul(weights);
  const squares = matrices.transpose(1, 2).matmul(matrices);
  const mean = squares.mul(eye(harmonics)).sum([1, 2], true).div(harmonics);
  const factor = cholesky(squares.add(eye(harmonics).mul(mean.mul(ridge))));
  const lights = await choleskySolve(matrices.transpose(1, 2).matmul(photos), factor).data(); // [3, 25, N]
  const count = test.length;
  return (n) => {
    const light = Float32Array.from(
      { length: 3 * harmonics },
      (_, i) => lights[((i % 3) * harmonics + Math.floor(i / 3)) * count + n],
    );
    return { ...face, attributes: { ...face.attributes, light: tensor(light, [harmonics, 3]) } };
  };
}
