"""PyTorch's layers, forward and backward, for packages/nn/src/layers/layers.test.ts.

    apt-get install -y python3-torch     # Debian 12: PyTorch 1.13.1
    /usr/bin/python3 packages/nn/reference/layers.py > packages/nn/reference/layers.json

Everything is float64. Element i of an input is sin(i + 1), of the k-th parameter (or running statistic) of a layer
cos(0.7 i + k) + 1.5 for running_var, cos(0.7 i + k) else; the gradient of element i of the output is cos(i).
"""
import json
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def fill(t, f):
    with torch.no_grad():
        t.copy_(f(torch.arange(t.numel(), dtype=t.dtype)).reshape(t.shape))


def numbers(t):
    return [float(f'{x:.9g}') for x in t.flatten().tolist()]


def case(name, layer, shape, train=False):
    x = torch.empty(shape)
    fill(x, lambda i: torch.sin(i + 1))
    x.requires_grad_()
    state = {}
    if isinstance(layer, nn.Module):
        layer.train(train)
        for k, (n, p) in enumerate([*layer.named_parameters(), *layer.named_buffers()]):
            if n == 'num_batches_tracked':
                continue
            fill(p, lambda i: torch.cos(0.7 * i + k) + (1.5 if n == 'running_var' else 0))
            state[n] = {'shape': list(p.shape), 'data': numbers(p)}
    y = layer(x)
    y.backward(torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape))
    module = isinstance(layer, nn.Module)
    grads = {n: numbers(p.grad) for n, p in layer.named_parameters()} if module else {}
    after = {n: numbers(b) for n, b in layer.named_buffers()} if module and train else {}
    return {'name': name, 'input': list(shape), 'state': state, 'output': {'shape': list(y.shape), 'data': numbers(y)},
            'inputGradient': numbers(x.grad), 'gradients': grads, 'train': train, 'after': after}


def resize(size, corners):
    return lambda x: nn.functional.interpolate(x, size, mode='bilinear', align_corners=corners)


print(json.dumps({'torch': torch.__version__, 'cases': [
    case('conv', nn.Conv2d(3, 4, 3, padding=1), (2, 3, 5, 6)),
    case('conv, odd everything', nn.Conv2d(2, 3, (3, 2), stride=(2, 3), padding=(0, 1), dilation=(1, 2), bias=False), (1, 2, 7, 9)),
    case('conv, stride larger than kernel', nn.Conv2d(1, 2, 2, stride=3), (1, 1, 9, 8)),
    case('conv, groups', nn.Conv2d(4, 6, 3, groups=2), (1, 4, 4, 5)),
    case('conv, depthwise', nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3), (2, 3, 5, 5)),
    case('conv, one pixel', nn.Conv2d(3, 2, 1), (2, 3, 3, 4)),
    case('linear', nn.Linear(5, 3), (2, 5)),
    case('batch norm', nn.BatchNorm2d(3, eps=1e-3), (2, 3, 2, 4)),
    case('max pool', nn.MaxPool2d(3, stride=2, padding=1), (1, 2, 5, 6)),
    case('average pool', nn.AvgPool2d((2, 3), padding=(1, 1)), (1, 2, 5, 6)),
    case('average pool, inside only', nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), (1, 1, 4, 5)),
    case('resize up', resize((7, 9), False), (1, 2, 3, 4)),
    case('resize down', resize((3, 2), False), (1, 1, 7, 5)),
    case('resize, corners aligned', resize((5, 7), True), (1, 2, 3, 4)),
    case('batch norm, training', nn.BatchNorm2d(3, momentum=0.3), (2, 3, 3, 4), train=True),
    case('batch norm, training, no parameters', nn.BatchNorm2d(3, affine=False), (1, 3, 2, 3), train=True),
    case('group norm', nn.GroupNorm(2, 4), (2, 4, 3, 3)),
    case('instance norm', nn.InstanceNorm2d(3), (2, 3, 3, 4)),
    case('layer norm', nn.LayerNorm((3, 4), eps=1e-3), (2, 3, 4)),
    case('local response norm', nn.LocalResponseNorm(4, alpha=0.5, beta=0.6, k=2), (1, 7, 2, 3)),
    case('prelu', nn.PReLU(3), (2, 3, 4)),
    case('elu', nn.ELU(0.7), (2, 5)),
    case('tanh', nn.Tanh(), (2, 5)),
    case('softmax', nn.Softmax(1), (2, 5)),
    case('pixel shuffle', nn.PixelShuffle(2), (2, 8, 3, 2)),
    case('pad, reflect', nn.ReflectionPad2d((1, 2, 0, 1)), (1, 2, 3, 4)),
    case('pad, replicate', nn.ReplicationPad2d((1, 2, 0, 3)), (1, 2, 3, 4)),
    case('pad, circular', lambda x: nn.functional.pad(x, (1, 2, 0, 3), mode='circular'), (1, 2, 3, 4)),
    case('pad, zeros', nn.ZeroPad2d(2), (1, 2, 3, 4)),
    case('transposed conv', nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1), (2, 3, 3, 4)),
    case('transposed conv, groups', nn.ConvTranspose2d(4, 6, (3, 2), stride=(3, 1), output_padding=(1, 0), groups=2, bias=False), (1, 4, 2, 3)),
    case('relu6', lambda x: nn.functional.relu6(4 * x + 3), (2, 5)),
    case('weight norm, conv', nn.utils.weight_norm(nn.Conv2d(2, 3, 3, padding=1)), (1, 2, 4, 5)),
    case('weight norm, transposed conv', nn.utils.weight_norm(nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1)), (1, 3, 2, 3)),
    case('weight norm, linear', nn.utils.weight_norm(nn.Linear(4, 3), dim=1), (2, 4)),
    case('adaptive average pool', nn.AdaptiveAvgPool2d((2, 3)), (1, 2, 5, 7)),
    case('adaptive max pool', nn.AdaptiveMaxPool2d((2, 3)), (1, 2, 5, 7)),
    case('adaptive max pool, even parts', nn.AdaptiveMaxPool2d((2, 2)), (2, 1, 4, 6)),
    case('conv, reflected', nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode='reflect'), (1, 2, 5, 6)),
    case('conv, circular, stride', nn.Conv2d(2, 3, 3, stride=2, padding=1, padding_mode='circular'), (1, 2, 5, 6)),
    case('upsample, nearest', nn.Upsample(scale_factor=2), (1, 2, 3, 4)),
    case('upsample, bilinear', nn.Upsample(scale_factor=1.5, mode='bilinear', recompute_scale_factor=True), (1, 2, 4, 3)),
]}, separators=(',', ':')))
