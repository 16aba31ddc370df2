// Who can be measured. A peer's `open` gives its cases: functions from inputs to `{ step, output }`.
export const peers = {
  chiaro: { module: 'chiaro', options: { compiled: true } },
  'chiaro-eager': { module: 'chiaro', options: { compiled: false } },
  'chiaro-fast': { module: 'chiaro', options: { compiled: true, variant: '_fast' } },
  'raw-wgsl': { module: 'wgsl', options: {} },
  'jax-webgpu': { module: 'jax', options: { compiled: true } },
  'jax-webgpu-eager': { module: 'jax', options: { compiled: false } },
  'tfjs-webgpu': { module: 'tfjs', options: {} },
  'ort-webgpu': { module: 'ort', options: {} },
  'torch-cpu': { python: 'torch_peer.py' },
};

/** Peers whose ratio to Chiaro is a bar: libraries on the same adapter. */
export const libraries = ['jax-webgpu', 'jax-webgpu-eager', 'tfjs-webgpu', 'ort-webgpu'];
