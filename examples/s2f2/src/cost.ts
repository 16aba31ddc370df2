import { noGrad, rand } from '@chiaro/autograd';
import { AlbedoDecoders, Encoder, type CostPlan } from '@chiaro/example-rich-reflectance';
import { coarseRows, type Preset } from './config.js';
import { DetailNets } from './networks/detailNets.js';

/** What `--cost` measures: the coarse stage's energy, E, the decoders, and the U-nets. */
export const s2f2Cost = (preset: Preset): CostPlan => ({
  ...{ spp: preset.spp, weights: coarseRows.coarse.weights },
  networks: (images, outputs, generator) => {
    const encoder = new Encoder(preset, outputs, generator).eval();
    const decoders = new AlbedoDecoders(preset, 'dual', generator).eval();
    const details = new DetailNets(preset, generator).eval();
    const latents = noGrad(() => encoder.latents(images));
    const textures = rand([1, preset.texture, preset.texture, 3], { generator });
    return {
      [`E (${preset.encoder})`]: () => encoder.forward(images),
      'D_d and D_s': () => decoders.forward(latents),
      'U_G and U_D': () => details.forward(textures),
    };
  },
});
