"""A run: its folder, its loop, its ends."""

import dataclasses
import gc
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import yaml

import dlkit
from dlkit.registry import errors
from dlkit.train import checkpoint, evaluations, history, lock, origin, state
from dlkit.train.callbacks import best_epoch
from dlkit.train.folders import RunError, new_folder
from dlkit.train.nan import Diverged


def test_the_whole_loop(tmp_path, recipe, fit):
    recipe = recipe.replace(save_every="1epoch")
    run = dlkit.Run(tmp_path / "r", recipe)
    assert set(run.fit_args()) == {
        "epochs", "initial_epoch", "steps_per_epoch", "callbacks", "shuffle",
    }  # fmt: skip
    fit(run)
    assert dlkit.Recipe.load(run.folder / "config.yaml") == recipe
    env = json.loads((run.folder / "env.json").read_text())
    assert env["data"]["splits"] == {"train": 1077, "val": 270, "test": 450}
    assert env["model"]["params"] == 64 * 16 + 16 + 160 + 10
    log = history.read(run.folder).log
    assert log["epoch"] == [1, 2]
    assert {"accuracy", "val_accuracy", "learning_rate", "seconds", "images_per_second"} <= {*log}
    state = json.loads((run.folder / "state.json").read_text())
    assert (state["status"], state["epochs_done"]) == ("finished", 2)
    assert {path.name for path in (run.folder / "ckpt").iterdir()} == {"last", "prev", "best"}
    assert list((run.folder / "tb").rglob("events*"))

    evaluation = run.evaluate()
    assert evaluation.size == 450 and evaluation.split == "test"
    again = evaluations.read(run.folder)
    assert again.metrics == evaluation.metrics
    assert np.array_equal(again.arrays["labels"], evaluation.arrays["labels"])
    assert run.report().stat().st_size > 10_000
    assert dlkit.class_names(run.best_model()) == tuple("0123456789")


def test_config_and_env_are_there_before_the_first_step(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe)
    run.build()
    there = {path.name for path in run.folder.iterdir() if not path.name.startswith(".")}
    assert there == {"config.yaml", "env.json"}
    assert yaml.safe_load((run.folder / "config.yaml").read_text())["optimizer"]["name"] == "adam"


def test_a_model_that_is_gone_leaves_no_graph_behind(tmp_path, recipe, fit):
    def graphs():
        gc.collect()
        return sum(type(one).__name__ == "FuncGraph" for one in gc.get_objects())

    for precision in ("float32", "float16"):  # which has an optimizer inside another
        run = dlkit.Run(tmp_path / precision, recipe.replace(precision=precision))
        before = graphs()
        fit(run)
        del run
        assert graphs() == before


def test_the_same_recipe_twice_gives_the_same_weights(tmp_path, recipe, fit):
    one, two = (fit(dlkit.Run(tmp_path / name, recipe)) for name in "ab")
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_a_resumed_run_ends_as_an_undisturbed_one(tmp_path, recipe, fit):
    """Whole epochs are the unit; a model without random layers comes out the same to the bit."""
    whole = fit(dlkit.Run(tmp_path / "whole", recipe))
    run = dlkit.Run(tmp_path / "part", recipe)
    model = run.build()
    args = run.fit_args() | {"epochs": 1}
    model.fit(run.train, validation_data=run.val, verbose=0, **args)
    resumed = dlkit.Run(tmp_path / "part", resume=True)
    assert resumed.epochs_done == 1
    part = fit(resumed)
    for a, b in zip(whole.get_weights(), part.get_weights(), strict=True):
        assert np.array_equal(a, b)
    one, two = (history.read(tmp_path / name).log for name in ("whole", "part"))
    assert one["val_loss"] == two["val_loss"] and one["epoch"] == two["epoch"]


def test_a_resumed_run_counts_its_seconds_from_the_beginning(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe)
    model = run.build()
    args = run.fit_args() | {"epochs": 1}
    model.fit(run.train, validation_data=run.val, verbose=0, **args)
    before = history.read(run.folder).seconds
    told = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            told.append(history.read(run.folder).seconds)

    resumed = dlkit.Run(run.folder, resume=True)
    model, args = resumed.build(), resumed.fit_args()
    args["callbacks"].append(Look())
    model.fit(resumed.train, validation_data=resumed.val, verbose=0, **args)
    assert told[0] >= before / 2  # the end of `fit` is in `before` too
    assert told[0] < history.read(run.folder).seconds < 2 * before + 60


