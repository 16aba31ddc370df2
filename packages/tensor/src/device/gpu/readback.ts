import { bufferUsage, mapModeRead } from '../flags.js';

/** Copies GPU buffers to the host through mappable buffers that are kept for reuse. */
export class Readback {
  readonly #free: GPUBuffer[] = [];

  constructor(private readonly device: GPUDevice) {}

  /** The first `bytes` of `source`, as they are when the queue gets here. */
  async copy(source: GPUBuffer, bytes: number, submit: (commands: GPUCommandBuffer) => void): Promise<ArrayBuffer> {
    const staging = this.#take(bytes);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, bytes);
    submit(encoder.finish());
    await staging.mapAsync(mapModeRead, 0, bytes);
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#keep(staging);
    return copy;
  }

  #take(bytes: number): GPUBuffer {
    const index = this.#free.findIndex((b) => b.size >= bytes && b.size <= 8 * bytes + 4096);
    if (index >= 0) return this.#free.splice(index, 1)[0]!;
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
    return this.device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyDst });
  }

  #keep(buffer: GPUBuffer): void {
    if (this.#free.length < 8 && buffer.size <= 2 ** 24) this.#free.push(buffer);
    else buffer.destroy();
  }
}
