// Random heads from the morph targets, as a person at MakeHuman's sliders would make them.
import { mirrored } from './headMesh.mjs';

// Targets that move the head against the body, or turn it, are no identity.
const excluded = /^(head\/head-(trans|angle)|neck\/neck-trans)/;
// What the sliders allow and faces hardly do: share of the usual deviation.
const timid = [
  [/(mouth-trans|nose-trans-horiz|nose-septumangle)-(in|out|decr)$/, 0.25], // shifted sideways
  [/^(head\/head-(back-)?scale|forehead\/forehead-(scale|nubian))/, 0.35], // size of the skull
  [/^ears\/.-ear-(shape|wing|rot|flap|size)/, 0.4],
  [/^(chin\/chin-(height|jaw-drop|width|prognathism)|nose\/nose-(compression|point|volume))/, 0.7],
];
const shapes = /^(cheek|chin|ears|eyebrows|eyes|forehead|head|mouth|neck|nose)\//;

const sliderDeviation = 0.26;
const asymmetry = 0.2; // share of a left-right slider's weight that differs between the sides
const races = ['african', 'asian', 'caucasian'];

/** The sliders: groups of targets of which one at a time is on. Left ones carry their mirror image as the right one. */
function sliders(targets) {
  const groups = new Map();
  for (const name of [...targets.keys()].sort()) {
    if (!shapes.test(name) || excluded.test(name) || /\/r-/.test(name)) continue;
    const feature = name.replace(/-[^-]+$/, '');
    groups.set(feature, [...(groups.get(feature) ?? []), name]);
  }
  return [...groups.values()];
}

/** Makes heads: `draw(random)` gives the displacement of one from the base mesh, mm. */
export function headGenerator(targets, mirror, positions) {
  const features = sliders(targets);
  const anchor = anchorWeights(positions);
  const rightOf = new Map();
  const right = (name) => {
    if (!rightOf.has(name)) rightOf.set(name, mirrored(targets.get(name), mirror));
    return rightOf.get(name);
  };
  const draw = (random) => {
    const head = new Float64Array(positions.length);
    const add = (field, weight) => {
      if (field === undefined || weight === 0) return;
      for (let k = 0; k < head.length; k++) head[k] += weight * field[k];
    };
    for (const [name, weight] of macroWeights(random, targets)) add(targets.get(name), weight);
    for (const names of features) {
      const name = random.choose(names);
      const boldness = timid.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
      const size = Math.min(1, Math.abs(random.normal()) * sliderDeviation * boldness);
      if (/\/l-/.test(name)) {
        const difference = asymmetry * random.normal() * sliderDeviation * boldness;
        add(targets.get(name), Math.max(0, size + difference));
        add(right(name), Math.max(0, size - difference));
      } else add(targets.get(name), size);
    }
    return anchored(head, anchor);
  };
  return { draw, featureCount: features.length };
}

/** Weights of the macro targets: ethnicity, sex, age, build; mixtures of what has an accepted target. */
function macroWeights(random, targets) {
  const weights = new Map();
  const add = (name, weight) => targets.has(name) && weights.set(name, (weights.get(name) ?? 0) + weight);
  const male = Math.min(1, Math.max(0, 0.5 + 0.6 * random.normal()));
  const old = Math.max(0, random.uniform() * 1.4 - 0.6);
  const shares = races.map(() => Math.log(1 - random.uniform()) ** 2);
  const total = shares.reduce((a, b) => a + b, 0);
  const build = { muscle: 0.6 * random.normal(), weight: 0.6 * random.normal() };
  const three = (value, name) => {
    const v = Math.max(-1, Math.min(1, value));
    return [
      [`min${name}`, Math.max(0, -v)],
      [`average${name}`, 1 - Math.abs(v)],
      [`max${name}`, Math.max(0, v)],
    ];
  };
  for (const [sex, ofSex] of [
    ['female', 1 - male],
    ['male', male],
  ]) {
    races.forEach((race, k) => {
      const share = (ofSex * shares[k]) / total;
      const hasOld = targets.has(`macrodetails/${race}-${sex}-old`);
      add(`macrodetails/${race}-${sex}-young`, share * (hasOld ? 1 - old : 1));
      add(`macrodetails/${race}-${sex}-old`, share * old);
    });
    for (const [age, ofAge] of [
      ['young', 1 - old],
      ['old', old],
    ]) {
      for (const [muscle, m] of three(build.muscle, 'muscle')) {
        for (const [weight, w] of three(build.weight, 'weight'))
          add(`macrodetails/universal-${sex}-${age}-${muscle}-${weight}`, ofSex * ofAge * m * w);
      }
    }
  }
  return weights;
}

/** How much each vertex counts for the place of the head: all of it but the neck. */
function anchorWeights(positions) {
  let [low, high] = [Infinity, -Infinity];
  for (let k = 1; k < positions.length; k += 3)
    [low, high] = [Math.min(low, positions[k]), Math.max(high, positions[k])];
  const start = low + 0.25 * (high - low);
  return Float64Array.from({ length: positions.length / 3 }, (_, v) => (positions[3 * v + 1] > start ? 1 : 0));
}

/** The displacement without its mean shift: a taller body lifts the head as a whole. */
function anchored(field, weights) {
  const total = weights.reduce((a, b) => a + b, 0);
  for (let c = 0; c < 3; c++) {
    let mean = 0;
    for (let v = 0; v < weights.length; v++) mean += weights[v] * field[3 * v + c];
    for (let v = 0; v < weights.length; v++) field[3 * v + c] -= mean / total;
  }
  return field;
}
