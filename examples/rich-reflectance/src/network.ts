import { randn, type Generator, type Tensor } from '@chiaro/autograd';
import { Linear, Module, readTorch, resnet152, resnet18, stateDictOf, type ResNet } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import type { Preset } from './config.js';

/** E of section 3: a residual network whose last numbers are the latent, and a fully connected layer to the attributes. */
export class Encoder extends Module {
  readonly resnet: ResNet;
  readonly attributes: Linear;

  /** @param outputs numbers of the attribute vector. It begins close to zeros, which mean the mean face. */
  constructor({ encoder, width, latent }: Preset, outputs: number, generator: Generator) {
    super();
    const make = encoder === 'resnet152' ? resnet152 : resnet18;
    this.resnet = make({ width, classes: latent, generator });
    this.attributes = new Linear(latent, outputs, { generator });
    this.attributes.weight.assign(randn([outputs, latent], { generator }).mul(0.001));
    this.attributes.bias?.assign(0);
  }

  /** Images [B, 3, S, S] in [-0.5, 0.5] -> attribute vectors [B, outputs]. */
  override forward(images: Tensor): Tensor {
    return this.attributes.forward(this.resnet.forward(images));
  }
}

/** Gives the residual network the weights of a file of PyTorch (torchvision's `resnet152`, of 1000 classes). */
export async function loadImageNet({ resnet }: Encoder, file: string): Promise<void> {
  resnet.load(stateDictOf(await readTorch(await host.readFile(file))));
}
