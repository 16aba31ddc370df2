import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '@chiaro/autograd';
import { readSafetensors, writeSafetensors, type Module } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import type { Preset, RowName } from '../config.js';
import type { AlignNets } from '../losses.js';
import { makeAlignNets, makeNetwork, type TrainedRow } from '../training/trainRow.js';
import type { Decomposer } from './decomposition.js';

/** Which networks are meant. */
export interface WhichRow {
  readonly preset: Preset;
  /** Of all rows and seeds. */
  readonly folder: string;
  readonly row: RowName;
  readonly seed: number;
}

const fileOf = ({ folder, row, seed }: WhichRow, name: string): string =>
  join(folder, `seed-${seed}`, row, `${name}.safetensors`);

/** Keeps what a row has learned. */
export async function saveTrained(which: WhichRow, { network, align }: TrainedRow): Promise<void> {
  const save = async (name: string, module: Module): Promise<void> =>
    host.writeFile(fileOf(which, name), writeSafetensors(await module.stateDict()));
  await save('network', network);
  if (!align) return;
  await save('align-albedo', align.albedo);
  await save('align-normals', align.normals);
}

async function loaded<Network extends Module>(file: string, network: Network): Promise<Network> {
  if (!existsSync(file)) throw new FormatError(`${file} is not there: train that row first`);
  return network.load(readSafetensors(await host.readFile(file)));
}

/** Whether a row was trained to its end. */
export const isTrained = (which: WhichRow): boolean => existsSync(fileOf(which, 'network'));

/** A trained row. @throws FormatError where it was not trained, or with another preset. */
export const trainedNetwork = (which: WhichRow): Promise<Decomposer> =>
  loaded(fileOf(which, 'network'), makeNetwork(which.preset, which.row, which.seed).network);

/** The AlignNets of a trained row. @throws FormatError where it has none. */
export async function trainedAlignNets(which: WhichRow): Promise<AlignNets> {
  const nets = makeAlignNets(which.preset, which.seed);
  for (const net of [nets.albedo, nets.normals]) await loaded(fileOf(which, `align-${net.maps}`), net);
  return nets;
}
