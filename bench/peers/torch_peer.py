# PyTorch on the CPU, one case, one process: torch_peer.py CASE OUTPUT-FILE SECONDS. Prints one line of JSON.
import json
import sys
import time

import numpy as np
import torch

name, output_file, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])


def fill(count, seed, scale=1.0):
    """The same numbers as `fill` in lib/inputs.mjs."""
    with np.errstate(over='ignore'):
        h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
        h = h ^ (h >> np.uint32(13))
    return ((h.astype(np.float64) / 2147483648 - 1) * scale).astype(np.float32)


def filled(seed, *shape, scale=1.0):
    return torch.from_numpy(fill(int(np.prod(shape)), seed, scale)).reshape(shape)


def scattered_rows(count, rows):
    with np.errstate(over='ignore'):
        return torch.from_numpy((np.arange(count, dtype=np.uint32) * np.uint32(2654435761) % rows).astype(np.int64))


def matmul(*shape):
    a, b = filled(1, *shape), filled(2, *shape)
    return lambda: a @ b


def of(fn, *inputs):
    return lambda: fn(*inputs)


def mlp():
    dims, batch = [256, 512, 512, 10], 128
    start = []
    for l in range(3):
        start += [filled(20 + l, dims[l], dims[l + 1], scale=(3 / dims[l]) ** 0.5), torch.zeros(dims[l + 1])]
    x = filled(10, batch, dims[0])
    classes = torch.arange(batch) * 7 % 10

    def loss(p):
        h = x
        for l in range(3):
            h = torch.addmm(p[2 * l + 1], h if l == 0 else torch.relu(h), p[2 * l])
        return torch.nn.functional.cross_entropy(h, classes)

    return training(start, loss)


def training(start, loss):
    """Steps of Adam."""

    def trainer():
        params = [p.clone().requires_grad_() for p in start]
        adam = torch.optim.Adam(params, lr=1e-3)

        def one():
            adam.zero_grad(set_to_none=True)
            value = loss(params)
            value.backward()
            adam.step()
            return value.detach()

        return one

    step = trainer()
    # what is written is the loss of the first three steps of a fresh network
    step.output = lambda: torch.stack([one() for one in [trainer()] for _ in range(3)])
    return step


def cnn():
    channels, batch = [3, 32, 64, 128], 8
    start = []
    for l in range(3):
        i, o = channels[l], channels[l + 1]
        start += [filled(30 + l, o, i, 3, 3, scale=(3 / (i * 9)) ** 0.5), torch.ones(o), torch.zeros(o)]
    start += [filled(40, 128, 10, scale=(3 / 128) ** 0.5), torch.zeros(10)]
    x, classes = filled(11, batch, 3, 64, 64), torch.arange(batch) * 7 % 10

    def loss(p):
        h = x
        for l in range(3):
            h = torch.nn.functional.conv2d(h, p[3 * l], stride=2, padding=1)
            h = torch.nn.functional.batch_norm(h, None, None, p[3 * l + 1], p[3 * l + 2], True, 0.1, 1e-5)
            h = torch.relu(h)
        return torch.nn.functional.cross_entropy(torch.addmm(p[10], h.mean((2, 3)), p[9]), classes)

    return training(start, loss)


def gradient(fn, x):
    x.requires_grad_()
    return lambda: torch.autograd.grad(fn(x), x)[0]


def deep_chain(x):
    for _ in range(500):
        x = x * 0.999 + 0.001
    return x.sum()


def gathers(x):
    base = scattered_rows(64, 4096)
    indices = [(base + 4 * k) % 4096 for k in range(1000)]
    return gradient(lambda p: sum(torch.index_select(p, 0, i).square().sum() for i in indices), x)


def hvp(x, w, v):
    network = lambda p: (torch.tanh(x @ p) @ p).square().mean()
    return lambda: torch.autograd.functional.hvp(network, w, v)[1]


def conv(x, w, stride=1, padding=0, groups=1, gradient=False):
    images, kernels = filled(3, *x), filled(4, *w, scale=0.1)
    convolve = lambda a, b: torch.nn.functional.conv2d(a, b, stride=stride, padding=padding, groups=groups)
    if not gradient:
        return lambda: convolve(images, kernels)
    g = filled(5, *convolve(images, kernels).shape)
    images.requires_grad_()
    kernels.requires_grad_()

    def step():
        value = (convolve(images, kernels) * g).sum()
        return [value.detach(), *torch.autograd.grad(value, (images, kernels))]

    step.output = lambda: torch.cat([part.reshape(-1) for part in step()])
    return step


