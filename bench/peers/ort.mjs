// onnxruntime-web on WebGPU, inference only.
import { inferenceCases } from '../lib/networkCases.mjs';
import { networks, peerInputs } from '../lib/networks.mjs';
import { readBuffer } from '../lib/readBuffer.mjs';
import { installWebGPU } from './gpu.mjs';
import { onnxModel } from './onnx.mjs';

export async function open({ load }) {
  const gpu = await installWebGPU();
  const ort = await load('onnxruntime-web/webgpu');
  ort.env.wasm.numThreads = 1; // those of the CPU's operations, of which these networks have none
  const inference = (network) => async (given) => {
    const session = await ort.InferenceSession.create(onnxModel(network, peerInputs(given)), {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
    });
    const x = new ort.Tensor('float32', given.x.data, given.x.shape);
    return {
      async step() {
        const { y } = await session.run({ x });
        await gpu.idle();
        y.dispose();
      },
      async output() {
        const { y } = await session.run({ x });
        // the tensor's own `getData` waits for ever in Node; the buffer is longer than the tensor
        return (await readBuffer(await ort.env.webgpu.device, y.gpuBuffer)).subarray(0, y.size);
      },
    };
  };
  const cases = Object.fromEntries(Object.keys(inferenceCases).map((name) => [name, inference(networks[name])]));
  return { ...gpu, cases };
}
