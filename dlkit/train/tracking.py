"""Runs in MLflow as well, by MLflow's own autologging; switched on by `DLKIT_MLFLOW=1`.

MLflow is no dependency of dlkit, and the switch no part of a recipe: the same run comes out. What
is logged where is up to MLflow's own settings, such as `MLFLOW_TRACKING_URI`.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from dlkit.train import extras, history
from dlkit.train.recipe import Recipe

SWITCH = "DLKIT_MLFLOW"


def around(folder: str | os.PathLike, recipe: Recipe) -> contextlib.AbstractContextManager:
    """What to put around `fit`: an MLflow run with the recipe's fields, or nothing.

    A run that goes on later becomes a second MLflow run of the same name; its epochs go on where
    the first one's end.

    Args:
        folder: the run's; its name is the MLflow run's.
        recipe: logged as parameters `recipe.optimizer.name`, ….

    Raises:
        MissingExtra: it is switched on, and MLflow is not installed.

    Example:
        >>> with tracking.around(run.folder, run.recipe):
        ...     model.fit(run.train, validation_data=run.val, **run.fit_args())
    """
    if os.environ.get(SWITCH, "") in ("", "0"):
        return contextlib.nullcontext()
    extras.need(f"{SWITCH}={os.environ[SWITCH]}", ["mlflow"], "mlflow")
    return _mlflow(pathlib.Path(folder), recipe)


@contextlib.contextmanager
def _mlflow(folder: pathlib.Path, recipe: Recipe) -> Iterator[None]:
    import mlflow
    import mlflow.keras

    # Models stay in the run's folder; to log the data, MLflow would read all of it once more.
    mlflow.keras.autolog(log_models=False, log_datasets=False)
    try:
        with mlflow.start_run(run_name=folder.name):
            settings = history.flat(recipe.as_dict())
            mlflow.log_params({f"recipe.{path}": value for path, value in settings.items()})
            mlflow.set_tag("dlkit.folder", str(folder.absolute()))
            yield
    finally:
        mlflow.keras.autolog(disable=True)