conv_layers = {
    'conv_fwd': dict(x=(4, 64, 32, 32), w=(64, 64, 3, 3), padding=1),
    'conv_resnet': dict(x=(1, 64, 56, 56), w=(64, 64, 3, 3), padding=1),
    'conv_1x1': dict(x=(1, 256, 56, 56), w=(64, 256, 1, 1)),
    'conv_depthwise': dict(x=(1, 96, 112, 112), w=(96, 1, 3, 3), padding=1, groups=96),
    'conv_depthwise_strided': dict(x=(1, 96, 112, 112), w=(96, 1, 3, 3), stride=2, padding=1, groups=96),
    'conv_depthwise_7x7': dict(x=(1, 96, 56, 56), w=(96, 1, 7, 7), padding=3, groups=96),
    'conv_stem': dict(x=(1, 3, 224, 224), w=(64, 3, 7, 7), stride=2, padding=3),
    'conv_vgg': dict(x=(1, 512, 14, 14), w=(512, 512, 3, 3), padding=1),
    'conv_decoder': dict(x=(1, 128, 64, 64), w=(64, 128, 3, 3), padding=1),
}

table, rows = 262144, 1048576
cases = {
    'mlp_step': mlp,
    'cnn_step': cnn,
    'deep_chain_1000': lambda: gradient(deep_chain, filled(5, 4096)),
    'gathers_1000': lambda: gathers(filled(8, 4096, 3)),
    'hvp_128': lambda: hvp(filled(1, 128, 128), filled(2, 128, 128, scale=0.1), filled(3, 128, 128)),
    'matmul_512': lambda: matmul(512, 512),
    'matmul_1024': lambda: matmul(1024, 1024),
    'bmm_16x128': lambda: matmul(16, 128, 128),
    'chain6_4m': lambda: of(
        lambda x, y: torch.relu(torch.exp(torch.sin(x) * y + x) - y), filled(6, 1 << 22), filled(7, 1 << 22)
    ),
    'sum_all_4m': lambda: of(lambda x: x.sum(), filled(6, 1 << 22)),
    'sum_last_2048': lambda: of(lambda x: x.sum(1), filled(6, 2048, 2048)),
    'softmax_1024': lambda: of(lambda x: torch.softmax(x, 1), filled(6, 1024, 1024, scale=4)),
    'gather_1m': lambda: of(lambda x, i: torch.index_select(x, 0, i), filled(8, table, 3), scattered_rows(rows, table)),
    'gather_1m_grad': lambda: of(
        lambda i, g: torch.zeros(table, 3).index_add_(0, i, g), scattered_rows(rows, table), filled(9, rows, 3)
    ),
    'cumsum_1m': lambda: of(lambda x: torch.cumsum(x, 0), filled(6, 1 << 20)),
    'cumsum_rows_1024': lambda: of(lambda x: torch.cumsum(x, 1), filled(6, 1024, 1024)),
    'sort_1m': lambda: of(lambda x: torch.sort(x).values, filled(6, 1 << 20)),
}


for layer, options in conv_layers.items():
    cases[layer] = lambda options=options: conv(**options)
    backward = 'conv_fwd_bwd' if layer == 'conv_fwd' else f'{layer}_grad'
    cases[backward] = lambda options=options: conv(**options, gradient=True)


def timed(step):
    start, cpu = time.perf_counter(), time.process_time()
    step()
    return (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3


def adapter():
    with open('/proc/cpuinfo') as info:
        names = [line.split(':', 1)[1].strip() for line in info if line.startswith('model name')]
    return f'CPU: {torch.get_num_threads()} threads of {names[0] if names else "unknown"}'


if name not in cases:
    print(json.dumps({'missing': True}))
    sys.exit()
step = cases[name]()
first, _ = timed(step)
step()
samples = []
end = time.perf_counter() + seconds
while len(samples) < 5 or time.perf_counter() < end:
    samples.append(timed(step))
getattr(step, 'output', step)().numpy().tofile(output_file)
wall, cpu = (sorted(column) for column in zip(*samples))
middle = len(samples) // 2
digits = lambda value: float('%.4g' % value)
print(json.dumps({
    'adapter': adapter(),
    'ms_median': digits(wall[middle]),
    'ms_min': digits(wall[0]),
    'cpu_ms_median': digits(cpu[middle]),
    'runs': len(samples),
    'ms_first': digits(first),
}))
