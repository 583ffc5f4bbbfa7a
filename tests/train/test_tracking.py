"""MLflow beside a run."""

import pytest

import dlkit
from dlkit.train import extras, tracking


def test_without_the_switch_nothing_happens(recipe, monkeypatch):
    for value in (None, "", "0"):
        monkeypatch.delenv(tracking.SWITCH, raising=False)
        if value is not None:
            monkeypatch.setenv(tracking.SWITCH, value)
        monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
        with tracking.around("runs/a", recipe):
            pass


def test_without_mlflow_it_is_refused_at_once(recipe, monkeypatch):
    monkeypatch.setenv(tracking.SWITCH, "1")
    monkeypatch.setattr(extras.discovery, "find_module", lambda name: None)
    with pytest.raises(extras.MissingExtra, match="DLKIT_MLFLOW=1 needs mlflow") as caught:
        tracking.around("runs/a", recipe)
    assert caught.value.fix == 'Install it: pip install "mlflow"'


def test_a_run_in_mlflow(tmp_path, recipe, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(tracking.SWITCH, "1")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    run = dlkit.Run(tmp_path / "exp1", recipe)
    model = run.build()
    with tracking.around(run.folder, run.recipe):
        model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
    (found,) = mlflow.MlflowClient().search_runs(["0"])
    assert (found.info.run_name, found.info.status) == ("exp1", "FINISHED")
    assert found.data.params["recipe.optimizer.name"] == "adam"
    assert found.data.metrics["val_accuracy"] == pytest.approx(
        dlkit.train.history.read(run.folder).log["val_accuracy"][-1]
    )
    assert mlflow.active_run() is None
