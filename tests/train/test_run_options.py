"""What a recipe's further words do to a whole run: averages, mixing, depth, caches, resuming."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import dlkit
from dlkit.registry import errors
from dlkit.train import checkpoint, history, layerwise, schedules, state

RICH = {
    "optimizer": {
        "name": "sgd",
        "nesterov": True,
        "weight_decay": 1e-3,
        "global_clipnorm": 1.0,
        "accumulate": 3,
        "ema_momentum": 0.9,
        "learning_rate": 0.05,
    },
    "schedule": "one-cycle",
    "layer_decay": 0.7,
    "augment": "shift+erase",
    "mixup": 0.2,
    "cutmix": 1.0,
    "label_smoothing": 0.1,
    "class_weights": True,
    "cache": "memory",
    "save_every": "1epoch",
}


class Stop(keras.callbacks.Callback):
    """Stops in the second epoch, with two of the three batches gathered for an update."""

    def on_train_batch_end(self, batch, logs=None):
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == 26:
            self.model.stop_training = True


def fit_in_part(run):
    model = run.build()
    args = run.fit_args()
    args["callbacks"].insert(1, Stop())  # before the one that saves
    model.fit(run.train, validation_data=run.val, verbose=0, **args)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_rich_run_goes_on_to_the_bit(tmp_path, recipe, fit, precision):
    rich = recipe.replace(**RICH, precision=precision)
    whole = dlkit.Run(tmp_path / "whole", rich)
    model = fit(whole)
    fit_in_part(dlkit.Run(tmp_path / "part", rich))
    part = dlkit.Run(tmp_path / "part", resume=True)
    assert checkpoint.read(part.folder / "ckpt" / "last").step == 26
    resumed = fit(part)
    assert state.digest(resumed) == state.digest(model)
    one, two = (history.read(tmp_path / name).log for name in ("whole", "part"))
    assert (one["loss"], one["val_loss"]) == (two["loss"], two["val_loss"])
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    assert isinstance(inner, layerwise.Layerwise)


def test_best_holds_the_averages_and_last_the_weights(tmp_path, recipe, fit):
    settings = {"optimizer.ema_momentum": 0.8, "save_every": "1epoch", "epochs": 3}
    run = dlkit.Run(tmp_path / "r", recipe.replace(**settings))
    model = fit(run)  # ends with the averages
    log = history.read(run.folder).log
    best = run.best_model()
    assert checkpoint.read(run.folder / "ckpt" / "best").best["epoch"] == 3
    for kept, average in zip(best.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, average)
    metrics = dict(zip(*_evaluated(best, run), strict=True))
    assert metrics["accuracy"] == pytest.approx(log["val_accuracy"][-1])
    last = checkpoint.read(run.folder / "ckpt" / "last")
    kernel = model.get_layer("hidden").kernel
    at = [v.path for v in model.variables].index(kernel.path)
    assert (last.arrays[f"model/{at}"] != kernel.numpy()).any()


def _evaluated(model, run):
    found = model.evaluate(run.val, verbose=0, return_dict=True)
    return found.keys(), found.values()


def test_weights_train_as_without_averages(tmp_path, recipe, fit):
    arrays = []
    for momentum in (0.0, 0.9):
        run = dlkit.Run(
            tmp_path / str(momentum),
            recipe.replace(**{"optimizer.ema_momentum": momentum, "save_every": "1epoch"}),
        )
        fit(run)
        arrays.append(checkpoint.read(run.folder / "ckpt" / "last").arrays)
    for key in (key for key in arrays[0] if key.startswith("model/")):
        np.testing.assert_array_equal(arrays[0][key], arrays[1][key])


def test_where_no_best_can_be_read_the_last_epochs_averages_serve(tmp_path, recipe, fit):
    settings = {"optimizer.ema_momentum": 0.8, "save_every": "1epoch"}
    run = dlkit.Run(tmp_path / "r", recipe.replace(**settings))
    model = fit(run)
    (run.folder / "ckpt" / "best" / "model.keras").write_bytes(b"ruined")
    for kept, average in zip(run.best_model().get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, average)


def test_the_head_alone_learns(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe.replace(freeze="logits"))
    model = run.build()
    assert [v.path for v in model.trainable_variables] == ["logits/kernel", "logits/bias"]
    wrong = dlkit.Run(tmp_path / "w", recipe.replace(freeze="logit"))
    with pytest.raises(errors.UsageError, match="Did you mean 'logits'"):
        wrong.build()
    assert not (wrong.folder / "config.yaml").exists()


def test_one_folder_serves_several_runs(tmp_path, recipe):
    for name in "ab":
        run = dlkit.Run(tmp_path / name, recipe.replace(cache=tmp_path / "decoded"))
        images, labels = next(iter(run.train))
    assert images.shape[0] == labels.shape[0] == 32
    assert len(list((tmp_path / "decoded").iterdir())) == 1


def test_a_file_is_loaded_by_a_process_that_imported_none_of_it(tmp_path):
    """It names dlkit's loss, optimizer and schedule, which the manifest has to bring."""
    image = keras.Input((4,))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(image))
    rate = schedules.Schedule("cosine", 0.1, 10)
    optimizer = layerwise.CLASSES["adamw"](factors=[0.5, 0.5], learning_rate=rate)
    task = dlkit.create("task", "image-classification")
    model.compile(optimizer, **task.compile_options(model))
    model.save(tmp_path / "m.keras")
    lines = "import dlkit; print(type(dlkit.load_model('m.keras').optimizer).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "LayerwiseAdam", done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": {"clipnorm": 1, "clipvalue": 1}}, "clipnorm and clipvalue exclude each"),
        ({"optimizer.nesterov": True}, "adam with momentum=0.9 has none"),
        ({"optimizer": {"nesterov": True, "name": "sgd", "momentum": 0}}, "sgd with momentum=0"),
        ({"optimizer.accumulate": 0}, "a whole number of at least 1"),
        ({"schedule": "one-cycle", "warmup_epochs": 1}, "rises by itself"),
        ({"schedule_options": {"power": 2}}, "'cosine' has no option 'power'"),
        ({"schedule": "step", "schedule_options.milestones": [30, 60]}, "rising shares"),
        ({"label_smoothing": 1.0}, "below 1"),
        ({"layer_decay": 0}, "above 0"),
    ],
)
def test_words_that_cannot_be_right(recipe, settings, message):
    with pytest.raises(errors.UsageError) as caught:
        recipe.replace(**settings)
    assert message in str(caught.value)
