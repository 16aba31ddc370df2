"""PyTorch's gradients of some functions, kinks and special values included, for packages/autograd/src/torch.test.ts.

    apt-get install -y python3-torch     # Debian 12: PyTorch 1.13.1
    /usr/bin/python3 tools/reference-gradients/torch_gradients.py > tools/reference-gradients/gradients.json

Each case: inputs, value, gradient of the (weighted) sum, and for `second` cases the gradient of <gradient, weights>;
`plain` cases are whole numbers, without gradients.
Everything is float64; weights of element i are cos(i).
"""
import json
import torch

torch.set_default_dtype(torch.float64)
inf, nan = float('inf'), float('nan')
grid = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0]
smooth = [0.3, -1.2, 2.1, 0.8, -0.4, 1.7]
square = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]

cases = []


def case(name, fn, *inputs, second=False, plain=False):
    xs = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = fn(*xs)
    if plain:
        cases.append({'name': name, 'inputs': [t.tolist() for t in xs], 'value': y.detach().flatten().tolist()})
        return
    weights = lambda t: torch.cos(torch.arange(t.numel(), dtype=t.dtype)).reshape(t.shape)
    grads = torch.autograd.grad((y * weights(y)).sum(), xs, create_graph=second, allow_unused=True)
    grads = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, xs)]
    row = {'name': name, 'inputs': [t.tolist() for t in xs], 'value': y.detach().flatten().tolist(),
           'gradients': [g.detach().flatten().tolist() for g in grads]}
    if second:
        total = sum((g * weights(g)).sum() for g in grads)
        again = torch.autograd.grad(total, xs, allow_unused=True)
        row['second'] = [(torch.zeros_like(x) if g is None else g).flatten().tolist() for g, x in zip(again, xs)]
    cases.append(row)


