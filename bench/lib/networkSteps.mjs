// The networks in Chiaro: layers, models and optimiser of @chiaro/nn.
import { noGrad, tensor } from '@chiaro/autograd';
import { Adam, autocast, BatchNorm2d, Conv2d, crossEntropy, Linear, ReLU, Sequential } from '@chiaro/nn';
import { adam } from './gradientCases.mjs';
import { cnn, inferenceCases } from './networkCases.mjs';

/** A model in use, with the weights of a case, as a function of an image. */
export function inferenceFunction(name, weights) {
  const net = inferenceCases[name].make().eval();
  const rest = ([entry, { shape, size }]) => [
    entry,
    weights[entry] ?? { shape, data: new Float32Array(size).fill(Number(entry.endsWith('running_var'))) },
  ];
  net.load(Object.fromEntries([...net.namedState()].map(rest)));
  return (x) => noGrad(() => net.forward(x));
}

/** The training step with fresh weights: what it changes, and a function that gives the loss; with a scaler in float16. */
export function cnnStep(given, scaler) {
  const arrays = Object.fromEntries(
    Object.entries(given).map(([name, { data, shape }]) => [name, tensor(data, shape)]),
  );
  const blocks = [0, 1, 2].map((l) => {
    const [inputs, outputs] = cnn.channels.slice(l, l + 2);
    const conv = new Conv2d(inputs, outputs, 3, { stride: 2, padding: 1, bias: false });
    const norm = new BatchNorm2d(outputs, { eps: cnn.eps });
    conv.weight.assign(arrays[`w${l}`]);
    norm.weight.assign(arrays[`scale${l}`]);
    norm.bias.assign(arrays[`shift${l}`]);
    return [conv, norm, new ReLU()];
  });
  const last = new Linear(cnn.channels.at(-1), cnn.classes);
  last.weight.assign(arrays.w.transpose());
  last.bias.assign(arrays.b);
  const body = new Sequential(blocks.flat());
  const state = [...body.namedState().values(), ...last.parameters(), arrays.x];
  const optimizer = new Adam([...body.parameters(), ...last.parameters()], {
    ...{ lr: adam.lr, betas: [adam.b1, adam.b2], eps: adam.eps },
  });
  const classes = tensor(Int32Array.from({ length: cnn.batch }, (_, i) => (i * 7) % cnn.classes));
  const step = () => {
    const forward = () => last.forward(body.forward(arrays.x).mean([2, 3]));
    const loss = crossEntropy(scaler ? autocast(forward) : forward(), classes);
    if (scaler) {
      scaler.scale(loss).backward();
      scaler.step(optimizer);
    } else {
      loss.backward();
      optimizer.step();
    }
    optimizer.zeroGrad();
    return loss;
  };
  return { state, step, checked: 3 };
}
