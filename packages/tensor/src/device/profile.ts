/** Measured choices of kernel variants. */
export interface Tuning {
  /**
   * The variant to write.
   * @param subject which kernel: what it computes and how large it is.
   * @param variants names of all that fit; one of them comes back.
   * @param usual the one to take where nothing was measured.
   */
  choose(subject: string, variants: readonly string[], usual: string): string;
}

/** What the choice of kernel variants looks at. */
export interface AdapterProfile {
  /** `software` is a GPU emulated on the CPU (lavapipe, SwiftShader): barriers are dear, arithmetic is cheap. */
  readonly kind: 'hardware' | 'software';
  /** Adapter name for tables and cache keys. */
  readonly name: string;
  /** Native `f16` in shaders and storage; without it float16 is packed two to a u32. */
  readonly shaderF16: boolean;
  readonly subgroups: boolean;
  /** Fewest invocations that run in step and may exchange registers. */
  readonly subgroupMinSize?: number;
  readonly maxWorkgroupInvocations: number;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  /** Windows of a buffer start at multiples of this many bytes. */
  readonly bindingAlignment: number;
  /** What `autotune` found; without it the choice is by the facts above. */
  readonly tuning?: Tuning;
}
