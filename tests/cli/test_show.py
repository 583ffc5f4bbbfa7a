"""`dlkit show`: the whole of what a manifest and the code's text say, and no code is run."""

import json
import re

import pytest

from dlkit.cli import main

MANIFEST = """
api = 1

[[model]]
name = "net20"
build = "acme_nets.models:net20"
summary = "Twenty layers"
task = "image-classification"
params = 272474
variables = 274042
license = "MIT"
input_shape = [32, 32, 3]
num_classes = 10
tags = ["residual"]
aliases = ["net-20"]
requires = ["scipy>=1.0"]
paper = { title = "On nets", year = 2020, arxiv = "2001.00001" }
[model.levels]
C3 = { layer = "conv3_out", stride = 8, channels = 64 }
C4 = { layer = "conv4_out", stride = 16, channels = 128 }
[[model.weights]]
tag = "faces"
url = "https://example.org/w.h5"
hash = "sha256-8:0123abcd"
license = "CC-BY-4.0"
size = 1500000
config = { style = "keras", num_classes = 7 }
preprocessing = { resize = 256, crop = 224 }
metrics = { top1 = 0.91 }

[[dataset]]
name = "cells"
build = "acme_nets.data:cells"
summary = "Blood cells"
task = "image-classification"
url = "https://example.org/cells"
splits = { train = 12000, val = 300 }

[[loss]]
name = "cells"
build = "acme_nets.gone:loss"
summary = "A loss for cells"

[[recipe]]
name = "net20-cells"
model = "acme-nets/net20"
dataset = "acme-nets/cells"
summary = "Thirty epochs of Adam"
settings = { epochs = 30, "optimizer.name" = "adam" }
"""
MODELS = '''
raise SystemExit("no code may run")


@functools.cache
def net20(*, num_classes, input_shape=(32, 32, 3), style="keras", **more):
    """Twenty layers."""
'''


@pytest.fixture(autouse=True)
def acme(make_plugin):
    files = {"__init__.py": "raise ImportError('no code may run')", "models.py": MODELS}
    files |= {"data.py": "def cells(*, data=None): pass\n", "gone.py": "loss: object = print\n"}
    return make_plugin("acme-nets", MANIFEST, files)


def test_all_of_a_model(acme, capsys):
    assert main(["show", "acme-nets/net20"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        out
        == f"""\
acme-nets/net20: model of acme-nets 0.1
  Twenty layers

  task        image-classification
  parameters  272,474 trainable, 274,042 in all
  input       32×32×3
  classes     10
  paper       On nets (2020)
              https://arxiv.org/abs/2001.00001
  license     MIT
  levels      level  layer      stride  channels
              C3     conv3_out       8        64
              C4     conv4_out      16       128
  weights     acme-nets/net20@faces  1.5 MB  CC-BY-4.0  top1 0.91
  tags        residual
  aliases     net-20
  requires    scipy>=1.0
  recipe      acme-nets/net20-cells: Thirty epochs of Adam
  options     num_classes
              input_shape=(32, 32, 3)
              style='keras'
              **more
  code        {acme}/acme_nets/models.py:6
"""
    )


@pytest.mark.parametrize("name", ["acme-nets/net-20", "Acme_Nets/net20", "acme-nets/net20@faces"])
def test_other_ways_to_say_the_name(name, capsys):
    assert main(["show", name]) == 0
    assert capsys.readouterr().out.startswith("acme-nets/net20: model")


def test_published_weights(capsys):
    assert main(["show", "acme-nets/net20@faces"]) == 0
    assert (
        """
  faces       https://example.org/w.h5
              sha256-8:0123abcd
  built with  style='keras', num_classes=7
  images      resize 256, crop 224
  take them   dlkit.create_model('acme-nets/net20@faces')
  tags        residual
"""
        in capsys.readouterr().out
    )


def test_json(acme, capsys):
    assert main(["show", "acme-nets/net20", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["file"] == f"{acme}/acme_nets/models.py"
    assert row["line"] == 6
    assert row["options"]["style"] == "'keras'"
    assert row["recipes"] == ["acme-nets/net20-cells"]
    assert row["version"] == "0.1"
    assert row["paper"]["arxiv"] == "2001.00001"


def test_one_name_of_several_kinds(acme, capsys):
    assert main(["show", "acme-nets/cells"]) == 0
    dataset, loss = capsys.readouterr().out.split("\n\nacme-nets/cells: loss")
    assert "splits   train 12,000, val 300" in dataset
    assert "recipe   acme-nets/net20-cells" in dataset
    assert "options  not to be seen without running its code\n" in loss
    assert f"code     {acme}/acme_nets/gone.py:1\n" in loss
    assert main(["show", "acme-nets/cells", "--kind", "loss", "--json"]) == 0
    assert [row["kind"] for row in json.loads(capsys.readouterr().out)] == ["loss"]


def test_a_recipe_points_at_its_table(acme, capsys):
    assert main(["show", "acme-nets/net20-cells"]) == 0
    out = capsys.readouterr().out
    assert "settings  epochs = 30\n            optimizer.name = 'adam'" in out
    assert "dlkit train acme-nets/net20 --dataset acme-nets/cells" in out
    assert f"code      {acme}/acme_nets/dlkit.toml" in out


def test_a_kinds_names(capsys):
    assert main(["show", "--kind", "recipe"]) == 0
    assert re.search(r"acme-nets/net20-cells +Thirty epochs of Adam", capsys.readouterr().out)
    assert main(["show", "--kind", "recipe", "--json"]) == 0
    assert "acme-nets/net20-cells" in [r["name"] for r in json.loads(capsys.readouterr().out)]


def test_a_kind_that_nobody_brings(capsys):
    assert main(["show", "--kind", "anchor-generator"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "No plugin brings anchor generators.\n")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["acme-nets/net2O"], 1, "Did you mean 'acme-nets/net20'?"),
        (["net20"], 1, "bare names mean only those. Did you mean 'acme-nets/net20'?"),
        (["acme-nets/cels"], 1, "no dataset 'acme-nets/cels'. Did you mean 'acme-nets/cells'?"),
        (["nobody/net"], 1, "Install it: pip install nobody"),
        (["acme-nets/net20@face"], 1, "no weights 'face'. Did you mean 'faces'?"),
        (["x", "--kind", "modle"], 2, "no kind 'modle'. Did you mean 'model'?"),
    ],
)
def test_what_there_is_not(words, code, message, capsys):
    assert main(["show", *words]) == code
    assert message in capsys.readouterr().err
