"""Ten steps of PyTorch's optimisers, for packages/nn/src/optim/optimizers.test.ts.

    apt-get install -y python3-torch     # Debian 12: PyTorch 1.13.1
    /usr/bin/python3 packages/nn/reference/optimizers.py > packages/nn/reference/optimizers.json

The gradient of element i of a parameter p at step t is cos(1.7 t + i) + 0.1 p[i]; everything is float64. A parameter
has no gradient in the steps that `without` lists for it. `uniform` is Adam with its denominator replaced by the
largest one in the parameter (Nicolet et al. 2021), which PyTorch does not have: written out here.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
start = [[0.5, -1.0, 2.0], [[0.1, 0.2], [-0.3, 3.0]]]


def gradient(p, t):
    i = torch.arange(p.numel()).reshape(p.shape)
    return torch.cos(1.7 * t + i) + 0.1 * p.detach()


class Uniform:
    def __init__(self, groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.state = [[p, torch.zeros_like(p), torch.zeros_like(p), 0] for g in groups for p in g['params']]

    def step(self):
        b1, b2 = self.betas
        for s in self.state:
            p, m, v, t = s
            m = b1 * m + (1 - b1) * p.grad
            v = b2 * v + (1 - b2) * p.grad ** 2
            t += 1
            p.data -= self.lr * (m / (1 - b1 ** t)) / ((v / (1 - b2 ** t)).sqrt().max() + self.eps)
            s[1:] = [m, v, t]


def case(name, make, groups, options, without=((), ())):
    params = [torch.tensor(s, requires_grad=True) for s in start]
    optimizer = make([{**g, 'params': [params[i] for i in g['params']]} for g in groups], **options)
    steps = []
    for t in range(10):
        for k, p in enumerate(params):
            p.grad = None if t in without[k] else gradient(p, t)
        optimizer.step()
        steps.append([p.detach().flatten().tolist() for p in params])
    return {'name': name, 'groups': groups, 'options': options, 'without': without, 'steps': steps}


both = [{'params': [0, 1]}]
odd = {'lr': 0.1, 'betas': (0.5, 0.9), 'eps': 1e-3, 'weight_decay': 0.05}
o = torch.optim


def rates(make, steps=12, measures=None):
    """The learning rate before each step of a schedule."""
    optimizer = o.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule = make(optimizer)
    found = []
    for t in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step(measures[t]) if measures else schedule.step()
    return found


def lbfgs(options):
    """Ten steps of L-BFGS on Rosenbrock's valley, of both parameters in a row, with 10 in the place of 100: the
    parameters after each, and how often the loss was evaluated until then."""
    params = [torch.tensor(p, requires_grad=True) for p in start]
    optimizer = o.LBFGS(params, **options)
    evaluations = 0

    def closure():
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        x = torch.cat([p.flatten() for p in params])
        loss = (10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    steps = []
    for _ in range(10):
        loss = float(optimizer.step(closure))
        parameters = [p.detach().flatten().tolist() for p in params]
        steps.append({'loss': loss, 'parameters': parameters, 'evaluations': evaluations})
    return {'options': options, 'steps': steps}


s = o.lr_scheduler
measures = [5, 4, 4, 4.1, 4, 3.9999, 3, 3, 3, 3, 3, 3]
print(json.dumps({'torch': torch.__version__, 'start': start, 'cases': [
    case('Adam', o.Adam, both, {}),
    case('Adam', o.Adam, both, odd),
    case('Adam', o.Adam, [{'params': [0], 'lr': 0.03}, {'params': [1], 'weight_decay': 0.2}], {'lr': 0.2}),
    case('Adam', o.Adam, both, {'lr': 0.1}, ((0, 1, 5), (2,))),
    case('uniform', Uniform, both, {'lr': 0.1}),
    case('AdamW', o.AdamW, both, {'lr': 0.1}),
    case('AdamW', o.AdamW, both, odd),
    case('SGD', o.SGD, both, {'lr': 0.1}),
    case('SGD', o.SGD, both, {'lr': 0.1, 'momentum': 0.8, 'weight_decay': 0.05}, ((0, 1, 5), (2,))),
    case('SGD', o.SGD, both, {'lr': 0.1, 'momentum': 0.8, 'nesterov': True, 'weight_decay': 0.05}),
    case('RMSprop', o.RMSprop, both, {}),
    case('RMSprop', o.RMSprop, both, {'lr': 0.03, 'alpha': 0.8, 'eps': 1e-3, 'momentum': 0.7, 'centered': True, 'weight_decay': 0.05}),
    case('RMSprop', o.RMSprop, both, {'lr': 0.03, 'momentum': 0.7}, ((0, 1, 5), (2,))),
    case('Adadelta', o.Adadelta, both, {'lr': 1.0}),
    case('Adadelta', o.Adadelta, both, {'lr': 0.5, 'rho': 0.7, 'eps': 1e-2, 'weight_decay': 0.05}, ((0, 1, 5), (2,))),
], 'lbfgs': [
    lbfgs({'max_iter': 1, 'line_search_fn': 'strong_wolfe'}),
    lbfgs({'max_iter': 3, 'history_size': 2, 'line_search_fn': 'strong_wolfe'}),
    lbfgs({'max_iter': 2, 'max_eval': 4, 'lr': 0.5, 'line_search_fn': 'strong_wolfe'}),
    lbfgs({'max_iter': 2, 'lr': 0.05}),
], 'rates': {
    'stepDecay': rates(lambda a: s.StepLR(a, 3, gamma=0.5)),
    'exponentialDecay': rates(lambda a: s.ExponentialLR(a, 0.9)),
    'cosineDecay': rates(lambda a: s.CosineAnnealingLR(a, 11, eta_min=0.05)),
    'warmUp': rates(lambda a: s.LinearLR(a, start_factor=0.25, total_iters=5)),
    'plateau': rates(lambda a: s.ReduceLROnPlateau(a, factor=0.2, patience=2, cooldown=1, min_lr=0.03), 12, measures),
}, 'measures': measures}, indent=1))
