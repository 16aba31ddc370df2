// Skin for a face whose model has none, or another one than the model that is fitted: colours per vertex.

const smoothstep = (low, high, x) => {
  const t = Math.min(1, Math.max(0, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
};
const mix = (a, b, t) => a.map((x, c) => x + (b[c] - x) * t);

/** Diffuse albedos of cheeks, light to dark, linear RGB; between them skin is interpolated. */
const complexions = [
  [0.6, 0.41, 0.33],
  [0.49, 0.3, 0.22],
  [0.33, 0.19, 0.12],
  [0.17, 0.09, 0.055],
];

/** What more melanin and more blood take from the logarithm of an albedo. */
const pigments = [
  [-0.5, -0.8, -1],
  [-0.15, -1, -0.8],
];

/** What the painted texture of the model has at every vertex: its colour and how much of it is skin. */
function painted({ uvs, uvTriangles, triangles, albedo, positions }) {
  const { height, width, mean, skin } = albedo;
  const count = positions.length / 3;
  const [colour, share] = [new Float32Array(3 * count), new Float32Array(count)];
  triangles.forEach((v, corner) => {
    const t = uvTriangles[corner];
    const column = Math.min(width - 1, Math.max(0, Math.floor(uvs[2 * t] * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor((1 - uvs[2 * t + 1]) * height)));
    colour.set(mean.subarray(3 * (row * width + column), 3 * (row * width + column) + 3), 3 * v);
    share[v] = skin[row * width + column];
  });
  return { colour, share };
}

/** Distance in the frontal picture to a line through landmarks, mm. */
function distanceToLine(points, [x, y]) {
  let least = Infinity;
  for (let k = 1; k < points.length; k++) {
    const [[ax, ay], [bx, by]] = [points[k - 1], points[k]];
    const [dx, dy] = [bx - ax, by - ay];
    const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return least;
}

function contains(polygon, [x, y]) {
  let inside = false;
  polygon.forEach(([x1, y1], k) => {
    const [x0, y0] = polygon.at(k - 1);
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  });
  return inside;
}

/**
 * A random plausible skin: a complexion with slow variation, brows, lips, flushed cheeks and nose, dark sockets of the
 * eyes, freckles and moles, and on half of the faces the shadow of a beard. None of it is a mode of the model that is
 * fitted. Eyes and mouth keep the colours of the model.
 *
 * @param data of the model that the face is of. @param random a `randomSource`.
 * @returns { diffuse, specular } [V * 3] linear RGB.
 */
export function paintSkin(data, random) {
  const { positions, landmarks } = data;
  const between = (low, high) => low + (high - low) * random.uniform();
  const at = (k) => positions.subarray(3 * landmarks[k], 3 * landmarks[k] + 3);
  const flat = (from, to) => Array.from({ length: to - from + 1 }, (_, k) => [...at(from + k)].slice(0, 2));
  const middle = (...ids) => [0, 1, 2].map((c) => ids.reduce((sum, k) => sum + at(k)[c], 0) / ids.length);

  const tone = between(0, complexions.length - 1.001);
  const tint = [between(-0.05, 0.05), 0, between(-0.05, 0.05)];
  const cheek = mix(complexions[Math.floor(tone)], complexions[Math.floor(tone) + 1], tone % 1);
  const base = cheek.map((x, c) => x * Math.exp(tint[c]));
  const hair = base.map((x) => x * between(0.12, 0.5));
  const beard = between(0, 1) < 0.5 ? between(0.25, 0.7) : 0;
  const brows = { width: between(2.5, 5), strength: between(0.4, 0.9) };
  const flush = between(0.05, 0.25);
  const lipColour = [between(0.75, 1), between(0.38, 0.55), between(0.5, 0.65)];

  const [browLines, lips] = [[flat(17, 21), flat(22, 26)], flat(48, 59)];
  const glow = [
    { at: middle(2, 31), size: 22, factor: [1, 1 - flush, 1 - flush] },
    { at: middle(14, 35), size: 22, factor: [1, 1 - flush, 1 - flush] },
    { at: middle(30), size: 12, factor: [1, 1 - flush, 1 - flush] },
    { at: middle(36, 39), size: 17, factor: [0.88, 0.82, 0.84] },
    { at: middle(42, 45), size: 17, factor: [0.88, 0.82, 0.84] },
  ];
  const skinIds = [...data.mask.keys()].filter((v) => data.mask[v] > 0.5);
  const spots = Array.from({ length: 50 }, (_, k) => {
    const v = random.choose(skinIds);
    const factor = k < 4 ? between(0.25, 0.5) : between(0.65, 1.2);
    const at = positions.subarray(3 * v, 3 * v + 3);
    return { at, size: k < 4 ? between(1.5, 2.5) : between(2, 5), factor: [factor, factor ** 1.2, factor ** 1.3] };
  });
  const waves = Array.from({ length: 16 }, () => ({
    direction: [random.normal(), random.normal(), random.normal()].map((x) => x / between(12, 40)),
    phase: between(0, 2 * Math.PI),
    pigment: random.choose(pigments),
    strength: 0.05 * random.normal(),
  }));
  const { colour, share } = painted(data);
  const noseBase = at(33)[1];
  const diffuse = new Float32Array(positions.length);
  const specular = new Float32Array(positions.length);
  for (let v = 0; v < share.length; v++) {
    const p = positions.subarray(3 * v, 3 * v + 3);
    let skin = base.slice();
    const scale = (factor, weight) => (skin = skin.map((x, c) => x * Math.exp(Math.log(factor[c]) * weight)));
    for (const { direction, phase, pigment, strength } of waves) {
      const wave = Math.sin(direction[0] * p[0] + direction[1] * p[1] + direction[2] * p[2] + phase);
      skin = skin.map((x, c) => x * Math.exp(strength * wave * pigment[c]));
    }
    for (const { at: q, size, factor } of [...glow, ...spots]) {
      const square = ((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2) / (2 * size * size);
      if (square < 8) scale(factor, Math.exp(-square));
    }
    const front = smoothstep(0, 30, p[2]);
    const lip = contains(lips, p) ? smoothstep(0, 1.5, distanceToLine([...lips, lips[0]], p)) * front : 0;
    const jaw = front * smoothstep(0, 12, noseBase - p[1]) * (1 - lip);
    if (beard > 0) scale([0.55, 0.6, 0.66], beard * jaw * between(0.8, 1.2));
    if (lip > 0) scale(lipColour, lip);
    for (const line of browLines) {
      const weight = brows.strength * (1 - smoothstep(0.4, 1.4, distanceToLine(line, p) / brows.width)) * front;
      if (weight > 0) skin = mix(skin, hair, Math.min(1, weight * between(0.8, 1.2)));
    }
    const pixel = mix([...colour.subarray(3 * v, 3 * v + 3)], skin, share[v]);
    diffuse.set(
      pixel.map((x) => Math.min(0.9, Math.max(0.01, x))),
      3 * v,
    );
    specular.fill(0.028 * (1 + 0.5 * smoothstep(45, 0, Math.hypot(p[0], 0.4 * (p[1] - at(30)[1])))), 3 * v, 3 * v + 3);
  }
  return { diffuse, specular };
}
