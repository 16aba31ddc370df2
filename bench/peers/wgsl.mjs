// Hand-written WGSL straight on Dawn: what plain kernels reach on this adapter without a framework around them.
import { readBuffer } from '../lib/readBuffer.mjs';
import { installWebGPU } from './gpu.mjs';

const elements = 2 ** 22;

export async function open() {
  const gpu = await installWebGPU();
  const adapter = await globalThis.navigator.gpu.requestAdapter();
  const wide = Math.min(1024, adapter.limits.maxComputeWorkgroupSizeX);
  const device = await adapter.requestDevice({ requiredLimits: { maxComputeWorkgroupSizeX: wide } });
  const { GPUBufferUsage: usage } = globalThis;

  const buffer = (size, data) => {
    const made = device.createBuffer({ size, usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST });
    if (data) device.queue.writeBuffer(made, 0, data);
    return made;
  };
  const inputBuffers = (given) => Object.values(given).map(({ data }) => buffer(data.byteLength, data));
  const kernel = (code, buffers, workgroups) => {
    const pipeline = device.createComputePipeline({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
    const entries = buffers.map((each, binding) => ({ binding, resource: { buffer: each } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return { pipeline, group, workgroups };
  };
  const prepared = (kernels, out, { clear = false } = {}) => {
    const step = async () => {
      const encoder = device.createCommandEncoder();
      if (clear) encoder.clearBuffer(out);
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, workgroups } of kernels) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      await gpu.idle();
    };
    return {
      step,
      async output() {
        await step();
        return readBuffer(device, out);
      },
    };
  };

  /** Declares buffers a, b, ...; a type that begins with + is written to. */
  const bindings = (...types) =>
    types
      .map((type, i) => {
        const access = type.startsWith('+') ? 'read_write' : 'read';
        return `@group(0) @binding(${i}) var<storage, ${access}> ${'abcdef'[i]}: array<${type.replace('+', '')}>;\n`;
      })
      .join('');
  const main = (size, body) => `@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_id) l: vec3u) {
${body}
}`;

  /** Register blocks without shared memory: an invocation owns `rows` x `columns` vec4f of the product. */
  function matmul(given, n, batch = 1) {
    const [rows, columns, size] = [8, 4, 8];
    const own = (f) =>
      Array.from({ length: rows * columns }, (_, i) => f(Math.floor(i / columns), i % columns)).join('\n');
    const depth = [0, 1, 2, 3].map((q) => {
      const loads = [];
      for (let j = 0; j < columns; j++) {
        loads.push(`let b${q}_${j} = b[(k + ${q}u) * ${n / 4}u + column + ${j * size}u];`);
      }
      for (let i = 0; i < rows; i++) loads.push(`let a${q}_${i} = vec4f(a[oa + (row + ${i}u) * ${n}u + k + ${q}u]);`);
      return [...loads, own((i, j) => `c${i}_${j} = fma(a${q}_${i}, b${q}_${j}, c${i}_${j});`)].join('\n');
    });
    const body = `
      let oa = w.z * ${n * n}u;
      let ob = w.z * ${(n * n) / 4}u;
      let row = w.y * ${rows}u;
      let column = ob + w.x * ${size * columns}u + l.x;
      ${own((i, j) => `var c${i}_${j} = vec4f();`)}
      for (var k = 0u; k < ${n}u; k += 4u) {
        ${depth.join('\n')}
      }
      ${own((i, j) => `c[(row + ${i}u) * ${n / 4}u + column + ${j * size}u] = c${i}_${j};`)}`;
    const out = buffer(4 * batch * n * n);
    const code = bindings('f32', 'vec4f', '+vec4f') + main(size, body);
    return prepared([kernel(code, [...inputBuffers(given), out], [n / (4 * columns * size), n / rows, batch])], out);
  }

  const cases = {
    matmul_512: (given) => matmul(given, 512),
    matmul_1024: (given) => matmul(given, 1024),
    bmm_16x128: (given) => matmul(given, 128, 16),
    chain6_4m(given) {
      const out = buffer(4 * elements);
      const body = 'let i = w.x * 64u + l.x; let y = b[i]; let x = a[i]; c[i] = max(exp(sin(x) * y + x) - y, vec4f());';
      const code = bindings('vec4f', 'vec4f', '+vec4f') + main(64, body);
      return prepared([kernel(code, [...inputBuffers(given), out], [elements / 256])], out);
    },
    sum_all_4m(given) {
      const [partial, out] = [buffer(4096), buffer(4)];
      const strided = `var s = vec4f();
        let t = w.x * 8u + l.x;
        for (var i = 0u; i < ${elements / 4096}u; i++) { s += a[i * 1024u + t]; }
        b[t] = s.x + s.y + s.z + s.w;`;
      const rest = 'var s = 0.0; for (var i = 0u; i < 1024u; i++) { s += a[i]; } b[0] = s;';
      const kernels = [
        kernel(bindings('vec4f', '+f32') + main(8, strided), [...inputBuffers(given), partial], [128]),
        kernel(bindings('f32', '+f32') + main(1, rest), [partial, out], [1]),
      ];
      return prepared(kernels, out);
    },
    sum_last_2048(given) {
      const out = buffer(4 * 2048);
      const body = `var s = vec4f();
        for (var i = l.x; i < 512u; i += 8u) { s += a[w.x * 512u + i]; }
        p[l.x] = s.x + s.y + s.z + s.w;
        workgroupBarrier();
        if (l.x == 0u) { var r = 0.0; for (var i = 0u; i < 8u; i++) { r += p[i]; } b[w.x] = r; }`;
      const code = `${bindings('vec4f', '+f32')}var<workgroup> p: array<f32, 8>;\n${main(8, body)}`;
      return prepared([kernel(code, [...inputBuffers(given), out], [2048])], out);
    },
    gather_1m(given) {
      const rows = given.index.shape[0];
      const out = buffer(12 * rows);
      const body = `let i = w.x * 64u + l.x; let r = b[i] * 3u;
        c[i * 3u] = a[r]; c[i * 3u + 1u] = a[r + 1u]; c[i * 3u + 2u] = a[r + 2u];`;
      const code = bindings('f32', 'u32', '+f32') + main(64, body);
      return prepared([kernel(code, [...inputBuffers(given), out], [rows / 64])], out);
    },
    // the scatter alone, by compare-and-exchange: sums depend on the order
    gather_1m_grad(given) {
      const rows = given.index.shape[0];
      const out = buffer(12 * 262_144);
      const code = `${bindings('u32', 'f32', '+atomic<u32>')}
        fn add(i: u32, v: f32) {
          var old = atomicLoad(&c[i]);
          loop {
            let r = atomicCompareExchangeWeak(&c[i], old, bitcast<u32>(bitcast<f32>(old) + v));
            if (r.exchanged) { break; }
            old = r.old_value;
          }
        }
        ${main(
          64,
          `let i = w.x * 64u + l.x; let r = a[i] * 3u;
          add(r, b[i * 3u]); add(r + 1u, b[i * 3u + 1u]); add(r + 2u, b[i * 3u + 2u]);`,
        )}`;
      return prepared([kernel(code, [...inputBuffers(given), out], [rows / 64])], out, { clear: true });
    },
  };
  return { ...gpu, cases };
}