# kinks
case('abs', torch.abs, grid)
case('relu', torch.relu, grid)
case('leakyRelu', lambda x: torch.nn.functional.leaky_relu(x, 0.1), grid)
case('elu', torch.nn.functional.elu, grid)
case('sign', lambda x: torch.sign(x) * x, grid)
case('clamp', lambda x: torch.clamp(x, -1.0, 0.5), grid)
case('maximum', torch.maximum, grid, [0.0, -1.0, 1.0, 0.0, -1.0, 0.5, 3.0, 2.0])
case('minimum', torch.minimum, grid, [0.0, -1.0, 1.0, 0.0, -1.0, 0.5, 3.0, 2.0])
case('sqrt', torch.sqrt, [0.0, 0.25, 4.0])
case('square of sqrt', lambda x: torch.sqrt(x * x), [0.5, 1.0, -3.0])
case('pow 3', lambda x: x ** 3, grid)
case('pow 2.5', lambda x: x ** 2.5, [0.0, 0.5, 2.0])
case('pow of both', torch.pow, [0.0, 0.0, 1.0, 2.0, 3.0], [2.0, 0.0, 0.0, -1.0, 0.5])
case('floor', lambda x: torch.floor(x) * x, smooth)
case('round', lambda x: torch.round(x) + x, smooth)
case('remainder', lambda x: torch.remainder(x, 0.75), smooth)
case('where', lambda x: torch.where(x > 0, x, x * x), grid)
case('log of where', lambda x: torch.where(x > 0, x, torch.ones_like(x)).log(), grid)
# reductions
case('amax with ties', lambda x: x.amax(1), [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [5.0, 1.0, 0.0]])
case('amin with ties', lambda x: x.amin(0), [[1.0, 3.0, 3.0], [2.0, 2.0, 3.0], [1.0, 1.0, 3.0]])
case('prod', lambda x: x.prod(1), square, second=True)
case('prod with a zero', lambda x: x.prod(1), [[2.0, 0.0, 3.0], [1.5, 2.5, -1.0]], second=True)
case('prod with two zeros', lambda x: x.prod(1), [[2.0, 0.0, 0.0], [0.0, 2.5, -1.0]])
case('mean', lambda x: x.mean(0), square)
case('logSumExp', lambda x: x.logsumexp(1), square, second=True)
case('logSumExp with -inf', lambda x: x.logsumexp(1), [[0.5, -inf, 1.0]])
case('softmax', lambda x: x.softmax(1), square, second=True)
case('logSoftmax', lambda x: x.log_softmax(0), square, second=True)
# running totals and order
case('cumSum', lambda x: x.cumsum(1), square)
case('cumProd', lambda x: x.cumprod(1), square, second=True)
case('cumProd with zeros', lambda x: x.cumprod(1), [[2.0, 0.0, 3.0, 4.0], [0.0, 2.0, 0.0, 5.0]], second=True)
case('logCumSumExp', lambda x: x.logcumsumexp(1), [[0.5, 3.0, -1.0, 2.0], [-2.0, 80.0, 1.0, 0.0]], second=True)
case('cumMax with ties', lambda x: x.cummax(0).values, [1.0, 3.0, 3.0, 2.0, 3.0, 4.0])
case('cumMin', lambda x: x.cummin(0).values, smooth)
case('sort', lambda x: x.sort(dim=0, stable=True).values, [3.0, 1.0, 2.0, 1.0])
case('sort descending', lambda x: x.sort(1, descending=True).values, square)
case('topK', lambda x: x.topk(2, 1).values, square)
case('diff', lambda x: x.diff(n=2, dim=1) ** 2, [[0.5, 3.0, -1.0, 2.0]], second=True)
case('maxWithIndices', lambda x: x.max(1).values ** 2, square)
case('minWithIndices', lambda x: x.min(0).values ** 2, square)
case('quantile', lambda x: x.quantile(0.3, 1) ** 2, [[0.5, 3.0, -1.0, 2.0], [nan, 1.0, 2.0, 3.0]])
case('quantile of all', lambda x: x.quantile(0.5) ** 2, square)
case('median of four', lambda x: x.median(1).values ** 2, [[0.5, 3.0, -1.0, 2.0], [-2.0, 7.0, 1.0, 0.0]])
# movement, indexing, products
index = torch.tensor([2, 0, 2, 1, 2])
case('indexSelect', lambda x: x.index_select(1, index), square)
case('gather', lambda x: x.gather(1, torch.tensor([[0, 0], [2, 1]])) ** 2, square, second=True)
case('scatterAdd', lambda x, s: (x.scatter_add(1, torch.tensor([[0, 0, 2], [1, 1, 1]]), s)) ** 2, square, square, second=True)
case('flip and pad', lambda x: torch.nn.functional.pad(x.flip(1)[:, ::2], (1, 2)), square)
case('matmul', lambda a, b: a @ b, square, [[1.0, 2.0], [-1.0, 0.5], [0.25, 3.0]], second=True)
case('batched matmul', lambda a, b: a @ b, [square, square], [[1.0, 2.0], [-1.0, 0.5], [0.25, 3.0]])
case('matrix times vector', lambda a, b: a @ b, square, [1.0, 2.0, -1.0])
# functions
for name, fn in [('sin', torch.sin), ('tanh', torch.tanh), ('sigmoid', torch.sigmoid), ('gelu', torch.nn.functional.gelu),
                 ('softplus', torch.nn.functional.softplus), ('silu', torch.nn.functional.silu), ('erf', torch.erf),
                 ('expm1', torch.expm1), ('atan', torch.atan), ('asinh', torch.asinh)]:
    case(name, fn, smooth, second=True)
case('atan2', torch.atan2, smooth, [0.5, -1.0, 1.0, -2.0, 0.0, 3.0], second=True)
case('sigmoid far out', torch.sigmoid, [-200.0, -50.0, 50.0, 200.0])
case('softplus far out', torch.nn.functional.softplus, [-200.0, -50.0, 50.0, 200.0])
case('silu far out', torch.nn.functional.silu, [-200.0, -50.0, 50.0, 200.0])
case('gelu far out', torch.nn.functional.gelu, [-50.0, -10.0, 10.0, 50.0])
case('lerp', torch.lerp, smooth, [0.5, -1.0, 1.0, -2.0, 0.0, 3.0], [0.1, 0.9, 0.5, 0.3, 0.0, 1.0])
case('logAddExp', torch.logaddexp, [0.3, -1.2, 2.0, inf, -inf, 90.0], [1.5, 2.5, 2.0, 1.0, 0.5, -90.0])
case('logAddExp twice', torch.logaddexp, [0.3, -1.2, 2.0], [1.5, 2.5, 2.0], second=True)
case('hypot', torch.hypot, [0.3, -1.2, 2.0, 0.0, -3.0], [1.5, 2.5, 2.0, -2.0, 0.0])
case('fmod', torch.fmod, [5.3, -5.3, 5.3, -5.3, 0.25, 0.0], [2.0, 2.0, -2.0, -2.0, 3.0, 1.5])
case('nanToNum', lambda x: torch.nan_to_num(x, 2.0, 9.0, -7.0) ** 2, [nan, inf, -inf, 0.5, -3.0])
case('nanSum', lambda x: x.nansum(1) ** 2, [[nan, 1.0, 2.5], [nan, nan, nan], [0.5, -1.0, 2.0]])
case('nanMean', lambda x: x.nanmean(1) ** 2, [[nan, 1.0, 2.5], [3.0, nan, nan], [0.5, -1.0, 2.0]])
# statistics and norms
case('variance', lambda x: x.var(1), square, second=True)
case('variance, not corrected', lambda x: x.var((0, 1), unbiased=False), square, second=True)
case('std with equal elements', lambda x: x.std(1), [[2.0, 2.0, 2.0], [1.0, -1.0, 0.5]])
zeros = [[0.0, 0.0, 0.0], [1.0, 0.0, -2.0], [2.0, -2.0, 0.5]]
for p in [0.5, 1.0, 1.5, 2.0, 3.0, inf, -inf]:
    case('norm %s with zeros and ties' % p, lambda x: x.norm(p, 1), zeros)
