"""A manifest's mistakes, each named by file, table and key."""

import pytest

from dlkit.registry import manifest

GOOD = """
api = 1
[[model]]
name = "net"
build = "acme_nets:build"
summary = "a net"
task = "image-classification"
params = 10
variables = 12
license = "MIT"
input_shape = [32, 32, 1]
levels = { C1 = { layer = "conv1", stride = 2, channels = 8 } }
paper = { title = "Nets", year = 2020, arxiv = "2001.00001" }
"""


def read(tmp_path, text):
    path = tmp_path / "dlkit.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return manifest.read(path, "acme-nets", "acme_nets")


def test_a_good_one(tmp_path):
    found = read(tmp_path, GOOD)
    assert not found.problems
    (net,) = found.specs
    assert (net.full_name, net.params, net.input_shape) == ("acme-nets/net", 10, (32, 32, 1))
    assert net.levels["C1"].stride == 2
    assert net.paper.link == "https://arxiv.org/abs/2001.00001"
    assert (found.modules, found.serial_package) == (("acme_nets",), "acme_nets")


@pytest.mark.parametrize(
    ("change", "where", "expected"),
    [
        (("params = 10", 'params = "many"'), "model[0].params", "expected an integer of 0 or more"),
        (("params = 10", "params = true"), "model[0].params", "got the boolean True"),
        (("params = 10", "params = -1"), "model[0].params", "0 or more"),
        (("params = 10", "parms = 10"), "model[0].parms", "Did you mean 'params'?"),
        (("params = 10\n", ""), "model[0].params", "missing"),
        (('"net"', '"a net"'), "model[0].name", "a name of letters"),
        (("acme_nets:build", "acme_nets.build"), "model[0].build", "'module:function'"),
        (("[32, 32, 1]", "[32, 32]"), "model[0].input_shape", "three positive integers"),
        (("stride = 2, ", ""), "model[0].levels.C1.stride", "missing"),
        ((', arxiv = "2001.00001"', ""), "model[0].paper", "one of arxiv, doi or url"),
        (("[[model]]", "[model]"), "model", "expected an array of tables, [[model]]"),
        (("api = 1", ""), "api", "missing"),
        (("api = 1", 'api = "1"'), "api", "expected an integer"),
        (("api = 1", "api = 1\ncolour = 3"), "colour", "unknown key"),
        (("api = 1", "api = 1\nmodules = ['a b']"), "modules[0]", "dotted name"),
    ],
)
def test_each_mistake_is_named(tmp_path, change, where, expected):
    assert change[0] in GOOD
    (problem,) = read(tmp_path, GOOD.replace(*change, 1)).problems
    assert problem.where == where
    assert expected in problem.text


def test_a_hash_is_checked(tmp_path):
    weights = '[[model.weights]]\ntag = "v"\nurl = "u"\nlicense = "MIT"\nhash = "sha256:12"\n'
    (problem,) = read(tmp_path, GOOD + weights).problems
    assert problem.where == "model[0].weights[0].hash"
    assert "64 hex digits" in problem.text


def test_every_mistake_is_found_at_once(tmp_path):
    text = GOOD + GOOD.replace("api = 1", "").replace("params = 10", "params = 1.5") + "[x]\ny=1"
    assert len(read(tmp_path, text).problems) == 2


def test_a_name_twice(tmp_path):
    (problem,) = read(tmp_path, GOOD + GOOD.replace("api = 1", "")).problems
    assert str(problem) == "model[1].name: 'net' is taken in this file by 'net'"


def test_a_newer_kind_is_a_note(tmp_path):
    found = read(tmp_path, GOOD + '[[sampler]]\nname = "s"\n')
    assert not found.problems
    assert "[[sampler]]" in found.notes[0]


def test_not_utf8(tmp_path):
    (problem,) = read(tmp_path, b"api = 1\n# caf\xe9\n").problems
    assert problem.where == "line 2"
    assert "not UTF-8" in problem.text


def test_not_toml(tmp_path):
    (problem,) = read(tmp_path, "api = = 1").problems
    assert "not TOML" in problem.text and "line 1" in problem.text


def test_not_there(tmp_path):
    (problem,) = manifest.read(tmp_path / "no.toml", "a", "a").problems
    assert "No such file" in problem.text


def test_another_api_is_not_judged(tmp_path):
    found = read(tmp_path, "api = 2\nfoo = 1\n")
    assert (found.api, found.problems) == (2, ())
