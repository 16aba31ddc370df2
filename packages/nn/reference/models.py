"""torchvision's networks: their names and shapes, and what they compute, for packages/nn/src/models/*.test.ts.

    apt-get install -y python3-torch                              # Debian 12: PyTorch 1.13.1
    pip download --no-deps torchvision==0.29.1                    # only its sources are used
    unzip -q torchvision-*.whl -d /tmp/torchvision
    /usr/bin/python3 packages/nn/reference/models.py /tmp/torchvision > packages/nn/reference/models.json

Everything is float64. Arrays are filled by their place among the names of the state dict, see `fill`.
"""
import importlib.machinery
import json
import math
import sys
import types
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def stub(name, path=None, **members):
    """A module that stands in for a part of torchvision that needs compiled code or a newer PyTorch."""
    module = types.ModuleType(name)
    if path:
        module.__path__ = [path]
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=bool(path))
    module.__dict__.update(members)
    sys.modules[name] = module


root = sys.argv[1] + '/torchvision'
stub('torchvision', root)
stub('torchvision.models', root + '/models')
stub('torchvision.ops', root + '/ops')
stub('torchvision.transforms', root + '/transforms')
stub('torchvision.transforms._presets', ImageClassification=object)
stub('torchvision.utils', _log_api_usage_once=lambda _: None, _make_ntuple=lambda x, n: (x,) * n if isinstance(x, int) else tuple(x))
stub('torchvision.models._api', register_model=lambda *_: lambda f: f, Weights=lambda **_: None, WeightsEnum=object)
stub('torchvision.models._utils', _ovewrite_named_param=None, handle_legacy_interface=lambda **_: lambda f: f,
     _make_divisible=lambda v, d: max(d, int(v + d / 2) // d * d) + (d if max(d, int(v + d / 2) // d * d) < 0.9 * v else 0))

from torchvision.models.alexnet import AlexNet
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vgg import VGG, cfgs, make_layers


class UpBlock(nn.Module):
    """U-Net decoder of backboned U-nets: transposed convolution, skip, convolution."""

    def __init__(self, inputs, skip, outputs):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv = nn.Conv2d(outputs + skip, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x, skip):
        x = torch.relu(self.bn1(self.up(x)))
        return torch.relu(self.bn2(self.conv(torch.cat([x, skip], 1))))


class UNet(nn.Module):
    def __init__(self, config, decoder, outputs):
        super().__init__()
        self.features = make_layers(config, batch_norm=True)
        skips = [config[i - 1] for i, c in enumerate(config) if c == 'M'][::-1]
        inputs = [skips[0], *decoder]
        self.decoder = nn.ModuleList([UpBlock(i, s, o) for i, s, o in zip(inputs, skips, decoder)])
        self.head = nn.Conv2d(decoder[-1], outputs, 1)

    def forward(self, x):
        skips = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                skips.append(x)
            x = layer(x)
        for block in self.decoder:
            x = block(x, skips.pop())
        return self.head(x)


def noise(count, seed):
    """Pseudo-random numbers in [-1, 1)."""
    mask = 0xFFFFFFFF
    h = (torch.arange(count, dtype=torch.int64) * 2654435761 + seed * 40503) & mask
    h = ((h ^ (h >> 15)) * 2246822519) & mask
    h = h ^ (h >> 13)
    return h.double() / 2147483648 - 1


def fill(net):
    """Entry k of the state dict: weights as for He's initialisation, norms near one, means near zero."""
    with torch.no_grad():
        for k, (name, t) in enumerate(net.state_dict().items()):
            if name.endswith('num_batches_tracked'):
                continue
            r = noise(t.numel(), k).reshape(t.shape)
            if t.dim() > 1:
                t.copy_(r * math.sqrt(6 / t[0].numel()))
            elif name.endswith('running_var') or (name.endswith('weight')):
                t.copy_(1 + 0.4 * r)
            else:
                t.copy_(0.2 * r)


def digits(t, n=9):
    return [float(f'{x:.{n}g}') for x in t.flatten().tolist()]


def summed(t, k):
    """Length of an array, and its product with noise."""
    return digits(torch.stack([t.norm(), (t.flatten() * noise(t.numel(), k)).sum()]))


def case(name, net, shape, train):
    net.train(train)
    fill(net)
    for m in net.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0
    x = noise(math.prod(shape), 1000).reshape(shape).requires_grad_()
    y = net(x)
    (y.flatten() * noise(y.numel(), 1001)).sum().backward()
    named = dict(net.named_parameters())
    state = net.state_dict()
    gradients = {n: summed(named[n].grad, k) for k, n in enumerate(state) if n in named}
    after = {n: summed(b, k) for k, (n, b) in enumerate(state.items()) if 'running' in n} if train else {}
    return {'name': name, 'input': list(shape), 'train': train, 'output': {'shape': list(y.shape), 'data': digits(y)},
            'inputGradient': summed(x.grad, 1002), 'gradients': gradients, 'after': after}


def layout(net):
    return {n: list(t.shape) for n, t in net.state_dict().items()}


resnet = {18: (BasicBlock, [2, 2, 2, 2]), 34: (BasicBlock, [3, 4, 6, 3]), 50: (Bottleneck, [3, 4, 6, 3]),
          101: (Bottleneck, [3, 4, 23, 3]), 152: (Bottleneck, [3, 8, 36, 3])}
with torch.no_grad():
    torch.set_default_dtype(torch.float32)
    layouts = {'alexnet': layout(AlexNet()), 'vgg16': layout(VGG(make_layers(cfgs['D']), init_weights=False)),
               'vgg16_bn': layout(VGG(make_layers(cfgs['D'], batch_norm=True), init_weights=False)),
               'mobilenet_v2': layout(MobileNetV2()), 'mobilenet_v2 0.35': layout(MobileNetV2(width_mult=0.35)),
               **{f'resnet{d}': layout(ResNet(*how)) for d, how in resnet.items()}}
    torch.set_default_dtype(torch.float64)

small = [4, 'M', 6, 8, 'M', 8, 'M']
print(json.dumps({'torch': torch.__version__, 'torchvision': '0.29.1', 'layouts': layouts, 'cases': [
    case('alexnet features', nn.Sequential(*[AlexNet().features]), (1, 3, 67, 70), False),
    case('vgg features', make_layers(small), (2, 3, 17, 16), False),
    case('vgg_bn features', make_layers(small, batch_norm=True), (2, 3, 17, 16), True),
    case('resnet18', ResNet(BasicBlock, [2, 2, 2, 2], num_classes=7), (2, 3, 40, 33), False),
    case('resnet, bottlenecks', ResNet(Bottleneck, [1, 2, 1, 1], num_classes=7), (2, 3, 40, 33), True),
    case('mobilenet_v2', MobileNetV2(num_classes=5, width_mult=0.35), (2, 3, 48, 40), False),
    case('mobilenet_v2, training', MobileNetV2(num_classes=5, width_mult=0.35), (2, 3, 48, 40), True),
    case('unet', UNet(small, [8, 6, 4], 2), (2, 3, 16, 24), True),
]}, separators=(',', ':')))
