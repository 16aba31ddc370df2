// Elements of a raw WebGPU buffer.

/** The float32 elements of a buffer that can be copied from. */
export async function readBuffer(device, buffer) {
  const { size } = buffer;
  const { GPUBufferUsage: usage, GPUMapMode } = globalThis;
  const copy = device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  return new Float32Array(copy.getMappedRange().slice(0));
}
