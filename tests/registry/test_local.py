"""What a notebook registers for itself."""

import pytest

import dlkit
from dlkit.registry import errors, local


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setattr(local, "_specs", {})


def cell(value):
    """What running a notebook cell does: compiles the text anew."""
    text = f"def tiny(*, size=1):\n    return size + {value}\n"
    scope = {"__name__": "__main__"}
    exec(compile(text, "cell.py", "exec"), scope)
    return scope["tiny"]


def test_a_function_becomes_a_model():
    function = dlkit.register_model("tiny", task="image-classification", summary="s")(cell(1))
    assert function(size=2) == 3
    assert dlkit.create_model("local/tiny", size=4) == 5
    assert "local/tiny" in dlkit.list_models()
    assert dlkit.model_info("local/tiny").where == "cell.py:1"


def test_the_same_cell_again_changes_nothing_and_a_changed_one_must_say_so():
    register = dlkit.register_model("tiny", task="image-classification")
    register(cell(1))
    register(cell(1))
    with pytest.raises(errors.DuplicateName, match=r"already registered at cell\.py:1") as caught:
        register(cell(2))
    assert caught.value.fix == "Replace it: register_model(…, replace=True)"
    dlkit.register_model("tiny", task="image-classification", replace=True)(cell(2))
    assert dlkit.create_model("local/tiny") == 3


def test_the_bare_name_is_not_taken():
    dlkit.register_model("tiny", task="image-classification")(cell(1))
    with pytest.raises(errors.AmbiguousName, match="local/tiny"):
        dlkit.model_info("tiny")


@pytest.mark.parametrize("call", [{"name": "a b"}, {"name": "tiny", "colour": 1}])
def test_bad_names_and_fields(call):
    with pytest.raises(errors.UsageError, match="register_model"):
        dlkit.register_model(task="t", **call)(cell(1))