case('norm 3', lambda x: x.norm(3.0, 1), square, second=True)
there, here = [[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]], [[0.0, 1.0, 2.0], [3.0, -1.0, 0.5], [0.25, 1.0, 2.0]]
for p in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, inf]:
    case('cdist %s of equal points' % p, lambda x, y: torch.cdist(x, y, p), there, here)
# rearranged
case('roll', lambda x: x.roll((1, -2), (0, 1)) ** 2, square, second=True)
case('tril and triu', lambda x: x.tril(-1) + x.triu(1) ** 2, square)
case('diagonal', lambda x: x.diagonal(1) ** 2, square)
case('repeat', lambda x: x.repeat(2, 1, 2), square)
case('einsum', lambda x, y, z: torch.einsum('ij,kj,k->i', x, y, z), square, [[1.0, 2.0, 0.5], [-1.0, 0.5, 3.0]], [0.25, 2.0], second=True)
case('einsum of a diagonal', lambda x, y: torch.einsum('iji,j->i', x, y), [[[1.0, 2.0], [0.5, 3.0]], [[-1.0, 0.25], [1.5, 2.0]]], [2.0, -0.5])
case('einsum with dots', lambda x, y: torch.einsum('...i,ij->...j', x, y), [square, square], [[1.0, 2.0], [0.5, -1.0], [0.25, 3.0]], second=True)
case('einsum that sums dots', lambda x, y: torch.einsum('i...,...->i', x, y), square, [[2.0], [-0.5]])
case('cross', lambda x, y: torch.linalg.cross(x, y), square, [[1.0, 2.0, 0.5], [-1.0, 0.5, 3.0]], second=True)
case('kron', torch.kron, square, [[1.0, -2.0]])
# writes
places = torch.tensor([[0, 2, 0], [1, 1, 2]])
case('scatter', lambda x, y: x.scatter(1, torch.tensor([[2, 0], [1, 2]]), y) ** 2, square, [[1.0, 2.0], [3.0, 4.0]], second=True)
# (PyTorch 1.13 counts an element as tied that include_self=False has taken out: none of them is)
for reduce in ['sum', 'prod', 'mean', 'amax', 'amin']:
    for itself, old in [(True, [[1.0, 5.0, 2.0], [0.5, 2.0, 3.0]]), (False, [[9.0, 5.0, 8.0], [0.5, 9.0, 8.0]])]:
        case('scatterReduce %s%s' % (reduce, '' if itself else ' of the new ones'),
             lambda x, y: x.scatter_reduce(1, places, y, reduce, include_self=itself),
             old, [[1.0, 2.0, 1.0], [2.0, 2.0, 1.0]])
case('scatterReduce prod with zeros', lambda x, y: x.scatter_reduce(1, places, y, 'prod'),
     [[0.0, 5.0, 2.0], [0.5, 2.0, 3.0]], [[1.0, 2.0, 0.0], [0.0, 2.0, 1.0]])
