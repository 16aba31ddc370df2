import { Generator } from '@chiaro/autograd';
import {
  adaptNetworks,
  AlbedoDecoders,
  attributeModel,
  Encoder,
  loadNetwork,
  networkFile,
  predictorOf,
  settingOf,
  squaresOf,
  type OwnPhotos,
  type Predictor,
  type Setting,
  type StageLoss,
} from '@chiaro/example-rich-reflectance';
import { texelPlaces, type AttributeModel } from '@chiaro/faces';
import { hasDecoders, hasDetails, isCoarse, type Preset, type Row } from '../config.js';
import { DetailNets } from '../networks/detailNets.js';
import { reconstruct, type Networks } from '../networks/reconstruct.js';
import { coarseStage, fineStage, mediumStage } from '../training/stages.js';

/** Finds faces with the networks of a trained row. */
export interface RowPredictor extends Predictor {
  readonly row: Row;
  readonly of: AttributeModel;
}

/** Epochs after which the consistency of a stage no longer halves: it stays what it was in its last one. */
const last = (epochs: number): number => Math.max(0, epochs - 1);

/** The last stage of a row, to go on with. */
function lastStage(place: Setting & { readonly preset: Preset }, row: Row, networks: Networks): StageLoss {
  const { decoders, details } = networks;
  const { epochs } = place.preset;
  if (isCoarse(row)) return coarseStage(place, row, networks);
  if (!decoders || row === 'coarseLonger') return coarseStage(place, 'coarse', networks);
  if (!details || row === 'medium') return mediumStage(place, { ...networks, decoders }, last(epochs.decoders));
  return fineStage(place, row, { ...networks, decoders, details }, last(epochs.joint));
}

/**
 * The networks of a row and seed; those that have gone on learning from photographs of the user's, if there are some.
 * @throws FormatError where the row is not trained.
 */
export async function trainedPredictor(
  preset: Preset,
  folder: string,
  row: Row,
  seed: number,
  own?: OwnPhotos,
): Promise<RowPredictor> {
  const setting = { ...(await settingOf(preset)), preset };
  const of = attributeModel(setting, 9);
  const generator = new Generator(0);
  const file = (name: string): string => networkFile(folder, row, seed, name);
  const networks = {
    ...{ of, places: texelPlaces(of.model.data, preset.texture) },
    encoder: await loadNetwork(new Encoder(preset, of.layout.size, generator), file('encoder')),
    ...(hasDecoders(row) && {
      decoders: await loadNetwork(new AlbedoDecoders(preset, 'dual', generator), file('decoders')),
    }),
    ...(hasDetails(row) && { details: await loadNetwork(new DetailNets(preset, generator), file('details')) }),
  };
  if (own) {
    const loss = lastStage(setting, row, networks);
    await adaptNetworks(setting, loss, squaresOf(own, preset.size), { ...own, row, seed, folder });
  }
  return { ...predictorOf(setting, (batch) => reconstruct(setting, networks, batch).faces[0]), row, of };
}
