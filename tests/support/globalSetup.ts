import { host } from '@chiaro/tensor/host';

/** Finds or prepares the GPU once, before the workers start, so that they do not all try at the same time. */
export default async function setup(): Promise<void> {
  await host.requestGPU((message) => console.log(message));
  console.log(`GPU: ${host.gpuInfo?.source} (${host.gpuInfo?.reason})`);
}
