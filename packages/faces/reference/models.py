# Small face model files as the published ones are laid out, written by scipy, h5py, numpy and pickle.
#
#   python packages/faces/reference/models.py
#
# Made with numpy 2.4.6, scipy 1.17.1, h5py 3.16.0. The files stand beside the script in models/; what they must give
# is in models/expected.json.
import json
import pickle
import sys
import types
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import scipy.sparse
import scipy.spatial.transform

out = Path(__file__).parent / "models"
out.mkdir(exist_ok=True)
random = np.random.default_rng(7)

# a small hill that faces +Z: 3 x 4 vertices, 12 triangles, millimetres
columns, rows = 3, 4
grid = np.array([[40.0 * (c - 1), 30.0 * (r - 1.5), 60.0 - 20 * (c - 1) ** 2] for r in range(rows) for c in range(columns)])
triangles = []
for r in range(rows - 1):
    for c in range(columns - 1):
        a = r * columns + c
        triangles += [[a, a + 1, a + columns], [a + 1, a + columns + 1, a + columns]]
triangles = np.array(triangles)
V, K, E, A = len(grid), 3, 2, 2


def orthonormal(count):
    q, _ = np.linalg.qr(random.normal(size=(3 * V, count)))
    return q.astype(np.float32)


def listed(a):
    return [float(f"{x:.8g}") for x in np.asarray(a, np.float32).ravel()]


def shaped(basis, sigma):
    """[K, V * 3] displacements for weights of N(0, 1)."""
    return (basis * sigma).T


expected = {"triangles": triangles.ravel().tolist()}

# --- BFM 2009: micrometres, colours to 255, indices from 1, deviations in EV
basis, colours = orthonormal(K), orthonormal(A)
sigma, colour_sigma = np.array([9000.0, 4000.0, 2000.0], np.float32), np.array([80.0, 30.0], np.float32)
texture = random.uniform(40, 200, 3 * V).astype(np.float32)
bfm2009 = dict(
    shapeMU=(1000 * grid.reshape(-1, 1)).astype(np.float32), shapePC=basis, shapeEV=sigma.reshape(-1, 1),
    texMU=texture.reshape(-1, 1), texPC=colours, texEV=colour_sigma.reshape(-1, 1),
    tl=(triangles[:, ::-1] + 1).astype(np.float64), segbin=np.zeros((V, 4), np.uint8),
)
scipy.io.savemat(out / "bfm2009.mat", bfm2009, do_compression=False)
scipy.io.savemat(out / "bfm2009-compressed.mat", bfm2009, do_compression=True)
expected["bfm2009"] = dict(
    positions=listed(grid), identity=listed(shaped(basis, sigma) / 1000),
    colours=listed(texture / 255), colourModes=listed(shaped(colours, colour_sigma) / 255),
)

# --- BFM 2017 and 2019: millimetres, groups of a statismo file, variances
def statistical(file, name, mean, basis, variance):
    model = file.create_group(f"{name}/model")
    model["mean"] = mean.astype(np.float32)
    model["pcaBasis"] = basis
    model["pcaVariance"] = variance.astype(np.float32)
    model["noiseVariance"] = np.float32(0)
    representer = file.create_group(f"{name}/representer")
    representer["points"] = grid.T.astype(np.float32)
    representer["cells"] = triangles.T.astype(np.int32)


shift = random.normal(size=3 * V).astype(np.float32)
basis, faces, colours = orthonormal(K), orthonormal(E), orthonormal(A)
variance, face_variance, colour_variance = np.array([81.0, 16, 4]), np.array([25.0, 9]), np.array([0.09, 0.01])
tint = random.uniform(0.1, 0.8, 3 * V)
for name, options in [("bfm2017.h5", {}), ("bfm2017-chunked.h5", {"compression": "gzip", "chunks": True})]:
    with h5py.File(out / name, "w") as file:
        statistical(file, "shape", grid.ravel(), basis, variance)
        statistical(file, "expression", shift, faces, face_variance)
        statistical(file, "color", tint, colours, colour_variance)
        if options:
            for group in ("shape", "expression", "color"):
                stored = file[f"{group}/model/pcaBasis"][...]
                del file[f"{group}/model/pcaBasis"]
                file.create_dataset(f"{group}/model/pcaBasis", data=stored, **options)
        file["version/majorVersion"] = np.int32(0)
expected["bfm2017"] = dict(
    positions=listed(grid.ravel() + shift), identity=listed(shaped(basis, np.sqrt(variance))),
    blendshapes=listed(shaped(faces, np.sqrt(face_variance))),
    colours=listed(tint), colourModes=listed(shaped(colours, np.sqrt(colour_variance))),
)

