"""A plugin for a test: SqueezeNet with published weights in the format in which torch saves them.

And photographs for it, in folders of which it is known how often the network is right.
"""

import hashlib

import numpy as np
from PIL import Image

import dlkit
from tests.plugins.vision import torchvision_names
from tests.weights import torch_files

NAME = "trial-nets/squeeze@drawn"
CLASSES = 30
IMAGES = 24
CROP, RESIZE = 64, 72
MANIFEST = """
api = 1
[[model]]
name = "squeeze"
build = "dlkit_vision.squeezenet:squeezenet1_1"
summary = "s"
task = "image-classification"
params = 1
variables = 1
license = "MIT"
input_shape = [224, 224, 3]
[[model.weights]]
tag = "drawn"
url = "{url}"
hash = "sha256-8:{digits}"
license = "MIT"
layout = "dlkit_vision.layouts.of_torch:SQUEEZENET1_1"
config = {{ num_classes = 30 }}
preprocessing = {preprocessing}
class_names = {class_names}
metrics = {{ accuracy = 0.5, top5_accuracy = 0.75 }}
"""
PREPROCESSING = (
    f'{{ resize = {RESIZE}, crop = {CROP}, interpolation = "bilinear", antialias = true }}'
)


def arrays(seed=0):
    """Drawn so that the signal keeps its size, and each image its own classes."""
    draw = np.random.default_rng(seed)
    held = {}
    for name, shape in torchvision_names.squeezenet("1_1", CLASSES):
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        held[name] = (draw.standard_normal(shape) * scale).astype("float32")
    return held


def install(
    make_plugin, folder, *, preprocessing=PREPROCESSING, class_names="trial_nets:CLASSES", **changed
):
    """Writes the file and installs a plugin `trial-nets` that publishes it.

    Args:
        make_plugin: the fixture.
        folder: where the file is written.
        preprocessing: the row's table, as TOML.
        class_names: a place; or a TOML array.
        **changed: `digits`, of another hash than the file's; `url`.

    Returns:
        The file's path.
    """
    path = folder / "squeezenet.pth"
    torch_files.save(path, torch_files.tensors(arrays()))
    said = {
        "url": path.as_uri(),
        "digits": hashlib.sha256(path.read_bytes()).hexdigest()[:8],
        "preprocessing": preprocessing,
        "class_names": class_names if class_names.startswith("[") else f'"{class_names}"',
        **changed,
    }
    code = f"CLASSES = {{f'n{{i:08}}': f'thing {{i}}' for i in range({CLASSES})}}\n"
    make_plugin("trial-nets", MANIFEST.format(**said), {"__init__.py": code})
    return path


def photograph(draw):
    low = draw.integers(0, 256, (6, 7, 3), dtype="uint8")
    return Image.fromarray(low).resize((130, 110), Image.Resampling.BICUBIC)


def cut(image):
    """As torchvision cuts it: the shorter side of 110 to 72, 64 of the middle."""
    resized = image.resize((int(72 * 130 / 110), 72), Image.Resampling.BILINEAR)
    left, top = round((resized.width - 64) / 2), round((72 - 64) / 2)
    return np.asarray(resized.crop((left, top, left + 64, top + 64)))


def photographs(root):
    """JPEGs in the folders of their first, fourth or a later guess.

    Returns:
        How often the first and how often the first five guesses are right, counted from what the
        network says of the images that Pillow has cut.
    """
    model = dlkit.create_model(NAME, input_shape=(CROP, CROP, 3))
    root.mkdir(exist_ok=True)
    draw = np.random.default_rng(3)
    ranks = []
    for n in range(IMAGES):
        path = root / f"{n}.jpg"
        photograph(draw).save(path, quality=95)
        scores = model(cut(Image.open(path))[None], training=False).numpy()[0]
        order = np.argsort(-scores, kind="stable")
        rank = (0, 3, 9)[n % 3]
        margins = np.abs(np.diff(scores[order])[[0, 2, 3, 8, 9]])
        assert rank == 9 or margins.min() > 1e-5, "a tie would be decided by rounding"
        place = root / "val" / f"n{order[rank]:08}"
        place.mkdir(parents=True, exist_ok=True)
        path.rename(place / path.name)
        ranks.append(rank)
    ranks = np.array(ranks)
    return (ranks < 1).mean(), (ranks < 5).mean()
