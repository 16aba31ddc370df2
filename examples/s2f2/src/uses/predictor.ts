import { Generator } from '@chiaro/autograd';
import {
  AlbedoDecoders,
  attributeModel,
  Encoder,
  loadNetwork,
  networkFile,
  predictorOf,
  settingOf,
  type Predictor,
} from '@chiaro/example-rich-reflectance';
import { texelPlaces, type AttributeModel } from '@chiaro/faces';
import { hasDecoders, hasDetails, type Preset, type Row } from '../config.js';
import { DetailNets } from '../networks/detailNets.js';
import { reconstruct } from '../networks/reconstruct.js';

/** Finds faces with the networks of a trained row. */
export interface RowPredictor extends Predictor {
  readonly row: Row;
  readonly of: AttributeModel;
}

/** The networks of a row and seed. @throws FormatError where the row is not trained. */
export async function trainedPredictor(preset: Preset, folder: string, row: Row, seed: number): Promise<RowPredictor> {
  const setting = await settingOf(preset);
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
  return { ...predictorOf(setting, (batch) => reconstruct(setting, networks, batch).faces[0]), row, of };
}
