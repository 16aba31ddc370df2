import { Draws, MorphableModel, type FaceModelData, type SynthesisPlan } from '@chiaro/faces';

/** How far a deformation of weight 1 moves the skin at most, mm. */
const reach = 7;

/**
 * A face model with deformations of the face after its blendshapes, which no mode of it has: each pushes a region of the
 * skin, 15 to 50 mm wide, one way, and most of them the mirrored region the mirrored way. Their combinations are what
 * AlignNet_n learns from, so that it has no strong idea of what a face is (section 4.1 takes them from sketches).
 */
export function withDeformations(data: FaceModelData, count: number): MorphableModel {
  const { positions, mask, blendshapes, blendshapeNames } = data;
  const draws = new Draws(0x6465, count);
  const skin = Array.from(mask.keys()).filter((v) => mask[v] > 0.5);
  const added = new Float32Array(count * positions.length);
  for (let k = 0; k < count; k++) {
    const centre = draws.pick(skin);
    const width = draws.between(15, 50) / 2;
    const way = [draws.normal(), draws.normal(), draws.normal()];
    const length = Math.hypot(...way);
    const sides = draws.between() < 0.8 ? [1, -1] : [1];
    for (let v = 0; v < mask.length; v++)
      for (const side of sides) {
        const square = [0, 1, 2].reduce(
          (sum, c) => sum + (positions[3 * v + c] - (c === 0 ? side : 1) * positions[3 * centre + c]) ** 2,
          0,
        );
        const share = (reach * Math.exp(-square / (2 * width ** 2))) / length;
        for (let c = 0; c < 3; c++) added[k * positions.length + 3 * v + c] += share * (c === 0 ? side : 1) * way[c];
      }
  }
  const all = new Float32Array(blendshapes.length + added.length);
  all.set(blendshapes);
  all.set(added, blendshapes.length);
  const names = Array.from({ length: count }, (_, k) => `deformation${k}`);
  return new MorphableModel({
    ...data,
    name: `${data.name}, ${count} deformations`,
    blendshapes: all,
    blendshapeNames: [...blendshapeNames, ...names],
  });
}

/**
 * A plan whose expressions are random combinations of the deformations of a `withDeformations`, other ones for each identity:
 * weights from -1 to 1.
 */
export function deformed(plan: SynthesisPlan, count: number, seed: number): SynthesisPlan {
  return {
    ...plan,
    settings: { deformations: count, plan: plan.settings },
    item: async (model, index) => {
      const { scene, labels } = await plan.item(model, index);
      const draws = new Draws(seed, 0x6366, labels['identity'], labels['expression']);
      const weights = Array.from({ length: count }, () => draws.between(-1, 1));
      const own = model.data.blendshapeNames.length - count;
      return { scene: { ...scene, blendshapes: [...new Array<number>(own).fill(0), ...weights] }, labels };
    },
  };
}
