import { DeviceError } from '../../errors.js';
import type { Dispatch } from '../../kernel/dispatch.js';
import { shaderStageCompute } from '../flags.js';
import type { PooledBuffer } from './pool.js';

/** A compiled kernel: what `setPipeline` and `createBindGroup` need. */
export interface Pipeline {
  readonly id: number;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly code: string;
  readonly label: string;
}

/** A buffer range of a bind group. */
export interface BoundRange {
  readonly buffer: PooledBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** The WGSL of a dispatch with the declarations that its uniforms and buffers imply. */
function completeCode(dispatch: Dispatch): string {
  const fields = Object.entries(dispatch.uniforms).map(([name, { type }]) => `  ${name}: ${type},`);
  return [
    ...(dispatch.buffers.some((b) => /\bf16\b/.test(b.element)) ? ['enable f16;'] : []),
    ...(/\bsubgroup/.test(dispatch.code) ? ['enable subgroups;'] : []),
    'struct Uniforms {',
    ...(fields.length > 0 ? fields : ['  unused: u32,']),
    '}',
    '@group(0) @binding(0) var<uniform> u: Uniforms;',
    ...dispatch.buffers.map(
      ({ name, element, access }, i) =>
        `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${element}>;`,
    ),
    dispatch.code,
  ].join('\n');
}

function compileError(label: string, sites: readonly string[], message: string, code: string): DeviceError {
  const made = sites.length > 0 ? `made at ${sites.join(', ')}` : 'CHIARO_DEBUG=1 names the lines that made it';
  return new DeviceError(`kernel "${label}" does not compile (${made}): ${message}\n${code}`);
}

const maxBindGroups = 1024;

/** Compiled kernels by their text, and bind groups by what they bind. */
export class PipelineCache {
  #pipelines = new Map<string, Pipeline>();
  #layouts = new Map<string, GPUBindGroupLayout>();
  #bindGroups = new Map<string, GPUBindGroup>();
  /** Told of every new kernel. */
  onNew: ((pipeline: Pipeline) => void) | undefined;

  constructor(
    private readonly device: GPUDevice,
    private readonly onError: (error: Promise<Error | undefined>) => void,
  ) {}

  /** Number of distinct kernels compiled so far. */
  get size(): number {
    return this.#pipelines.size;
  }

  /**
   * The pipeline of a dispatch, compiled on first use; errors in its WGSL reject the device's next await.
   * @param sites lines of user code behind it, for that error.
   */
  pipeline(dispatch: Dispatch, sites: readonly string[]): Pipeline {
    const code = completeCode(dispatch);
    const found = this.#pipelines.get(code);
    if (found) return found;
    const { device } = this;
    device.pushErrorScope('validation');
    const { layout, descriptor } = this.#describe(dispatch, code);
    const pipeline = device.createComputePipeline(descriptor);
    this.onError(
      device
        .popErrorScope()
        .then((error) => (error ? compileError(dispatch.label, sites, error.message, code) : undefined)),
    );
    return this.#keep(dispatch, code, layout, pipeline);
  }

  /**
   * The pipeline of a dispatch, compiled beside others and without holding up the thread where the platform can.
   * @throws DeviceError (rejects) for WGSL that does not compile.
   */
  async prepare(dispatch: Dispatch, sites: readonly string[]): Promise<Pipeline> {
    const code = completeCode(dispatch);
    const found = this.#pipelines.get(code);
    if (found) return found;
    this.device.pushErrorScope('validation');
    const { layout, descriptor } = this.#describe(dispatch, code);
    // what is wrong with the module, of which the pipeline only knows that; a lost device says so elsewhere
    const complaint = this.device.popErrorScope().catch(() => null);
    const pipeline = await this.device.createComputePipelineAsync(descriptor).catch(async (reason: unknown) => {
      const { message } = (await complaint) ?? (reason as Error);
      throw compileError(dispatch.label, sites, message, code);
    });
    return this.#pipelines.get(code) ?? this.#keep(dispatch, code, layout, pipeline);
  }

  #describe(dispatch: Dispatch, code: string) {
    const { device } = this;
    const layout = this.#layout(dispatch.buffers.map((b) => b.access));
    const descriptor: GPUComputePipelineDescriptor = {
      label: dispatch.label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label: dispatch.label, code }), entryPoint: 'main' },
    };
    return { layout, descriptor };
  }

  #keep(dispatch: Dispatch, code: string, layout: GPUBindGroupLayout, pipeline: GPUComputePipeline): Pipeline {
    const made: Pipeline = { id: this.#pipelines.size, pipeline, layout, code, label: dispatch.label };
    this.#pipelines.set(code, made);
    this.onNew?.(made);
    return made;
  }

  #layout(access: readonly ('read' | 'read_write')[]): GPUBindGroupLayout {
    const key = access.join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      const visibility = shaderStageCompute;
      layout = this.device.createBindGroupLayout({
        entries: [
          { binding: 0, visibility, buffer: { type: 'uniform', hasDynamicOffset: true } },
          ...access.map((a, i): GPUBindGroupLayoutEntry => {
            const type = a === 'read' ? 'read-only-storage' : 'storage';
            return { binding: i + 1, visibility, buffer: { type } };
          }),
        ],
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /** The bind group of a pipeline's uniform block and buffers; kept as long as it is used now and then. */
  bindGroup(
    pipeline: Pipeline,
    uniforms: PooledBuffer,
    uniformBytes: number,
    ranges: readonly BoundRange[],
  ): GPUBindGroup {
    let key = `${pipeline.id}:${uniforms.id}:${uniformBytes}`;
    for (const r of ranges) key += `,${r.buffer.id}.${r.offset}.${r.bytes}`;
    const found = this.#bindGroups.get(key);
    if (found) {
      this.#bindGroups.delete(key);
      this.#bindGroups.set(key, found);
      return found;
    }
    const group = this.device.createBindGroup({
      label: pipeline.label,
      layout: pipeline.layout,
      entries: [
        { binding: 0, resource: { buffer: uniforms.buffer, offset: 0, size: uniformBytes } },
        ...ranges.map(({ buffer, offset, bytes }, i) => ({
          binding: i + 1,
          resource: { buffer: buffer.buffer, offset, size: bytes },
        })),
      ],
    });
    this.#bindGroups.set(key, group);
    if (this.#bindGroups.size > maxBindGroups) {
      const oldest = this.#bindGroups.keys().next().value;
      if (oldest !== undefined) this.#bindGroups.delete(oldest);
    }
    return group;
  }
}
