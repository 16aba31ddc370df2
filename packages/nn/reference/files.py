"""Files of numpy and PyTorch, for packages/nn/src/io: written by their own writers, with what they hold.

    apt-get install -y python3-torch     # Debian 12: PyTorch 1.13.1, numpy 1.24
    /usr/bin/python3 packages/nn/reference/files.py > packages/nn/reference/files.json
"""
import base64, collections, io, json, os, pickle
import numpy as np
import torch

torch.manual_seed(1)


def written(write):
    buffer = io.BytesIO()
    write(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def npy(name, a):
    return {'name': name, 'file': written(lambda f: np.save(f, a)), 'shape': list(a.shape), 'data': a.astype(float).flatten().tolist()}


rows = np.arange(6).reshape(2, 3)
arrays = [npy(t, (rows - (0 if t[1] in 'ub' else 2)).astype(t)) for t in
          ['|b1', '|u1', '|i1', '<u2', '<i2', '<u4', '<i4', '<u8', '<i8', '<f2', '<f4', '<f8', '>i2', '>f4', '>f8']]
arrays.append(npy('columns first', np.asfortranarray(np.arange(24.).reshape(2, 3, 4))))
arrays.append(npy('a number', np.float32(2.5).reshape(())))
arrays.append(npy('nothing', np.zeros((0, 3), '<f4')))
arrays.append(npy('halves', np.array([1e-7, 6e-5, -0.1, 65504], '<f2')))
buffer = io.BytesIO()
np.lib.format.write_array(buffer, rows.astype('<i4'), version=(2, 0))
arrays.append({'name': 'version 2', 'file': base64.b64encode(buffer.getvalue()).decode(), 'shape': [2, 3], 'data': list(range(6))})

layer = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 2), torch.nn.BatchNorm2d(2))
base = torch.arange(12.).reshape(3, 4)
checkpoint = {
    'state_dict': layer.state_dict(), 'epoch': 7, 'lr': 0.25, 'name': 'tëst', 'done': True, 'none': None, 'big': 2 ** 70,
    'sizes': [torch.Size([2, 3]), (1, 2)], 3: 'three',
    'transposed': base.t(), 'row': base[1], 'parameter': torch.nn.Parameter(torch.tensor([1., 2.])),
    'half': torch.tensor([0.5, -2.]).half(), 'bfloat': torch.tensor([0.5, -2.]).bfloat16(), 'bool': torch.tensor([True, False]),
    'long': torch.tensor([[1, -2]]), 'byte': torch.tensor([1, 255], dtype=torch.uint8), 'scalar': torch.tensor(3.5, dtype=torch.float64),
}
expected = {k: {'shape': list(v.shape), 'data': v.detach().double().flatten().tolist()}
            for k, v in {**{f'state_dict.{n}': p for n, p in layer.state_dict().items()}, **checkpoint}.items() if torch.is_tensor(v)}


class Evil:
    def __reduce__(self):
        return os.system, ('echo pwned',)


class Custom:
    pass


buffer = io.BytesIO()
torch.save({'weights': Evil()}, buffer)
print(json.dumps({
    'versions': [np.__version__, torch.__version__],
    'npy': arrays,
    'objects': written(lambda f: np.save(f, np.array([{}, 1], object), allow_pickle=True)),
    'npz': written(lambda f: np.savez(f, a=rows.astype('<f4'), b=np.array([1, 2], '<i8'))),
    'npzCompressed': written(lambda f: np.savez_compressed(f, a=rows.astype('<f4'), zeros=np.zeros(5000, '<f4'))),
    'torch': {'zip': written(lambda f: torch.save(checkpoint, f)),
              'legacy': written(lambda f: torch.save(checkpoint, f, _use_new_zipfile_serialization=False)),
              'expected': expected},
    'expanded': written(lambda f: torch.save(torch.zeros(1).expand(1000), f)),
    'evil': base64.b64encode(buffer.getvalue()).decode(),
    'custom': written(lambda f: torch.save(Custom(), f)),
    'pickles': [base64.b64encode(pickle.dumps([1, -300, 70000, 2 ** 40, 1.5, 'ä', b'\x00\xff', (1, 2, 3, 4), {'a': [None, True]}, {1, 2}], p)).decode() for p in range(6)],
}))
