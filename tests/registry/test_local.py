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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"name": "a b"}, "expected a name of letters"),
        ({"name": 3}, "expected a name of letters, digits and . _ + -, got the integer 3"),
        ({"name": "tiny", "sumary": 1}, "there is no field 'sumary'. Did you mean 'summary'?"),
        ({"name": "tiny", "namespace": "acme"}, "there is no field 'namespace'"),
    ],
)
def test_bad_names_and_fields(call, message):
    with pytest.raises(errors.UsageError) as caught:
        dlkit.register_model(task="image-classification", **call)
    assert str(caught.value).startswith("register_model") and message in str(caught.value)


TASK = """
api = 1
[[task]]
name = "depth"
build = "acme_nets:Depth"
summary = "How far each pixel is"
"""


def test_the_task_is_one_that_a_plugin_brings(make_plugin):
    with pytest.raises(errors.UnknownName, match="Did you mean 'image-classification'"):
        dlkit.register_model("tiny", task="image-clasification")
    with pytest.raises(errors.WrongType, match="task: expected a registered name, got 3"):
        dlkit.register_model("tiny", task=3)
    with pytest.raises(errors.PluginNotInstalled):
        dlkit.register_model("tiny", task="acme-nets/depth")
    make_plugin("acme-nets", TASK)
    dlkit.register_model("tiny", task="acme-nets/depth")(cell(1))
    assert dlkit.model_info("local/tiny").task == "acme-nets/depth"
    dlkit.register_model("small", task="dlkit-core/image-classification")(cell(1))
    assert dlkit.list_models("small", task="image-classification") == ["local/small"]


@pytest.mark.parametrize("builder", [None, 3, "tiny", {"a": 1}], ids=repr)
def test_what_cannot_be_called_is_refused(builder):
    with pytest.raises(errors.WrongType) as caught:
        dlkit.register_model("tiny", task="image-classification")(builder)
    expected = f"register_model('tiny'): expected a function that returns a model, got {builder!r}."
    assert caught.value.message == expected
    assert local.specs("model") == ()


BUILDERS = {  # a cell that makes `build`, what `create_model(size=4)` gives, where it is
    "partial": ("build = functools.partial(tiny, depth={})", 5, "cell.py:2"),
    "partials": ("build = functools.partial(functools.partial(tiny), depth={})", 5, "cell"),
    "lambda": ("build = lambda *, size=1: size + {}", 5, "cell.py:4"),
    "class": ("class Net(int):\n  def __new__(cls, *, size=1): return size + {}\nbuild = Net", 5,
              "__main__:Net"),
    "attribute": ("class Net:\n  d = {}\n  def __init__(self, size=1): pass\nbuild = Net", None,
                  "__main__:Net"),
    "object": ("class Net:\n  def __init__(self, d): self.d = d\n"
               "  def __call__(self, *, size=1): return size + self.d\nbuild = Net({})", 5,
               "cell.py:6"),
    "method": ("class Net:\n  def __init__(self, d): self.d = d\n"
               "  def net(self, *, size=1): return size + self.d\nbuild = Net({}).net", 5,
               "cell.py:6"),
    "wrapped": ("build = functools.cache(functools.partial(tiny, depth={}))", 5, "cell.py:2"),
    "closure": ("def make(d):\n  def net(*, size=1): return size + d\n  return net\n"
                "build = make({})", 5, "cell.py:5"),
    "default object": ("def build(*, size=1, act=object(), d={}): return size + d", 5, "cell.py:4"),
    "default list": ("def build(*, size=1, d=[{}]): return size + d[0]", 5, "cell.py:4"),
    "holds itself": ("def make():\n  def net(*, size=1, d={}): return net and size + d\n"
                     "  return net\nbuild = make()", 5, "cell.py:5"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BUILDERS)
def test_anything_that_can_be_called_is_a_builder(kind):
    text, made, where = BUILDERS[kind]

    def run(value):
        scope = {"__name__": "__main__"}
        before = "import functools\ndef tiny(*, size=1, depth=0):\n    return size + depth\n"
        exec(compile(before + text.format(value), "cell.py", "exec"), scope)
        return dlkit.register_model("it", task="image-classification")(scope["build"])

    run(1)
    run(1)  # the same cell again
    assert dlkit.model_info("local/it").where.startswith(where)
    if made is not None:
        assert dlkit.create_model("local/it", size=4) == made
    with pytest.raises(errors.UnknownOption, match=r"'sise'\. Did you mean 'size'"):
        dlkit.create_model("local/it", sise=4)
    with pytest.raises(errors.DuplicateName, match="already registered at"):
        run(2)


def test_builders_that_are_written_in_c():
    register = dlkit.register_model("it", task="image-classification")
    register(dict)
    register(dict)
    assert dlkit.create_model("local/it", any_option=3) == {"any_option": 3}
    assert dlkit.model_info("local/it").where == "builtins:dict"
    with pytest.raises(errors.DuplicateName, match="at builtins:dict"):
        register(list)
    replace = dlkit.register_model("it", task="image-classification", replace=True)
    replace(print)
    with pytest.raises(errors.DuplicateName, match="at builtins:print"):
        register(len)
    with pytest.raises(errors.UnknownOption, match="It takes: sep, end, file, flush"):
        dlkit.create_model("local/it", args=3)
