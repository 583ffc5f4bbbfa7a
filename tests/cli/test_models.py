"""`dlkit models`, `datasets`, `plugins`: what is listed, filtered, and said of no result."""

import json

import pytest

from dlkit.cli import main, output

MODEL = """
[[model]]
name = "{name}"
build = "acme_nets.models:net"
summary = "{summary}"
task = "{task}"
params = {params}
variables = {params}
license = "MIT"
input_shape = [32, 32, 3]
tags = {tags}
{more}
"""
WEIGHTS = (
    f'weights = [{{ tag = "faces", url = "https://example.org/w.h5", hash = "md5:{"0" * 32}", '
    'license = "MIT" }]'
)
DATASET = """
[[dataset]]
name = "cells"
build = "acme_nets.data:cells"
summary = "Blood cells"
task = "image-classification"
splits = { train = 12000, val = 300 }
input_shape = [64, 64, 3]
num_classes = 8
"""


def model(name, summary="a net", task="image-classification", params=1, tags="[]", more=""):
    return MODEL.format(
        name=name, summary=summary, task=task, params=params, tags=tags, more=more
    )  # fmt: skip


@pytest.fixture(autouse=True)
def acme(make_plugin, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    tables = [
        model("net20", params=272_474, tags='["residual"]'),
        model("net110", params=1_730_714, tags='["residual", "deep"]', more=WEIGHTS),
        model("tiny", summary="Ein kleines Netz für Übungen", task="object-detection"),
        model("old", more='deprecated = "use net20"'),
        DATASET,
    ]
    files = {"models.py": "", "data.py": ""}
    return make_plugin("acme-nets", "api = 1\n" + "".join(tables), files)


def listed(capsys, *words):
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [row["name"] for row in json.loads(out)]


def test_columns_are_aligned_and_in_natural_order(capsys):
    assert main(["models", "acme-nets/*"]) == 0
    assert capsys.readouterr().out == (
        "name                 params  input    summary\n"
        "acme-nets/net20     272,474  32×32×3  a net\n"
        "acme-nets/net110  1,730,714  32×32×3  a net\n"
        "acme-nets/tiny            1  32×32×3  Ein kleines Netz für Übungen\n"
    )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["acme-nets/net*"], ["net20", "net110"]),
        (["--plugin", "Acme_Nets", "--all"], ["net20", "net110", "old", "tiny"]),
        (["--plugin", "acme-nets", "--task", "object-detection"], ["tiny"]),
        (["--tag", "deep"], ["net110"]),
        (["--plugin", "acme-nets", "--pretrained"], ["net110"]),
    ],
)
def test_filters(words, names, capsys):
    assert listed(capsys, "models", *words) == [f"acme-nets/{name}" for name in names]


def test_json_is_one_list_of_whole_objects(capsys):
    assert main(["models", "acme-nets/net110", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["namespace"], row["kind"]) == (
        "acme-nets/net110",
        "acme-nets",
        "model",
    )
    assert row["params"] == 1_730_714
    assert row["weights"][0]["tag"] == "faces"


def test_deprecated_ones_say_so(capsys):
    assert main(["models", "acme-nets/old", "--all"]) == 0
    assert "(deprecated) a net" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["net"], "no model matches 'net'. Did you mean '*net*'?"),
        (["acme-nets/nte20"], "Did you mean 'acme-nets/net20'?"),
        (["tinny"], "Did you mean 'acme-nets/tiny'?"),
        (["--task", "object-detektion"], "Did you mean 'object-detection'?"),
        (["--plugin", "acme-net"], "Did you mean 'acme-nets'?"),
        (["--tag", "residal"], "no model matches --tag residal. Did you mean 'residual'?"),
        (["tiny", "--pretrained"], "no model matches 'tiny' --pretrained.\n"),
        (["zzzzzz"], "no model matches 'zzzzzz'.\n  See all "),
    ],
)
def test_nothing_found_is_a_failure_with_a_hint(words, hint, capsys):
    assert main(["models", *words]) == 1
    out, err = capsys.readouterr()
    assert hint in err
    assert "dlkit models --all" in err
    assert out == ""


def test_nothing_found_as_json_is_an_empty_list(capsys):
    assert main(["models", "zzzzzz", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == []
    assert "no model matches" in err


def test_datasets(capsys):
    assert main(["datasets", "--plugin", "acme-nets"]) == 0
    assert capsys.readouterr().out == (
        "name             splits                input    classes  summary\n"
        "acme-nets/cells  train 12,000 val 300  64×64×3        8  Blood cells\n"
    )
    assert listed(capsys, "datasets", "cells") == ["acme-nets/cells"]


def test_plugins(capsys):
    assert main(["plugins"]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("acme-nets")]
    assert line.split(maxsplit=3) == ["acme-nets", "0.1", "ok", "4 models, 1 dataset"]


def test_plugins_as_json(capsys):
    assert main(["plugins", "--json"]) == 0
    rows = {row["distribution"]: row for row in json.loads(capsys.readouterr().out)}
    row = rows["acme-nets"]
    assert (row["version"], row["state"], row["problem"]) == ("0.1", "ok", "")


def test_a_terminal_cuts_the_summary(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "55")
    assert main(["models", "acme-nets/*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 55
    assert lines[-1].endswith("Ein kleines Netz…")


def test_a_terminal_without_the_letters(dlkit_command):
    env = {"PYTHONIOENCODING": "ascii"}
    done = dlkit_command("models", "acme-nets/tiny", env=env)
    assert done.returncode == 0
    assert "32?32?3" in done.stdout
    (row,) = json.loads(dlkit_command("models", "acme-nets/tiny", "--json", env=env).stdout)
    assert row["summary"] == "Ein kleines Netz für Übungen"


def test_wide_letters_keep_the_columns():
    text = output.table(("a", "b"), [("深い", "x"), ("net", "y"), ("e\u0301t", "z")])
    assert text.splitlines() == ["a     b", "深い  x", "net   y", "e\u0301t    z"]


def test_a_plugins_words_cannot_disturb_the_terminal():
    text = output.table(("a",), [("one\ntwo\x1b[2J\x07",)])
    assert text == "a\none two[2J"


def test_empty_columns_are_left_out():
    assert output.table(("a", "b", ">c"), [("x", "", "1")]) == "a  c\nx  1"