@pytest.mark.parametrize(("asked", "taken"), [(5, 5), (7, 5), (100, 20)])
def test_several_steps_at_once_change_nothing(tmp_path, recipe, fit, asked, taken):
    model = fit(dlkit.Run(tmp_path / "many", recipe.replace(steps_per_execution=asked)))
    assert model.steps_per_execution == taken  # what divides the epoch's 20 steps
    assert state.digest(model) == state.digest(fit(dlkit.Run(tmp_path / "one", recipe)))


def test_an_old_run_is_not_written_over(tmp_path, recipe):
    dlkit.Run(tmp_path / "r", recipe).build()
    with pytest.raises(RunError, match="holds a run already") as caught:
        dlkit.Run(tmp_path / "r", recipe)
    with pytest.raises(RunError, match="holds a run already"):
        dlkit.Run(tmp_path / "r").build()
    assert "dlkit resume" in caught.value.fix and "-2" in caught.value.fix


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunError, match="is no run folder"):
        dlkit.Run(tmp_path)


def test_no_checkpoint(tmp_path, recipe):
    dlkit.Run(tmp_path / "r", recipe).build()
    with pytest.raises(RunError, match="stopped before the first was written"):
        dlkit.Run(tmp_path / "r").evaluate()


def test_a_run_that_was_stopped_before_its_first_save_begins_anew(tmp_path, recipe, fit, caplog):
    dlkit.Run(tmp_path / "r", recipe).build()
    resumed = dlkit.Run(tmp_path / "r", resume=True)
    fit(resumed)
    assert "beginning anew" in caplog.text
    assert resumed.status == "finished"


def test_a_ruined_checkpoint_costs_one_epoch(tmp_path, recipe, fit, caplog):
    run = dlkit.Run(tmp_path / "r", recipe.replace(save_every="1epoch"))
    whole = fit(run)
    (run.folder / "ckpt" / "last" / "state.npz").write_bytes(b"x")
    resumed = dlkit.Run(run.folder, resume=True)
    assert resumed.epochs_done == 1 and "state.npz was changed or cut short" in caplog.text
    assert state.digest(fit(resumed)) == state.digest(whole)


def test_the_checkpoint_that_was_gone_on_from_is_kept_until_there_are_two(tmp_path, recipe, fit):
    run = dlkit.Run(tmp_path / "r", recipe.replace(save_every="1epoch", epochs=3))
    fit(run)
    ckpt = run.folder / "ckpt"
    (ckpt / "last" / "state.npz").write_bytes(b"ruined")
    step = checkpoint.read(ckpt / "prev").step
    fit(dlkit.Run(run.folder, resume=True))
    assert checkpoint.read(ckpt / "prev").step == step
    assert checkpoint.read(ckpt / "last").step > step


def test_where_only_the_best_is_whole_it_goes_on_from_there(tmp_path, recipe, fit, caplog):
    run = dlkit.Run(tmp_path / "r", recipe.replace(save_every="1epoch"))
    fit(run)
    for name in ("last", "prev"):
        (run.folder / "ckpt" / name / "state.json").unlink()
    resumed = dlkit.Run(run.folder, resume=True)
    assert resumed.epochs_done == checkpoint.read(run.folder / "ckpt" / "best").epochs_done > 0
    assert np.array_equal(resumed.build().get_weights()[0], run.best_model().get_weights()[0])


def test_the_last_model_is_judged_where_best_is_ruined(tmp_path, recipe, fit, caplog):
    run = dlkit.Run(tmp_path / "r", recipe)
    model = fit(run)
    (run.folder / "ckpt" / "best" / "model.keras").write_bytes(b"x")
    assert np.array_equal(run.best_model().get_weights()[0], model.get_weights()[0])
    assert "Taking the last epoch's model" in caplog.text


def test_data_that_has_changed_is_refused(tmp_path, recipe, fit, monkeypatch):
    fit(dlkit.Run(tmp_path / "r", recipe))
    resumed = dlkit.Run(tmp_path / "r", resume=True)
    monkeypatch.setattr(resumed, "source", dataclasses.replace(resumed.source, fingerprint="other"))
    with pytest.raises(RunError, match=r"data of .* has changed"):
        resumed.build()


