"""Runs side by side, as rows."""

from dlkit.train import comparison, history


def test_only_differing_fields_and_known_figures(write_run):
    records = [
        history.read(write_run("a", augment="shift", class_weights=None)),
        history.read(write_run("b", epochs=2, evaluation=None)),
    ]
    assert comparison.recipes(records) == [
        ["epochs", "3", "2"],
        ["augment", "shift", "none"],
        ["class_weights", "none", "–"],
    ]
    rows = {row[0]: row[1:] for row in comparison.results(records)}
    assert rows["epochs"] == ["3 of 3", "2 of 2"]
    assert rows["best val_accuracy"] == ["0.7000 (epoch 3)", "0.6000 (epoch 2)"]
    assert rows["accuracy"] == ["0.8000", ""] and rows["judged on"] == ["10 rows of test", ""]
    assert rows["accuracy of the baseline"] == ["0.5000", ""]
    assert "loss of the baseline" not in rows
    assert comparison.doubts(records) == []


def test_doubts(write_run):
    records = [
        history.read(write_run("a")),
        history.read(write_run("b", env={"data": {"fingerprint": "other"}, "keras": "3.16"},
                               evaluation={"split": "val"})),
    ]  # fmt: skip
    assert comparison.doubts(records) == [
        "not the same data in all runs",
        "not the same version of Keras in all runs",
        "not the same split that was judged in all runs",
    ]


def test_what_to_draw(write_run):
    by_loss = {"best": {"epoch": 1, "monitor": "val_loss", "value": 0.5}}
    records = [history.read(write_run("a")), history.read(write_run("b", state=by_loss))]
    assert comparison.metrics(records) == ["loss", "accuracy"]
