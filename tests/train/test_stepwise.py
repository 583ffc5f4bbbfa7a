"""How many steps run in one call."""

import pytest

import dlkit
from dlkit.train import stepwise


@pytest.mark.parametrize(
    ("most", "steps", "others", "expected"),
    [
        (17, 34, {}, 17),
        (17, 20, {}, 10),
        (17, 34, {"done": 68}, 17),
        (17, 20, {"done": 45}, 5),
        (17, 34, {"done": 1}, 1),
        (17, 34, {"replicas": 2}, 1),
    ],
)
def test_at_once(most, steps, others, expected):
    assert stepwise.at_once(most, steps, **others) == expected


def test_a_run_that_stopped_where_it_did_fewer_at_once_ends_at_the_same_step(
    tmp_path, recipe, fit, monkeypatch
):
    recipe = recipe.replace(steps_per_execution=10, max_time=1e-6)
    with monkeypatch.context() as patched:  # as on several devices
        patched.setattr(stepwise, "at_once", lambda *given: 1)
        fit(dlkit.Run(tmp_path / "r", recipe))
    run = dlkit.Run(tmp_path / "r", resume=True)
    run.recipe = recipe.replace(max_time=0)
    assert fit(run).optimizer.iterations.numpy() == 40
