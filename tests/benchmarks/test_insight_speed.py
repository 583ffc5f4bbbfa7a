"""What the NaN report and the input's stopwatch cost: epochs with them beside bare ones.

Run by `pytest tests/benchmarks --benchmark-only`; the figures are printed, none is asserted. The
peer of each is the `bare` epoch of the same run.
"""

import pytest

import dlkit
from dlkit.train.callbacks import NaNReport
from dlkit.train.input_time import InputTime

EPOCHS = 4


@pytest.fixture(scope="module", params=["lenet5", "resnet20"])
def run(request, tmp_path_factory):
    return dlkit.Run(
        tmp_path_factory.mktemp("runs") / "r", dlkit.Recipe.load(request.param, "digits")
    )


@pytest.mark.parametrize("kind", ["bare", "report on a stream", "report on any data", "stopwatch"])
def test_an_epoch(benchmark, run, tmp_path, kind):
    from dlkit.train import construct

    steps = run.stream.steps_per_epoch
    model = construct.compiled(run.recipe, run.task, run.source, steps)
    chosen = {
        "report on a stream": lambda: [NaNReport(tmp_path / "nan", run.stream)],
        "report on any data": lambda: [NaNReport(tmp_path / "nan")],
    }.get(kind, list)

    def train():
        data = run.stream.dataset(epochs=EPOCHS)
        model.fit(
            InputTime().of(data) if kind == "stopwatch" else data, epochs=EPOCHS, verbose=0,
            steps_per_epoch=steps, shuffle=False, callbacks=chosen(),
        )  # fmt: skip

    benchmark.pedantic(train, rounds=5, warmup_rounds=1)
    benchmark.extra_info["seconds_an_epoch"] = benchmark.stats["min"] / EPOCHS
