import { existsSync } from 'node:fs';
import { FormatError, Generator } from '@chiaro/autograd';
import { readSafetensors, readTorch, stateDictOf, writeSafetensors, type Module, type StateDict } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import type { Preset } from './config.js';
import { makeNetwork, type Architecture } from './network.js';

/** Writes a trained network. */
export async function saveNetwork(file: string, network: Module, architecture: Architecture): Promise<void> {
  await host.writeFile(file, writeSafetensors(await network.stateDict(), { architecture }));
}

/** A trained network from its file. @throws FormatError where there is none, or it is another one. */
export async function loadNetwork(
  file: string,
  preset: Pick<Preset, 'architecture' | 'size'>,
  outputs: number,
): Promise<Module> {
  if (!existsSync(file)) throw new FormatError(`${file} is not there: train the row first`);
  return makeNetwork(preset, outputs, new Generator(0)).load(readSafetensors(await host.readFile(file)));
}

/** Names of the layer that ends in theta, which no other network has. */
const lastLayers: Readonly<Record<Architecture, string>> = { alexnet: 'classifier.6', resnet101: 'fc', small: '18' };

/**
 * Gives a network the weights of ImageNet from a file of PyTorch (torchvision's `alexnet` or `resnet101`); the last layer
 * keeps its own.
 */
export async function loadImageNet(network: Module, architecture: Architecture, file: string): Promise<void> {
  const own = await network.stateDict();
  const given: StateDict = stateDictOf(await readTorch(await host.readFile(file)));
  const last = lastLayers[architecture];
  const kept = Object.entries(own).filter(([name]) => name.startsWith(`${last}.`));
  const taken = Object.entries(given).filter(([name]) => !name.startsWith(`${last}.`));
  network.load(Object.fromEntries([...taken, ...kept]));
}
