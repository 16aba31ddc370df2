/** Base of every error that Chiaro throws on purpose: catch it to tell our messages from the platform's. */
export class ChiaroError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes, dimensions or sizes that do not fit an operation. */
export class ShapeError extends ChiaroError {}

/** A dtype that an operation does not take, or two that do not mix. */
export class DTypeError extends ChiaroError {}

/** Something the GPU, its driver or the platform reports. */
export class DeviceError extends ChiaroError {}

/** The device is gone, and every tensor that lived on it. */
export class DeviceLostError extends DeviceError {}

/** The device has no memory left for what was asked. */
export class OutOfMemoryError extends DeviceError {}

/** A file, text or serialised value that does not have the form it should. */
export class FormatError extends ChiaroError {}

/** A derivative that does not exist, or a wrong use of gradients. */
export class GradientError extends ChiaroError {}
