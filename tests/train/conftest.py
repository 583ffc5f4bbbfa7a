"""A run that takes a second."""

import pytest

import dlkit


@pytest.fixture(autouse=True)
def tiny(local_tiny):
    """Every test here may train `local/tiny`."""


@pytest.fixture
def recipe():
    """Two epochs of twenty steps on digits."""
    return dlkit.Recipe.load("local/tiny", epochs=2, limit_batches=20)


@pytest.fixture
def fit():
    """The whole loop: builds a run's model and fits it."""

    def loop(run):
        model = run.build()
        model.fit(run.train, validation_data=run.val, verbose=0, **run.fit_args())
        return model

    return loop