# --- AlbedoMM: the same with two albedos in place of the colour
diffuse, specular = orthonormal(A), orthonormal(A)
shine = random.uniform(0.02, 0.06, 3 * V)
with h5py.File(out / "albedomm.h5", "w") as file:
    statistical(file, "shape", grid.ravel(), basis, variance)
    statistical(file, "expression", shift, faces, face_variance)
    statistical(file, "diffuseAlbedo", tint, diffuse, colour_variance)
    statistical(file, "specularAlbedo", shine, specular, colour_variance / 100)
expected["albedomm"] = dict(
    expected["bfm2017"], colourModes=listed(shaped(diffuse, np.sqrt(colour_variance))),
    specular=listed(shine.reshape(V, 3).mean(1)),
    specularModes=listed(shaped(specular, np.sqrt(colour_variance / 100)).reshape(A, V, 3).mean(2)),
)

# --- FLAME: metres; 300 modes of identity, then those of expression, 3 here or none in
# the files that are damaged; displacements by a formula that the test repeats
class Ch:
    """Stands for chumpy.ch.Ch, which pickles as its attributes: the array is x."""

    def __init__(self, x):
        self.x = x
        self.__dict__["_dirty_vars"] = set()


Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
chumpy, chumpy_ch = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
chumpy_ch.Ch = Ch
sys.modules.update({"chumpy": chumpy, "chumpy.ch": chumpy_ch})

vertex, axis, mode = np.meshgrid(np.arange(V), np.arange(3), np.arange(303), indexing="ij")
directions = ((1 + vertex + 100 * axis + 1000 * mode) * 1e-6).astype(np.float32)
J = 5
chance = np.random.default_rng(11)
J_regressor = chance.dirichlet(np.ones(V), J) * (chance.random((J, V)) < 0.6)
J_regressor /= J_regressor.sum(1, keepdims=True)
weights = chance.dirichlet(np.ones(J), V)
pose_directions = chance.normal(scale=0.004, size=(V, 3, 9 * (J - 1)))
parents = [2**32 - 1, 0, 1, 1, 1]
flame = dict(
    v_template=grid / 1000, f=triangles.astype(np.uint32), shapedirs=directions,
    posedirs=pose_directions, weights=weights, kintree_table=np.array([parents, list(range(J))]),
    J=J_regressor @ grid / 1000, bs_style="lbs", bs_type="lrotmin",
)
np.savez(
    out / "flame.npz", **{name: flame[name] for name in ("v_template", "f", "weights", "posedirs", "kintree_table")},
    shapedirs=directions[:, :, :3], J_regressor=J_regressor,
)
with_objects = dict(
    flame, J_regressor=scipy.sparse.csc_matrix(J_regressor), v_template=Ch(grid / 1000), posedirs=Ch(pose_directions)
)
for name, protocol, count in [("flame.pkl", 4, 303), ("flame-protocol2.pkl", 2, 3), ("flame-protocol4.pkl", 4, 3)]:
    with open(out / name, "wb") as file:
        pickle.dump(dict(with_objects, shapedirs=Ch(directions[:, :, :count])), file, protocol=protocol)


def posed(shape, rotations):
    """FLAME's eq. 1 to 4 with 4 x 4 matrices; metres. Joints are those of the face without its expression."""
    at = J_regressor @ shape
    R = scipy.spatial.transform.Rotation.from_rotvec(rotations).as_matrix()
    face = shape + pose_directions @ (R[1:] - np.eye(3)).ravel()
    world = []
    for j in range(J):
        local = np.eye(4)
        local[:3, :3] = R[j]
        local[:3, 3] = at[j] - (at[parents[j]] if j else 0)
        world.append(world[parents[j]] @ local if j else local)
    for j in range(J):  # from the joint's place in the unposed face
        world[j] = world[j] @ np.block([[np.eye(3), -at[j][:, None]], [np.zeros((1, 3)), np.ones((1, 1))]])
    blended = np.einsum("vj,jab->vab", weights, np.array(world))
    return np.einsum("vab,vb->va", blended, np.hstack([face, np.ones((V, 1))]))[:, :3]


rotations = chance.normal(scale=0.6, size=(J, 3))
coefficients = np.array([6.0, -3.0, 4.0])
shape = grid / 1000 + directions[:, :, :3].astype(float) @ coefficients
expected["flame"] = dict(
    positions=listed(grid), joints=listed(J_regressor @ grid), regressor=listed(J_regressor), weights=listed(weights),
    correctives=listed(1000 * np.moveaxis(pose_directions, 2, 0)), rotations=listed(rotations),
    coefficients=listed(coefficients), posed=listed(1000 * posed(shape, rotations)),
)

(out / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
