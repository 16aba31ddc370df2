import { DeviceError, DeviceLostError, OutOfMemoryError } from '../../errors.js';

/** Collects what a device reports out of line, so that the next await rejects with it and nothing is lost. */
export class ErrorDesk {
  #pending: Promise<Error | undefined>[] = [];
  #reported: Error[] = [];
  #lost: DeviceLostError | undefined;
  #compileFailed = false;

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // it is reported by the next await, not on the console
      // what follows from a kernel that did not compile says nothing beyond the compiler's own message
      if (this.#compileFailed && event.error.message.includes('due to a previous error')) return;
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

  /** Takes the outcome of something that is under way: the next check waits for it. */
  expect(outcome: Promise<Error | undefined>): void {
    this.#pending.push(outcome);
  }

  /** Takes the outcome of compiling a kernel. */
  expectKernel(outcome: Promise<Error | undefined>): void {
    this.expect(
      outcome.then((error) => {
        if (error) {
          this.#compileFailed = true;
          this.#reported = this.#reported.filter((e) => !e.message.includes('due to a previous error'));
        }
        return error;
      }),
    );
  }

  /** Throws the first thing reported since the last check. */
  async check(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    const errors = (await Promise.all(pending)).filter((e) => e !== undefined);
    this.#reported.unshift(...errors);
    this.#throwFirst();
  }

  #throwFirst(): void {
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
