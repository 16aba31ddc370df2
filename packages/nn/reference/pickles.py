# Pickles of numpy arrays, for packages/nn/src/io/numpy/pickle.test.ts: python packages/nn/reference/pickles.py
# Made with Python 3.11 and numpy 2.4.6; files in base64 stand in pickles.json.
import base64
import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np


class Custom:
    def __init__(self):
        self.x = np.array([1.5, -2.0])
        self.name = "custom"


value = {
    "floats": np.arange(6, dtype="<f4").reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3)),
    "big": np.array([1, 2, 300], ">i4"),
    "bytes": np.array([0, 255], "u1"),
    "none": np.zeros((0, 3)),
    "set": {1, 2},
}
class Python2(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_bytes(self, obj):
        self.write(pickle.BINSTRING + struct.pack("<i", len(obj)) + obj)
        self.memoize(obj)

    dispatch[bytes] = save_bytes


def written_by_python2(v):
    file = io.BytesIO()
    Python2(file, 2).dump(v)
    return base64.b64encode(file.getvalue()).decode()


written = lambda v, p: base64.b64encode(pickle.dumps(v, p)).decode()
files = dict(
    arrays=[written(value, p) for p in range(6)],
    custom=[written({"object": Custom()}, p) for p in (2, 4)],
    objects=written(np.array([{}, 1], object), 4),
    python2=written_by_python2({"all": np.arange(256, dtype="u1")}),
)
Path(__file__).with_name("pickles.json").write_text(json.dumps(files) + "\n")
