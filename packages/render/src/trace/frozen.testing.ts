import { referenceData } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { Interpreter } from './integrand/interpret.js';
import { traceCall } from './pathTrace.js';
import type { PathTraceOptions } from './pathTrace.js';
import { pathSteps } from './path.js';
import type { Scene } from './scene.js';

/**
 * Derivative by central differences, in float64, of sum(weights * image) of a scene that moves with t, with everything that
 * detached sampling calls constant (directions, densities, visibility, which texels and triangles) held at its value at
 * t = 0. That is what the gradients of `pathTrace` are derivatives of, sample by sample, so no noise remains.
 */
export async function frozenDerivative(
  at: (t: number) => { readonly scene: Scene; readonly camera: Camera },
  options: PathTraceOptions,
  weights: ArrayLike<number>,
  step = 1e-5,
): Promise<number> {
  const tapes: (readonly number[])[][] = [];
  const loss = async (t: number): Promise<number> => {
    const { scene, camera } = at(t);
    const { packed, inputs, numbers } = traceCall(scene, camera, options);
    const [floats, tables, bvh] = await referenceData(inputs.scene, inputs.tables, inputs.bvh);
    const { structure, needs } = packed;
    const all = {
      ...needs,
      ...{ camera: true, positions: true, normals: true, uvs: true, tangents: true, normalMap: true },
      ...{
        transforms: true,
        environment: true,
        lights: true,
        parameters: needs.parameters.map((list) => list.map(() => true)),
      },
    };
    const steps = pathSteps(structure, all);
    const memory = { scene: floats, tables, bvh, options: numbers };
    const replay = tapes.length > 0;
    let sum = 0;
    for (let pixel = 0, k = 0; pixel < numbers.pixels; pixel++) {
      for (let s = 0; s < numbers.toSample; s++, k++) {
        const run = new Interpreter(steps, memory, { pixel: [pixel], sampleIndex: [s] });
        if (!replay) tapes.push([]);
        run
          .frozenValue(tapes[k], replay)
          .radiance.forEach((v, c) => (sum += (v * weights[3 * pixel + c]) / numbers.toSample));
      }
    }
    return sum;
  };
  await loss(0);
  return ((await loss(step)) - (await loss(-step))) / (2 * step);
}
