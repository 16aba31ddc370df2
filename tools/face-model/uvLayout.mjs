// Texture coordinates laid anew for the face: MakeHuman's unwrap of the head (seam at the back, no overlaps), turned
// upright, with the middle of the face enlarged, exactly symmetric about u = 1/2; below it the small parts.

/** Where each island goes: left, bottom, width, height. Pairs mirror each other. */
const places = {
  head: [0.004, 0.16, 0.992, 0.836],
  mouth: [0.4, 0.078, 0.2, 0.067],
  neck: [0.4, 0.045, 0.2, 0.028],
  'upper teeth': [0.43, 0.025, 0.14, 0.016],
  'lower teeth': [0.43, 0.004, 0.14, 0.016],
  'left eye': [0.62, 0.015, 0.13, 0.13],
  'left eye back': [0.885, 0.015, 0.04, 0.04],
  'left socket': [0.77, 0.015, 0.1, 0.13],
};

/** Enlargement of the middle: horizontally about the nose's line, vertically about the nose. */
const horizontal = { centre: 0.5, strength: 3.2 };
const vertical = { centre: 0.33, strength: 2 };
const evenShare = 0.15; // of the layout is spread evenly, so that the back of the head keeps some texels

const squash = (x, { centre, strength }) => {
  const at = (t) => Math.tanh(strength * 2 * (t - centre));
  return ((1 - evenShare) * (at(x) - at(0))) / (at(1) - at(0)) + evenShare * x;
};

/** An eye's disc with its middle enlarged: the iris is a small part of the ball. */
function aroundIris(x, y) {
  const r = 2 * Math.hypot(x - 0.5, y - 0.5);
  const scale = r > 0 ? r ** 0.6 / r : 1;
  return [x, y].map((c) => 0.5 + (c - 0.5) * scale);
}

/** Quads that share texture coordinates, transitively. */
function islandsOf(quads) {
  const parent = new Map();
  const root = (t) => {
    let r = t;
    while (parent.get(r) !== r) r = parent.get(r);
    for (let s = t; s !== r;) [s] = [parent.get(s), parent.set(s, r)];
    return r;
  };
  for (const { uvs } of quads) for (const t of uvs) if (!parent.has(t)) parent.set(t, t);
  for (const { uvs } of quads) for (const t of uvs) parent.set(root(t), root(uvs[0]));
  const islands = new Map();
  for (const quad of quads) {
    const key = root(quad.uvs[0]);
    islands.set(key, [...(islands.get(key) ?? []), quad]);
  }
  return [...islands.values()].sort((a, b) => b.length - a.length);
}

/** Names an island by its size and where it lies on the head. */
function nameIsland(quads, positions) {
  const mean = [0, 1, 2].map(
    (c) =>
      quads.reduce((sum, q) => sum + q.vertices.reduce((s, v) => s + positions[3 * v + c], 0) / 4, 0) / quads.length,
  );
  const part = quads[0].part;
  const side = mean[0] > 0 ? 'left' : 'right';
  if (part !== 'skin') return { name: part, mean, part };
  if (quads.length > 1000) return { name: 'head', mean, part };
  if (Math.abs(mean[0]) > 10) return { name: `${side} socket`, mean, part };
  return { name: quads.length > 300 ? 'mouth' : 'neck', mean, part };
}

/**
 * The new layout.
 * @param quads of the head with uv rows of the base mesh; rewritten to rows of the result.
 * @returns uvs [T * 2] and sourceUvs [T * 2] of the base mesh; island: name of each row's island.
 */
