"""PyTorch's losses and their gradients, for packages/nn/src/losses/losses.test.ts.

    apt-get install -y python3-torch     # Debian 12: PyTorch 1.13.1
    /usr/bin/python3 packages/nn/reference/losses.py > packages/nn/reference/losses.json

Everything is float64. Element i of the prediction is sin(2.3 i + 1), of the target cos(1.1 i), both times `scale`;
classes are i * 7 % K. Probabilities are 0.5 + 0.4 of these.
"""
import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
numbers = lambda t: [float(f'{x:.9g}') for x in t.flatten().tolist()]


def case(name, loss, shape, scale=1.0, shift=0.0):
    n = torch.arange(torch.Size(shape).numel())
    x = (shift + scale * torch.sin(2.3 * n + 1)).reshape(shape).requires_grad_()
    target = (shift + scale * torch.cos(1.1 * n)).reshape(shape)
    value = loss(x, target)
    value.sum().backward()
    return {'name': name, 'shape': shape, 'scale': scale, 'shift': shift, 'value': numbers(value), 'gradient': numbers(x.grad)}


def classes(x, *_):
    rest = [x.shape[0], *x.shape[2:]]
    return (torch.arange(torch.Size(rest).numel()) * 7 % x.shape[1]).reshape(rest)


def kl(mean, log_variance):
    one = torch.ones_like(mean)
    return torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, torch.exp(log_variance / 2)), torch.distributions.Normal(0 * one, one)).mean()


def ssim(x, t):
    """1 less the mean of Wang et al. 2004, eq. 13, by plain convolutions."""
    line = torch.exp(-(torch.arange(11) - 5.0) ** 2 / (2 * 1.5 ** 2))
    window = torch.outer(line, line)[None, None] / line.sum() ** 2
    mean = lambda v: F.conv2d(v.reshape(-1, 1, *v.shape[-2:]), window)
    mx, mt = mean(x), mean(t)
    vx, vt, cov = mean(x * x) - mx ** 2, mean(t * t) - mt ** 2, mean(x * t) - mx * mt
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return 1 - ((2 * mx * mt + c1) * (2 * cov + c2) / ((mx ** 2 + mt ** 2 + c1) * (vx + vt + c2))).mean()


print(json.dumps({'torch': torch.__version__, 'cases': [
    case('l1', F.l1_loss, [3, 4]),
    case('l1, sum', lambda x, t: F.l1_loss(x, t, reduction='sum'), [3, 4]),
    case('mse', F.mse_loss, [3, 4]),
    case('mse, none', lambda x, t: F.mse_loss(x, t, reduction='none'), [3, 4]),
    case('smooth l1', lambda x, t: F.smooth_l1_loss(x, t, beta=0.4), [3, 4]),
    case('cross entropy', lambda x, t: F.cross_entropy(x, classes(x)), [4, 5], 60.0),
    case('cross entropy of pixels, smoothed', lambda x, t: F.cross_entropy(x, classes(x), label_smoothing=0.2), [2, 3, 4, 2], 3.0),
    case('binary, logits', lambda x, t: F.binary_cross_entropy_with_logits(x, t), [3, 4], 30.0),
    case('binary', F.binary_cross_entropy, [3, 4], 0.4, 0.5),
    case('kl', kl, [3, 4]),
    case('cosine', lambda x, t: F.cosine_similarity(x, t), [3, 4]),
    case('ssim', ssim, [1, 2, 12, 13], 0.4, 0.5),
    case('cosine, last dimension', lambda x, t: F.cosine_similarity(x, t, dim=-1), [2, 3, 4]),
]}, separators=(',', ':')))
