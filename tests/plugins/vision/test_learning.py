"""What `dlkit train lenet5` reaches, over five seeds, beside its baseline."""

import numpy as np
import pytest

import dlkit


@pytest.mark.slow
def test_lenet5_beats_nearest_neighbours_on_digits(tmp_path, capsys):
    found = []
    for seed in range(5):
        run = dlkit.Run(tmp_path / str(seed), dlkit.Recipe.load("lenet5", seed=seed))
        model = run.build()
        model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
        evaluation = run.evaluate()
        found.append(evaluation.metrics["accuracy"])
    baseline = evaluation.baseline["accuracy"]
    with capsys.disabled():
        print(f"\nlenet5 on digits, 5 seeds: {np.round(found, 4)}, mean {np.mean(found):.4f}, "
              f"worst {min(found):.4f}; 3-nearest-neighbour {baseline:.4f}")  # fmt: skip
    assert np.mean(found) >= 0.98
    assert min(found) >= 0.975
    assert np.mean(found) > baseline