rows, columns = torch.tensor([[0], [1]]), torch.tensor([2, 0, 2])
case('indexPut', lambda x, y: x.index_put((rows, torch.tensor([2, 0])), y) ** 2, square, [[1.0, 2.0], [3.0, 4.0]], second=True)
case('indexPut that adds', lambda x, y: x.index_put((rows, columns), y, accumulate=True) ** 2, square, [1.0, 2.0, 3.0], second=True)
case('maskedScatter', lambda x, y: x.masked_scatter(x > 0.4, y) ** 2, square, [1.0, 2.0, 3.0, 4.0], second=True)
case('indexCopy', lambda x, y: x.index_copy(1, torch.tensor([2, 0]), y), square, [[1.0, 2.0], [3.0, 4.0]])
case('indexFill', lambda x: x.index_fill(1, torch.tensor([2, 0]), 7.0), square)
case('maskedFill', lambda x: x.masked_fill(x > 0.4, -1.0) ** 2, square, second=True)
case('takeAlongDim', lambda x: x.take_along_dim(torch.tensor([[2], [0]]), 1), square)
for reduce in ['sum', 'mean', 'max', 'min']:
    case('segment ' + reduce, lambda x: torch.segment_reduce(x, reduce, lengths=torch.tensor([2, 1, 3]), axis=0),
         [[1.0, 4.0], [1.0, -2.0], [3.0, 0.5], [2.0, 5.0], [7.0, 5.0], [6.0, -1.0]])
# whole numbers
flat = lambda *parts: torch.cat([t.detach().flatten().double() for t in parts])
often = [[3.0, 1.0, 3.0], [0.0, 1.0, 1.0]]
steps = [1.0, 2.0, 2.0, 5.0]
case('unique', lambda x: flat(*torch.unique(x, return_inverse=True, return_counts=True)), often, plain=True)
case('nonzero', lambda x: flat(x.nonzero()), [[0.0, 2.0, 0.0], [-1.0, 0.0, 3.0]], plain=True)
case('searchSorted', lambda x, y: flat(torch.searchsorted(x, y), torch.searchsorted(x, y, right=True)),
     steps, [0.0, 1.0, 2.0, 4.0, 5.0, 6.0], plain=True)
case('bucketize', lambda x, y: flat(torch.bucketize(y, x), torch.bucketize(y, x, right=True)), steps, often, plain=True)
case('binCount', lambda x, w: flat(x.flatten().long().bincount(minlength=5), x.flatten().long().bincount(w.flatten(), 5)),
     often, square, plain=True)
case('histogram', lambda x: flat(x.histc(4, 0.0, 3.0)), often, plain=True)
case('argMax and argMin', lambda x: flat(x.argmax(1), x.argmin(0), x.argmax()), square, plain=True)
# small matrices
well = [[2.0, 0.5, -0.25], [0.75, -1.5, 0.5], [0.25, 1.0, 3.0]]
sides = [[1.0, -2.0], [0.5, 1.5], [2.0, 0.25]]
sym = lambda x: (x + x.T) / 2
spd = [[4.0, 0.5, -1.0], [0.5, 3.0, 0.75], [-1.0, 0.75, 2.0]]
case('solve', torch.linalg.solve, well, sides, second=True)
case('inverse', torch.linalg.inv, well, second=True)
case('determinant', torch.linalg.det, well, second=True)
case('determinant of 4 x 4', torch.linalg.det, [[2.0, 0.5, 0.0, 1.0], [0.75, -1.5, 0.5, 0.25], [0.25, 1.0, 3.0, -1.0], [1.0, 0.0, 0.5, 2.5]])
case('cholesky', lambda x: torch.linalg.cholesky(sym(x)), spd, second=True)
case('choleskySolve', lambda x, y: torch.cholesky_solve(y, x.tril()), well, sides, second=True)
case('three matrices by svd', lambda x: (lambda u, s, vh: s + u[:, :, 0] * vh[:, 0].sum(1, True))(*torch.linalg.svd(x)),
     [well, spd, [[0.5, 1.0, -2.0], [3.0, 0.25, 1.0], [-1.0, 2.0, 0.5]]])
case('three eigensystems', lambda x: (lambda w, v: w * 2 + v[:, :, 0] * v[:, :, 0].sum(1, True))(*torch.linalg.eigh((x + x.mT) / 2)),
     [spd, well, [[1.0, 0.5, 0.25], [0.5, 2.0, -0.5], [0.25, -0.5, 4.0]]])
case('triangularSolve', lambda x, y: torch.linalg.solve_triangular(x, y, upper=True), well, sides, second=True)
case('qr', lambda x: (lambda q, r: (q * q) @ (r * r))(*torch.linalg.qr(x)), [[2.0, 0.5], [0.75, -1.5], [0.25, 1.0]], second=True)
case('leastSquares', lambda x, y: torch.linalg.lstsq(x, y).solution, [[2.0, 0.5], [0.75, -1.5], [0.25, 1.0]], sides)
case('symmetricEigen', lambda x: (lambda w, v: w * 2 + v[:, 0] * v[:, 0].sum())(*torch.linalg.eigh(sym(x))), spd, second=True)
case('svd', lambda x: (lambda u, s, vh: s + u[:, 0] * vh[0].sum() + u[:, 2] * vh[2, 1])(*torch.linalg.svd(x)), well, second=True)
# images
F = torch.nn.functional


