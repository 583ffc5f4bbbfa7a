"""Hostile files are honest ones with a part replaced, so that nothing but the part is refused."""

import json
import zipfile

import keras
import pytest


@pytest.fixture(scope="session")
def honest(tmp_path_factory):
    """A `.keras` file of a two-layer model."""
    path = tmp_path_factory.mktemp("honest") / "honest.keras"
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d")], name="net")
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    return path


@pytest.fixture
def rewrite(honest, tmp_path):
    """`rewrite(config=…, members=…)`: the honest file with another config or other members.

    `config` takes the config and changes it in place; `members` maps names, or `ZipInfo`s, to
    contents, None for one that is left out.
    """

    def write(config=None, members=None, name="hostile.keras"):
        with zipfile.ZipFile(honest) as old:
            content = {name: old.read(name) for name in old.namelist()}
        if config is not None:
            changed = json.loads(content["config.json"])
            config(changed)
            content["config.json"] = json.dumps(changed).encode()
        content |= members or {}
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as new:
            for member, data in content.items():
                if data is not None:
                    new.writestr(member, data)
        return path

    return write


@pytest.fixture
def with_layer(rewrite):
    """`with_layer({…})`: the honest file with another last layer, by its config."""

    def write(layer):
        return rewrite(lambda config: config["config"]["layers"].__setitem__(-1, layer))

    return write


@pytest.fixture
def marker(tmp_path):
    """A file that payloads make; it must not be there when the test ends."""
    path = tmp_path / "pwned"
    yield path
    assert not path.exists(), "the payload ran"
