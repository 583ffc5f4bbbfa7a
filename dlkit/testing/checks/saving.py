"""Does the model come back from its file?"""

import pathlib
import tempfile

import keras
import numpy as np

from dlkit.testing.checks.inference import answer
from dlkit.testing.subject import SEED, Subject
from dlkit.testing.verdict import expect, expect_close


def save_load_fresh_process(subject: Subject) -> None:
    """A process that knows no plugin loads the saved model by `dlkit.load_model`, same answers."""
    inputs = subject.inputs()
    with tempfile.TemporaryDirectory() as name, subject.kept(subject.model) as model:
        folder = pathlib.Path(name)
        paths = folder / "model.keras", folder / "inputs.npz", folder / "outputs.npz"
        _shake(model)
        model.save(paths[0])
        np.savez(paths[1], inputs=inputs)
        problem = subject.bench.loader().load(*paths)
        expect(not problem, f"dlkit.load_model failed in a fresh process: {problem}")
        with np.load(paths[2]) as file:
            loaded = [file[key] for key in file.files]
        wanted = keras.tree.flatten(answer(model, inputs))
        expect(len(loaded) == len(wanted), f"{len(loaded)} outputs, saved with {len(wanted)}")
        for found, part in zip(loaded, wanted, strict=True):
            expect_close(found, part, "the loaded model answers otherwise than the saved one")


def _shake(model: keras.Model) -> None:
    """Moves every weight from its initial value, which loading nothing would give as well.

    Upwards only: a variance stays positive.
    """
    random = np.random.default_rng(SEED)
    for weight in model.weights:
        value = weight.numpy()
        if np.issubdtype(value.dtype, np.floating):
            weight.assign(value + random.uniform(0, 0.05, value.shape).astype(value.dtype))
