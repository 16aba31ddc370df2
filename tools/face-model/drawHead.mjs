// A small host renderer for looking at heads: orthographic, z-buffer, three lamps, textured. No part of the product.

/** Unit vertex normals. */
function normalsOf(positions, triangles) {
  const normals = new Float64Array(positions.length);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [triangles[f], triangles[f + 1], triangles[f + 2]].map((v) => 3 * v);
    const e = [0, 1, 2].map((k) => positions[b + k] - positions[a + k]);
    const g = [0, 1, 2].map((k) => positions[c + k] - positions[a + k]);
    const n = [e[1] * g[2] - e[2] * g[1], e[2] * g[0] - e[0] * g[2], e[0] * g[1] - e[1] * g[0]];
    for (const v of [a, b, c]) for (let k = 0; k < 3; k++) normals[v + k] += n[k];
  }
  for (let v = 0; v < normals.length; v += 3) {
    const length = Math.hypot(normals[v], normals[v + 1], normals[v + 2]) || 1;
    for (let k = 0; k < 3; k++) normals[v + k] /= length;
  }
  return normals;
}

const unit = (v) => v.map((x) => x / Math.hypot(...v));
const lamps = [
  { to: unit([-0.5, 0.6, 0.8]), power: [2.3, 2.2, 2.1] },
  { to: unit([0.9, 0.1, 0.5]), power: [0.7, 0.75, 0.85] },
];
const ambient = [0.32, 0.33, 0.36];

/**
 * Draws a head.
 * @param face {positions, triangles, uvs?, uvTriangles?}
 * @param look {diffuse?: {values, size}, specular?, roughness, yaw, width, height, scale: pixels per mm, samples}
 * @returns linear RGB [height * width * 3] on white, and the depth of each pixel in the head's frame.
 */
export function drawHead(
  face,
  { diffuse, specular, roughness = 0.5, yaw = 0, pitch = 0, width, height, scale, centre = [0, 0], samples = 2 },
) {
  const { triangles, uvs, uvTriangles } = face;
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const turn = (from, to, at) => {
    const [x, y, z] = [from[at] * cy + from[at + 2] * sy, from[at + 1], -from[at] * sy + from[at + 2] * cy];
    to[at] = x;
    to[at + 1] = y * cp - z * sp;
    to[at + 2] = y * sp + z * cp;
  };
  const positions = new Float64Array(face.positions.length);
  for (let v = 0; v < positions.length; v += 3) turn(face.positions, positions, v);
  const normals = normalsOf(positions, triangles);
  const [w, h] = [width * samples, height * samples];
  const color = new Float64Array(w * h * 3).fill(1);
  const depth = new Float64Array(w * h).fill(-Infinity);
  const owner = new Int32Array(w * h).fill(-1);
  const s = scale * samples;
  const x = (v) => (positions[3 * v] - centre[0]) * s + w / 2 - 0.5;
  const y = (v) => h / 2 - (positions[3 * v + 1] - centre[1]) * s - 0.5;
  for (let f = 0; f < triangles.length / 3; f++) {
    const v = [triangles[3 * f], triangles[3 * f + 1], triangles[3 * f + 2]];
    const [X, Y] = [v.map(x), v.map(y)];
    const area = (X[1] - X[0]) * (Y[2] - Y[0]) - (X[2] - X[0]) * (Y[1] - Y[0]);
    if (area >= 0) continue; // rows go down: front faces have negative area
    for (let row = Math.max(0, Math.ceil(Math.min(...Y))); row <= Math.min(h - 1, Math.max(...Y)); row++) {
      for (let column = Math.max(0, Math.ceil(Math.min(...X))); column <= Math.min(w - 1, Math.max(...X)); column++) {
        const b1 = ((column - X[0]) * (Y[2] - Y[0]) - (X[2] - X[0]) * (row - Y[0])) / area;
        const b2 = ((X[1] - X[0]) * (row - Y[0]) - (column - X[0]) * (Y[1] - Y[0])) / area;
        const b0 = 1 - b1 - b2;
        if (b0 < 0 || b1 < 0 || b2 < 0) continue;
        const mix = (list, k, width) =>
          b0 * list[width * v[0] + k] + b1 * list[width * v[1] + k] + b2 * list[width * v[2] + k];
        const z = mix(positions, 2, 3);
        const pixel = row * w + column;
        if (z <= depth[pixel]) continue;
        depth[pixel] = z;
        owner[pixel] = f;
        const n = unit([0, 1, 2].map((k) => mix(normals, k, 3)));
        let [albedo, f0] = [[0.5, 0.5, 0.5], 0.03];
        if (diffuse) {
          const uv = [0, 1].map(
            (k) =>
              b0 * uvs[2 * uvTriangles[3 * f] + k] +
              b1 * uvs[2 * uvTriangles[3 * f + 1] + k] +
              b2 * uvs[2 * uvTriangles[3 * f + 2] + k],
          );
          albedo = texel(diffuse, uv, 3);
          if (specular) f0 = texel(specular, uv, 1)[0];
        }
        color.set(shade(n, albedo, f0, roughness), 3 * pixel);
      }
    }
  }
  return { pixels: shrink(color, width, height, samples), depth, owner, samples };
}