def test_a_run_goes_on_with_its_own_recipe_alone(tmp_path, recipe, fit):
    recipe = recipe.replace(save_every="1epoch")
    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    config = run.folder / "config.yaml"

    def edited(**settings):
        config.write_text(recipe.replace(**settings).to_yaml())
        return dlkit.Run(run.folder, resume=True)

    with pytest.raises(RunError, match=r"seed was 0, and is 3 now; optimizer\.name was 'adam'"):
        edited(seed=3, **{"optimizer.name": "sgd"}).build()
    assert edited(epochs=5, max_time=9.0, save_every="1epoch", early_stopping=2).epochs_done == 2
    assert edited(model="local/tiny", data="elsewhere").epochs_done == 2
    other = edited(model_options={"units": 8})
    with pytest.raises(RunError, match=r"model_options\.units was not set, and is 8") as caught:
        other.best_model()
    assert f"Restore it in {config}" in caught.value.fix and "--run" in caught.value.fix
    for name in ("last", "prev", "best"):
        facts = json.loads((run.folder / "ckpt" / name / "state.json").read_text())
        del facts["recipe"]
        (run.folder / "ckpt" / name / "state.json").write_text(json.dumps(facts))
    assert edited(seed=3).epochs_done == 2  # nobody noted what it was trained by


def test_the_same_names_in_full_are_no_other_recipe(tmp_path, recipe):
    saved = recipe.replace(dataset="dlkit-core/digits").as_dict()
    origin.check_recipe(saved, recipe, tmp_path)


def test_a_run_whose_checkpoints_are_lost_is_not_begun_anew(tmp_path, write_run):
    lost = write_run("lost", epochs=2)
    with pytest.raises(RunError, match=r"2 epochs were done .*checkpoints are gone") as caught:
        origin.check_never_saved(lost, "auto", lambda: 20)
    assert "--run" in caught.value.fix
    killed = write_run("killed", epochs=2, state={"status": "running"})
    for every in ("39steps", "1epoch"):
        with pytest.raises(RunError, match="checkpoints are gone"):
            origin.check_never_saved(killed, every, lambda: 20)
    for every in ("40steps", "2epoch"):  # it may have been killed in its first save
        origin.check_never_saved(killed, every, lambda: 20)
    soon, late = (
        write_run(name, epochs=3, state={"status": "running"}, log={"seconds": [5, seconds, 9]})
        for name, seconds in (("soon", 4.9), ("late", 5.1))
    )
    origin.check_never_saved(soon, "auto", lambda: 20)
    with pytest.raises(RunError, match="checkpoints are gone"):
        origin.check_never_saved(late, "auto", lambda: 20)
    (killed / "ckpt" / "last").mkdir(parents=True)
    origin.check_never_saved(killed, "auto", lambda: 20)


def test_a_damaged_status_is_written_anew(tmp_path, recipe, fit):
    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    whole = history.read(run.folder)
    (run.folder / "state.json").write_text("{")
    dlkit.Run(run.folder, resume=True).build()
    mended = history.read(run.folder)
    assert (mended.status, mended.epochs_done) == ("finished", 2)
    assert mended.best == whole.best and 0 < mended.seconds <= whole.seconds


def test_a_wrong_value_is_to_be_set_in_the_runs_file(tmp_path, recipe):
    (tmp_path / "config.yaml").write_text(recipe.to_yaml().replace("epochs: 2", "epochs: two"))
    with pytest.raises(errors.UsageError, match="'two'") as caught:
        dlkit.Run(tmp_path)
    assert caught.value.fix == f"Set it in {tmp_path / 'config.yaml'}"


def test_an_augmentation_that_there_is_none_of_is_told_before_data_is_read(tmp_path, recipe):
    unread = {"dataset": "image-folder", "data": str(tmp_path / "nowhere")}
    run = dlkit.Run(tmp_path / "r", recipe.replace(augment="nonsense", **unread))
    with pytest.raises(errors.DlkitError, match="'nonsense'"):
        run.build()


