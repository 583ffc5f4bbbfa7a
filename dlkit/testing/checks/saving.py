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
    with tempfile.TemporaryDirectory() as name, subject.settled() as model:
        folder = pathlib.Path(name)
        paths = folder / "model.keras", folder / "inputs.npz", folder / "outputs.npz"
        _shake(model)
        model.save(paths[0])
        np.savez(paths[1], inputs=inputs)
        problem = subject.bench.loader().load(*paths)
        expect(not problem, f"dlkit.load_model failed in a fresh process:\n{problem}")
        with np.load(paths[2]) as file:
            _compare(model, file, keras.tree.flatten(answer(model, inputs)))


def _shake(model: keras.Model) -> None:
    """Moves every weight from its initial value, which loading nothing would give as well.

    Upwards and a little: a variance stays positive, a deep network's answers stay moderate.
    """
    random = np.random.default_rng(SEED)
    for weight in model.weights:
        value = weight.numpy()
        if np.issubdtype(value.dtype, np.floating):
            share = 0.01 * max(float(np.abs(value).mean()), 0.1)
            weight.assign(value + random.uniform(0, share, value.shape).astype(value.dtype))


def _compare(model: keras.Model, file: np.lib.npyio.NpzFile, outputs: list[np.ndarray]) -> None:
    """Holds what the other process wrote against the saved model and its answers."""
    count = sum(key.startswith("weight_") for key in file.files)
    expect(count == len(model.weights), f"{count} weights came back of {len(model.weights)}")
    for i, weight in enumerate(model.weights):
        message = f"{weight.path} came back with another value"
        expect_close(file[f"weight_{i}"], weight.numpy(), message, rtol=0, atol=0)
    count = sum(key.startswith("output_") for key in file.files)
    expect(count == len(outputs), f"the loaded model has {count} outputs, not {len(outputs)}")
    for i, output in enumerate(outputs):
        message = "the loaded model answers otherwise than the saved one"
        expect_close(file[f"output_{i}"], output, message)