/** Bilinear lookup, clamped at the border; row 0 at v = 1. */
function texel({ values, size }, [u, v], channels) {
  const [x, y] = [u * size - 0.5, (1 - v) * size - 0.5];
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const clamp = (k) => Math.max(0, Math.min(size - 1, k));
  return Array.from({ length: channels }, (_, k) => {
    const at = (r, c) => values[(clamp(r) * size + clamp(c)) * channels + k];
    const upper = at(y0, x0) * (1 - x + x0) + at(y0, x0 + 1) * (x - x0);
    const lower = at(y0 + 1, x0) * (1 - x + x0) + at(y0 + 1, x0 + 1) * (x - x0);
    return upper * (1 - y + y0) + lower * (y - y0);
  });
}

function shade(n, albedo, f0, roughness) {
  const alpha2 = roughness ** 4;
  const result = albedo.map((a, k) => a * ambient[k] * (0.75 + 0.25 * n[1]));
  for (const { to, power } of lamps) {
    const cos = n[0] * to[0] + n[1] * to[1] + n[2] * to[2];
    if (cos <= 0) continue;
    const half = unit([to[0], to[1], to[2] + 1]);
    const ch = Math.max(0, n[0] * half[0] + n[1] * half[1] + n[2] * half[2]);
    const lobe = alpha2 / (Math.PI * (ch * ch * (alpha2 - 1) + 1) ** 2);
    const fresnel = f0 + (1 - f0) * (1 - half[2]) ** 5;
    for (let k = 0; k < 3; k++) result[k] += power[k] * cos * (albedo[k] / Math.PI + 0.25 * fresnel * lobe);
  }
  return result;
}

function shrink(color, width, height, samples) {
  const result = new Float64Array(width * height * 3);
  const w = width * samples;
  for (let row = 0; row < height * samples; row++) {
    for (let column = 0; column < w; column++) {
      const to = (Math.floor(row / samples) * width + Math.floor(column / samples)) * 3;
      for (let k = 0; k < 3; k++) result[to + k] += color[(row * w + column) * 3 + k] / samples ** 2;
    }
  }
  return result;
}

/** A grid of pictures of one size, as bytes in sRGB: {data, width, height}. */
export function contactSheet(pictures, columns, width, height) {
  const rows = Math.ceil(pictures.length / columns);
  const data = new Uint8Array(columns * width * rows * height * 3).fill(255);
  pictures.forEach((pixels, n) => {
    const [left, top] = [(n % columns) * width, Math.floor(n / columns) * height];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width * 3; column++) {
        const x = Math.max(0, Math.min(1, pixels[row * width * 3 + column]));
        const encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
        data[((top + row) * columns * width + left) * 3 + column] = Math.round(255 * encoded);
      }
    }
  });
  return { data, width: columns * width, height: rows * height };
}