def wave(*shape, step=7):
    n = 1
    for size in shape:
        n *= size
    return torch.tensor([((step * i) % 17 - 8) / 8 for i in range(n)]).reshape(shape).tolist()


x, w, b = wave(2, 4, 5, 6), wave(6, 2, 3, 2, step=5), [0.5, -1.0, 0.25, 2.0, -0.125, 1.5]
case('conv2d', lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2), x, w, b, second=True)
case('conv2d with stride > kernel', lambda x, w: F.conv2d(x, w, stride=3), wave(1, 2, 7, 8), wave(3, 2, 2, 2, step=5), second=True)
case('conv2d with asymmetric padding', lambda x, w: F.conv2d(F.pad(x, (0, 2, 1, 0)), w, stride=2), wave(1, 1, 4, 5), wave(2, 1, 3, 3, step=5))
case('conv2d, depthwise', lambda x, w: F.conv2d(x, w, stride=2, padding=1, dilation=2, groups=3), wave(2, 3, 6, 7), wave(3, 1, 3, 2, step=5), second=True)
case('conv2d of one pixel', lambda x, w: F.conv2d(x, w, stride=(1, 2)), wave(2, 3, 3, 4), wave(2, 3, 1, 1, step=5), second=True)
case('convTranspose2d', lambda x, w: F.conv_transpose2d(x, w, stride=(3, 2), padding=(1, 2), output_padding=(2, 1), groups=2, dilation=(1, 2)),
     wave(2, 4, 3, 4), wave(4, 3, 2, 3, step=5), second=True)
case('convTranspose2d with stride > kernel', lambda x, w: F.conv_transpose2d(x, w, stride=4, output_padding=1), wave(1, 2, 2, 3), wave(2, 2, 3, 2, step=5))
case('convTranspose2d of a decoder', lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1), wave(1, 3, 3, 3), wave(3, 2, 4, 4, step=5), [0.5, -1.0])
places = [-1.3125, -0.9375, -0.4375, 0.0625, 0.5625, 1.1875, 2.3125, 0.3125]
lookup = [[[[places[(i + 3 * j + 1) % 8], places[(5 * i + j) % 8]] for i in range(4)] for j in range(3)]]
for mode in ['bilinear', 'nearest']:
    for padding in ['zeros', 'border', 'reflection']:
        for align in [True, False]:
            name = f'gridSample {mode}, {padding}, {"corners" if align else "edges"}'
            case(name, lambda x, g, m=mode, p=padding, a=align: F.grid_sample(x, g, m, p, a), wave(1, 2, 4, 3), lookup)
case('adaptiveAvgPool2d', lambda x: F.adaptive_avg_pool2d(x, (3, 4)), wave(1, 2, 5, 7))
case('resizeNearest', lambda x: F.interpolate(x, size=(7, 4), mode='nearest'), wave(1, 2, 5, 6))
case('resizeNearest twice as large', lambda x: F.interpolate(x, scale_factor=2, mode='nearest'), wave(1, 1, 2, 3))
case('maxPool2d', lambda x: F.max_pool2d(x, (3, 2), stride=(2, 1), padding=1), wave(1, 2, 5, 6))
case('avgPool2d, zeros not counted', lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), wave(1, 2, 5, 6))
case('resizeBilinear', lambda x: F.interpolate(x, size=(7, 3), mode='bilinear', align_corners=False), wave(1, 2, 5, 6))
# composed: a layer with a residual, normalised, and its cross entropy
case('layer', lambda x, w: torch.log_softmax((x @ w).tanh() + x.mean(1, keepdim=True), 1)[:, 0], square,
     [[0.2, -0.4], [1.0, 0.3], [-0.6, 0.8]], second=True)


def clean(v):
    if isinstance(v, list):
        return [clean(x) for x in v]
    return v if v == v and abs(v) != inf else ('NaN' if v != v else 'Infinity' if v > 0 else '-Infinity')


for row in cases:
    for key in ('inputs', 'value', 'gradients', 'second'):
        if key in row:
            row[key] = clean(row[key])
body = ',\n'.join('    ' + json.dumps(row) for row in cases)
print('{\n  "torch": "%s",\n  "command": "python3 tools/reference-gradients/torch_gradients.py",\n  "cases": [\n%s\n  ]\n}' % (torch.__version__, body))
