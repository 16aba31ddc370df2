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
}
