// The kinds of fit whose shapes are compared: what sees edges, at one schedule.
import { baseConfig } from '../evaluate-fit/rows.mjs';

/** Steps of each of the two vertex-based rounds, and of the ray-traced level after them. */
const [vertexSteps, raySteps] = [20, 30];

/** A short schedule of the shape alone; pictures for people and textures do not bear on it. */
function shortConfig(size) {
  const base = baseConfig(size);
  return {
    ...base,
    vertex: { ...base.vertex, rounds: 2, steps: vertexSteps },
    trace: { ...base.trace, levels: [{ size: Math.min(56, size), spp: 2, steps: raySteps, share: 0.5 }] },
    texture: { ...base.texture, size: 64, steps: 1, shadingSpp: 2 },
    render: { ...base.render, spp: 1 },
  };
}

const withTrace = (change) => (size) => {
  const config = shortConfig(size);
  return { ...config, trace: { ...config.trace, ...change(config.trace) } };
};

/** Rays without the term of the vertices. */
const alone = ({ weights }) => ({ weights: { ...weights, vertices: 0 } });

/** As many steps as the other rows make, all with vertices. */
function vertexConfig(size) {
  const config = shortConfig(size);
  const vertex = { ...config.vertex, steps: vertexSteps + raySteps / 2 };
  return { ...config, vertex, trace: { ...config.trace, levels: [] } };
}

/** Name -> { title, config(size), ict: fitted with the ICT model, which the faces are of }. */
export const rows = {
  vertex: { title: 'vertex-based', config: vertexConfig },
  rays: { title: 'ray-traced', config: withTrace(alone) },
  both: { title: 'ray-traced + vertex', config: withTrace(() => ({})) },
  boundary: {
    title: 'ray-traced with boundary',
    config: withTrace((trace) => ({ ...alone(trace), boundary: 'all' })),
  },
  ict: { title: 'ray-traced + vertex, ICT model', config: withTrace(() => ({})), ict: true },
};
