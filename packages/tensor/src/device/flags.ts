/** WebGPU's flag values, as the specification fixes them: the engine runs where the globals are not installed. */
export const bufferUsage = {
  mapRead: 0x0001,
  copySrc: 0x0004,
  copyDst: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  indirect: 0x0100,
  queryResolve: 0x0200,
} as const;

/** GPUMapMode.READ. */
export const mapModeRead = 0x0001;

/** GPUShaderStage.COMPUTE. */
export const shaderStageCompute = 0x4;
