"""A cache of the test's own."""

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where datasets are downloaded to."""
    monkeypatch.setenv("DLKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home" / "datasets"