def test_another_machine_is_named(tmp_path, recipe, fit, caplog):
    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    path = run.folder / "env.json"
    env = json.loads(path.read_text())
    changed = {"processor": "Babbage", "cpu_count": 99, "flags": {"TF_ENABLE_ONEDNN_OPTS": "0"}}
    path.write_text(json.dumps(env | changed))
    dlkit.Run(run.folder, resume=True).build()
    assert "processor: Babbage then" in caplog.text and "threads: 99 then" in caplog.text
    assert "flags: {'TF_ENABLE_ONEDNN_OPTS': '0'} then, {} now" in caplog.text


def test_a_damaged_env_is_named(tmp_path, recipe, fit):
    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    (run.folder / "env.json").write_text("{")
    with pytest.raises(RunError, match=r"env\.json is damaged"):
        dlkit.Run(run.folder, resume=True)


def test_a_path_to_data_is_kept_whole(tmp_path, recipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert dlkit.Run("r", recipe.replace(data="here")).recipe.data == str(tmp_path / "here")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 3}, "gives 3 values an image, and digits has 10 classes"),
        ({"input_shape": [9, 9, 1]}, "takes images of 9×9×1, and digits has 8×8×1"),
    ],
)
def test_a_model_that_does_not_fit_the_data(tmp_path, recipe, options, message):
    run = dlkit.Run(tmp_path / "r", recipe.replace(model_options=options))
    with pytest.raises(errors.DlkitError, match=message) as caught:
        run.build()
    assert "model_options" in caught.value.fix
    assert not run.folder.exists()


def test_what_is_no_model_is_refused(tmp_path, recipe):
    dlkit.register_model("seven", task="image-classification")(lambda **_: 7)
    with pytest.raises(errors.DlkitError, match=r"local/seven.* built a int, not a keras\.Model"):
        dlkit.Run(tmp_path / "r", recipe.replace(model="local/seven")).build()


def test_a_loss_that_is_no_number_is_never_saved(tmp_path, recipe, fit):
    run = dlkit.Run(tmp_path / "r", recipe.replace(**{"optimizer.learning_rate": 1e38}))
    with pytest.raises(Diverged):
        fit(run)
    assert run.status == "diverged"
    assert not (run.folder / "ckpt").exists()
    assert "NaN" not in (run.folder / "state.json").read_text()


def test_the_best_epoch_of_a_run_that_diverges_is_kept(tmp_path, recipe):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                sound.extend(self.model.get_weights())
                self.model.set_weights([weight * np.nan for weight in sound])

    sound = []
    run = dlkit.Run(tmp_path / "r", recipe.replace(save_every="9epoch"))
    model, args = run.build(), run.fit_args()
    args["callbacks"].append(Spoil())
    with pytest.raises(Diverged):
        model.fit(run.train, validation_data=run.val, verbose=0, **args)
    assert run.status == "diverged"
    assert history.read(run.folder).best_epoch == 1
    for kept, weight in zip(run.best_model().get_weights(), sound, strict=True):
        assert np.array_equal(kept, weight)