export function layOut(quads, positions, baseUvs, mirror) {
  const islands = islandsOf(quads).map((list) => ({ quads: list, ...nameIsland(list, positions) }));
  for (const island of islands) {
    // of the two discs of an eye the one further back is hidden
    const twin = islands.find((other) => other !== island && other.part === island.part && island.part !== 'skin');
    if (twin && twin.mean[2] > island.mean[2]) island.hidden = true;
  }
  const rows = new Map();
  const [uvs, sourceUvs, vertexOf, island] = [[], [], [], []];
  for (const { quads: list, name, hidden } of islands) {
    const key = hidden ? `${name} back` : name;
    for (const quad of list) {
      quad.uvs = quad.uvs.map((t, corner) => {
        if (!rows.has(t)) {
          rows.set(t, uvs.length / 2);
          uvs.push(0, 0);
          sourceUvs.push(baseUvs[2 * t], baseUvs[2 * t + 1]);
          vertexOf.push(quad.vertices[corner]);
          island.push(key);
        }
        return rows.get(t);
      });
    }
  }
  for (const name of new Set(island)) place(name, island, sourceUvs, vertexOf, positions, uvs);
  symmetrise(uvs, island, vertexOf, mirror);
  return { uvs: Float32Array.from(uvs), sourceUvs: Float32Array.from(sourceUvs), island };
}

/** One island into its rectangle: turned so that the subject's left is on the right and up is up. */
function place(name, island, source, vertexOf, positions, uvs) {
  const rows = island.flatMap((key, t) => (key === name ? [t] : []));
  const columns = [0, 1].map((c) => rows.map((t) => source[2 * t + c]));
  const axis = (coordinate, other) => {
    const along = (values) =>
      correlation(
        values,
        rows.map((t) => positions[3 * vertexOf[t] + coordinate]),
      );
    const fits = columns.map(along);
    const best = other === undefined ? (Math.abs(fits[0]) > Math.abs(fits[1]) ? 0 : 1) : 1 - other;
    return { column: best, sign: Math.sign(fits[best]) };
  };
  const right = axis(0);
  const up = axis(name === 'mouth' || name === 'neck' ? 2 : 1, right.column);
  const mirrorName = name.replace('right', 'left');
  let [left, bottom, width, height] = places[mirrorName];
  if (mirrorName !== name) left = 1 - left - width;
  const spans = [right, up].map(({ column, sign }) => {
    const values = columns[column].map((x) => x * sign);
    return { low: Math.min(...values), high: Math.max(...values), values };
  });
  rows.forEach((t, k) => {
    let [x, y] = spans.map(({ low, high, values }) => (values[k] - low) / (high - low));
    if (name === 'head') [x, y] = [squash(x, horizontal), squash(y, vertical)];
    if (name.endsWith('eye')) [x, y] = aroundIris(x, y);
    uvs[2 * t] = left + width * x;
    uvs[2 * t + 1] = bottom + height * y;
  });
}

function correlation(a, b) {
  const mean = (list) => list.reduce((s, x) => s + x, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f) => a.reduce((s, _, k) => s + f(a[k] - ma, b[k] - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y) || 1);
}

/** Makes rows of mirrored vertices mirror images of each other; what the source has askew is averaged. */
function symmetrise(uvs, island, vertexOf, mirror) {
  const byVertex = new Map();
  vertexOf.forEach((v, t) => byVertex.set(v, [...(byVertex.get(v) ?? []), t]));
  const swap = (name) => (name.includes('left') ? name.replace('left', 'right') : name.replace('right', 'left'));
  const before = uvs.slice();
  vertexOf.forEach((v, t) => {
    const partners = (byVertex.get(mirror[v]) ?? []).filter((s) => island[s] === swap(island[t]));
    const distance = (s) => Math.hypot(1 - before[2 * s] - before[2 * t], before[2 * s + 1] - before[2 * t + 1]);
    const partner = partners.sort((a, b) => distance(a) - distance(b))[0];
    if (partner === undefined || distance(partner) > 0.06) {
      throw new Error(
        `texture coordinate ${t} (${island[t]}) has no mirror image: ${partner === undefined ? 'none' : distance(partner)}`,
      );
    }
    uvs[2 * t] = (before[2 * t] + 1 - before[2 * partner]) / 2;
    uvs[2 * t + 1] = (before[2 * t + 1] + before[2 * partner + 1]) / 2;
  });
}
