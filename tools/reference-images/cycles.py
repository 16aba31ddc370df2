"""Images of the Cornell box by Blender's path tracer Cycles, for packages/render/src/trace/cornellBox.test.ts.

    apt-get install -y --no-install-recommends blender    # Debian 12: Blender 3.4.1
    blender -b --factory-startup -t 2 --python-exit-code 1 --python tools/reference-images/cycles.py -- 1024 12

The arguments are samples per pixel of a run, and runs, each with a seed of its own. Writes cornellBox.f32 beside this file:
f32 [2, size, size, 3], linear RGB by rows from the top: the mean over the runs, and its standard error by their spread.

Nothing is clamped, filtered or denoised, the film's filter is a box of one pixel, and paths have as many segments as the
scene says: Cycles counts bounces after the first surface.
"""
import json
import os
import sys
import tempfile

import bpy
import numpy as np
from mathutils import Matrix, Vector

samples, runs = (int(x) for x in sys.argv[sys.argv.index('--') + 1:])
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, 'cornellBox.json')) as file:
    box = json.load(file)
unit, size = box['unit'], box['size']

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene


def turned(*axes):
    """The turn that takes x, y and z there."""
    return Matrix(axes).transposed().to_4x4()


def matte(name, albedo):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    lobe = nodes.new('ShaderNodeBsdfDiffuse')
    lobe.inputs['Color'].default_value = (*albedo, 1)
    lobe.inputs['Roughness'].default_value = 0
    material.node_tree.links.new(lobe.outputs[0], nodes.new('ShaderNodeOutputMaterial').inputs['Surface'])
    return material


def add(name, quads, material):
    mesh = bpy.data.meshes.new(name)
    corners = [tuple(unit * x for x in quad[3 * k:3 * k + 3]) for quad in quads for k in range(4)]
    faces = [f for k in range(0, len(corners), 4) for f in ((k, k + 1, k + 2), (k, k + 2, k + 3))]
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(material)
    scene.collection.objects.link(bpy.data.objects.new(name, mesh))


for name, shape in box['shapes'].items():
    add(name, shape['quads'], matte(name, shape['albedo']))
# A rectangle that shines on one side. Not a mesh: the light of those is up to 2 % too dark where it leaves at a grazing
# angle, against Lambert's closed form; that of area lights is exact.
corners = [unit * Vector(box['lamp']['quads'][0][3 * k:3 * k + 3]) for k in range(4)]
across, along = corners[1] - corners[0], corners[2] - corners[1]
lamp = bpy.data.lights.new('lamp', 'AREA')
lamp.shape = 'RECTANGLE'
lamp.size, lamp.size_y = along.length, across.length
lamp.energy, lamp.color = 4 * lamp.size * lamp.size_y, box['lamp']['radiance']  # radiance is energy / (4 area)
axes = (along.normalized(), across.normalized(), along.cross(across).normalized())  # it shines to -z
placed = bpy.data.objects.new('lamp', lamp)
placed.matrix_world = Matrix.Translation((corners[0] + corners[2]) / 2) @ turned(*axes)
scene.collection.objects.link(placed)
# rays pass through lights of this kind; the lamp of the scene is black
behind = [x + (0.1 if k % 3 == 1 else 0) for k, x in enumerate(box['lamp']['quads'][0])]
add('back of the lamp', [behind], matte('black', (0, 0, 0)))

view = box['camera']
camera = bpy.data.cameras.new('camera')
camera.sensor_fit = 'HORIZONTAL'
camera.sensor_width, camera.lens = 1000 * view['width'], 1000 * view['focalLength']
back = (Vector(view['position']) - Vector(view['target'])).normalized()
right = Vector(view['up']).cross(back).normalized()
seen = bpy.data.objects.new('camera', camera)
seen.matrix_world = Matrix.Translation(unit * Vector(view['position'])) @ turned(right, back.cross(right), back)
scene.collection.objects.link(seen)
scene.camera = seen

render, cycles = scene.render, scene.cycles
render.engine = 'CYCLES'
render.resolution_x = render.resolution_y = size
render.resolution_percentage = 100
render.image_settings.file_format = 'OPEN_EXR'
render.image_settings.color_depth = '32'
render.image_settings.exr_codec = 'ZIP'
render.dither_intensity = 0
cycles.device = 'CPU'
cycles.samples = samples
cycles.use_adaptive_sampling = cycles.use_denoising = False
cycles.pixel_filter_type = 'BOX'
cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0
cycles.blur_glossy = cycles.light_sampling_threshold = 0
cycles.max_bounces = cycles.diffuse_bounces = box['segments'] - 2

images = []
with tempfile.TemporaryDirectory() as temporary:
    for seed in range(runs):
        cycles.seed = seed
        render.filepath = os.path.join(temporary, f'{seed}.exr')
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(render.filepath)
        image.colorspace_settings.name = 'Non-Color'
        pixels = np.empty(4 * size * size, np.float32)
        image.pixels.foreach_get(pixels)
        images.append(pixels.reshape(size, size, 4)[::-1, :, :3].astype(np.float64))
error = np.std(images, axis=0, ddof=1) / np.sqrt(runs)
target = os.path.join(folder, 'cornellBox.f32')
np.stack([np.mean(images, axis=0), error]).astype('<f4').tofile(target + '.new')
os.replace(target + '.new', target)