def killed(folder, recipe, **settings):
    """A run that ended as by SIGKILL, at the start of its fourth epoch."""

    class Die(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                raise RuntimeError("killed")

    run = dlkit.Run(folder, recipe.replace(epochs=4, **settings))
    model, args = run.build(), run.fit_args()
    args["callbacks"].append(Die())
    with pytest.raises(RuntimeError, match="killed"):
        model.fit(run.train, validation_data=run.val, verbose=0, **args)
    return run


def test_of_a_run_that_was_killed_the_best_epoch_is_the_one_that_is_there(tmp_path, recipe):
    run = killed(tmp_path / "r", recipe, save_every="2epoch")
    named = history.read(run.folder)
    assert (named.status, named.best_epoch) == ("running", 3)
    run._lock.release()
    left = history.read(run.folder)
    assert (left.status, left.best_epoch) == ("killed", 2)
    assert left.best == left.log["val_accuracy"][1] and left.more_is_better
    assert checkpoint.read(run.folder / "ckpt" / "best").best["epoch"] == 2


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_the_best_epochs_values_are_as_good_as_its_file(
    tmp_path, recipe, fit, monkeypatch, momentum
):
    settings = {"save_every": "1epoch", "optimizer.ema_momentum": momentum}
    left = killed(tmp_path / "values", recipe, **settings)
    monkeypatch.setattr(best_epoch, "SHARE", float("inf"))
    filed = killed(tmp_path / "file", recipe, **settings)
    files = [(run.folder / "ckpt" / "best" / "model.keras").exists() for run in (left, filed)]
    assert files == [False, True]
    for value, kept in zip(
        left.best_model().get_weights(), filed.best_model().get_weights(), strict=True
    ):
        np.testing.assert_array_equal(value, kept)
    left._lock.release()
    model = fit(dlkit.Run(left.folder, resume=True))
    best = keras.saving.load_model(left.folder / "ckpt" / "best" / "model.keras")
    for kept, weight in zip(best.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, weight)


def test_early_stopping_and_time_limit(tmp_path, recipe, fit):
    cases = {"stopped early": {"early_stopping": 1, "optimizer.learning_rate": 1e-9, "epochs": 9},
             "time limit": {"max_time": 1e-6, "epochs": 9}}  # fmt: skip
    for i, (status, settings) in enumerate(cases.items()):
        run = dlkit.Run(tmp_path / str(i), recipe.replace(**settings))
        fit(run)
        state = json.loads((run.folder / "state.json").read_text())
        assert state["status"] == status
        assert state["epochs_done"] == dlkit.Run(run.folder, resume=True).epochs_done < 9
        assert state["epochs_done"] == (0 if status == "time limit" else 2)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_precision(tmp_path, recipe, precision, fit):
    run = dlkit.Run(tmp_path / "r", recipe.replace(precision=precision))
    model = fit(run)
    assert model.get_layer("hidden").compute_dtype == precision
    assert model.get_layer("hidden").kernel.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert run.evaluate().metrics["accuracy"] > 0.2


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
def test_optimizers_learn_and_spare_biases(tmp_path, recipe, name, fit):
    settings = {"optimizer.name": name, "optimizer.weight_decay": 1e-4, "schedule": "step"}
    run = dlkit.Run(tmp_path / "r", recipe.replace(**settings))
    model = fit(run)
    used = [v.path for v in model.trainable_variables if model.optimizer._use_weight_decay(v)]
    assert used and not any("bias" in path for path in used)
    losses = history.read(run.folder).log["loss"]
    assert losses[-1] < losses[0]


def test_class_weights_reach_the_stream(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe.replace(class_weights=True))
    images, labels, weights = next(iter(run.train))
    assert images.shape[0] == labels.shape[0] == weights.shape[0] == 32


def test_a_batch_larger_than_the_data_leaves_no_folder(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe.replace(batch_size=5000))
    with pytest.raises(errors.DlkitError, match="5000"):
        run.build()
    assert not run.folder.exists()


def test_a_damaged_evaluation_is_named(tmp_path, recipe, fit):
    run = dlkit.Run(tmp_path / "r", recipe)
    fit(run)
    run.evaluate()
    figures = (run.folder / "evaluation.json").read_text()
    (run.folder / "evaluation.json").write_text("{}")
    with pytest.raises(errors.DlkitError, match=r"evaluation\.json.*damaged"):
        run.report()
    (run.folder / "evaluation.json").write_text(figures)
    (run.folder / "evaluation.npz").write_bytes(b"x")
    with pytest.raises(errors.DlkitError, match=r"evaluation\.npz.*damaged") as caught:
        run.report()
    assert caught.value.fix == f"Make it again: dlkit eval {run.folder}"


def test_new_folders_are_numbered(tmp_path):
    names = [new_folder("acme/net", "digits", tmp_path).name for _ in range(2)]
    assert names == ["acme-net-digits-01", "acme-net-digits-02"]


def test_one_process_at_a_time(tmp_path, recipe):
    run = dlkit.Run(tmp_path / "r", recipe)
    run.build()
    code = (
        "import pathlib, sys; from dlkit.train import lock; folder = pathlib.Path(sys.argv[1]);"
        "print(lock.is_held(folder)); lock.acquire(folder)"
    )
    words = [sys.executable, "-c", code, run.folder]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.stdout == "True\n"
    assert "is being trained by another process" in done.stderr
    assert lock.is_held(run.folder)  # to ask for it gives nothing away
    dlkit.Run(run.folder, resume=True).build()  # this process may, again
    del run
    gc.collect()
    assert not lock.is_held(tmp_path / "r")
