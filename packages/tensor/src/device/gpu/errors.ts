import { DeviceError, DeviceLostError, OutOfMemoryError } from '../../errors.js';

/** Collects what a device reports out of line, so that the next await rejects with it and nothing is lost. */
export class ErrorDesk {
  #pending: Promise<Error | undefined>[] = [];
  #reported: Error[] = [];
  #lost: DeviceLostError | undefined;

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      this.#reported.push(toError(event.error));
    });
    void device.lost.then((info) => {
      this.#lost = new DeviceLostError(
        `the GPU device was lost (${info.reason}): ${info.message}. All its tensors are gone; ` +
          'continue on a new device from saved state',
      );
    });
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Marks the device as lost: `device.destroy()` was called by us. */
  expect(error: Promise<Error | undefined>): void {
    this.#pending.push(error);
  }

  /** Throws the first thing reported since the last check. */
  async check(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (const error of await Promise.all(pending)) if (error) this.#reported.push(error);
    this.checkNow();
  }

  /** Throws what is already known. */
  checkNow(): void {
    if (this.#lost) throw this.#lost;
    const first = this.#reported[0];
    this.#reported = [];
    if (first) throw first;
  }
}

function toError(error: GPUError): Error {
  return error.constructor.name === 'GPUOutOfMemoryError'
    ? new OutOfMemoryError(`the GPU has no memory left: ${error.message}`)
    : new DeviceError(`the GPU reported: ${error.message}`);
}
