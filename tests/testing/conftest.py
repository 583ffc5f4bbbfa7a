"""A sound plugin, that a test breaks in one place."""

import keras
import pytest

from tests.testing.sound import MANIFEST, MODELS


@pytest.fixture
def plugin(make_plugin):
    """`plugin(*edits)` installs faulty-nets and gives its package; an edit is `(old, new)`."""
    known = dict(keras.saving.get_custom_objects())

    def install(*edits):
        manifest, models = MANIFEST, MODELS
        for old, new in edits:
            assert (old in manifest) != (old in models), old
            manifest, models = manifest.replace(old, new), models.replace(old, new)
        site = make_plugin("faulty-nets", manifest, {"models.py": models, "other.py": ""})
        return site / "faulty_nets"

    yield install
    objects = keras.saving.get_custom_objects()
    objects.clear()
    objects.update(known)
