"""The command that runs them: what it prints, refuses and returns."""

import ast
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest
from dlkit_vision import experiments
from dlkit_vision.experiments import runner, stacked_3x3
from dlkit_vision.experiments.finding import Finding, Result
from matplotlib.figure import Figure


@pytest.fixture
def cheap(monkeypatch):
    """Replaces `stacked_3x3` by what depends on the seed alone, and fails from seed 5 on."""
    seeds = []

    def run(seed):
        seeds.append(seed)
        return Result((Finding("gap", 10.0 - seed, "points", least=6.0),), {"empty": Figure})

    monkeypatch.setattr(stacked_3x3, "run", run)
    return seeds


def test_every_experiment_is_listed_with_its_first_line(capsys):
    assert runner.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    folder = pathlib.Path(experiments.__file__).parent
    found = {}
    for path in folder.glob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in module.body):
            found[path.stem] = ast.get_docstring(module).splitlines()[0]
    assert found == experiments.EXPERIMENTS
    assert dict(line.split(maxsplit=1) for line in lines) == found


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_every_docstring_says_claim_deed_and_limits(name):
    path = importlib.util.find_spec(f"dlkit_vision.experiments.{name}").origin
    text = ast.get_docstring(ast.parse(pathlib.Path(path).read_text(encoding="utf-8")))
    text = " ".join(text.split())
    for part in ("Claim: ", "What is done: ", "What it shows: ", "What it does not", "Source: "):
        assert part in text, part


def test_listing_loads_no_framework():
    code = ("import sys; from dlkit_vision.experiments import runner; runner.main(['--list']); "
            "print({'keras', 'tensorflow', 'numpy', 'matplotlib'} & set(sys.modules))")  # fmt: skip
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "set()"


def test_each_seed_is_run_once_and_the_table_has_all(cheap, capsys):
    assert runner.main(["stacked_3x3", "--seeds", "1", "2", "1"]) == 0
    assert cheap == [1, 2]
    said = capsys.readouterr()
    assert "| gap   | ≥ 6 points | 9 points | 8 points | yes   |" in said.out
    assert said.out.splitlines()[-1].startswith("2 of 2 requirements hold; ")
    assert "stacked_3x3, seed 2 …" in said.err


def test_by_default_three_seeds_are_run(cheap):
    assert runner.main(["stacked_3x3"]) == 0
    assert cheap == [0, 1, 2]


def test_the_exit_code_is_1_where_a_claim_fails_on_any_seed(cheap, capsys):
    assert runner.main(["stacked_3x3", "--seeds", "1", "5"]) == 1
    assert "| gap   | ≥ 6 points | 9 points | 5 points | NO    |" in capsys.readouterr().out


def test_json_is_one_value_and_alone_on_stdout(cheap, capsys):
    assert runner.main(["stacked_3x3", "--seeds", "1", "5", "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["experiment"], first["seed"], first["holds"]) == ("stacked_3x3", 1, True)
    assert (second["seed"], second["holds"]) == (5, False)
    assert {"seconds", "cpu_seconds"} <= set(first)
    (finding,) = second["findings"]
    assert (finding["claim"], finding["measured"], finding["least"]) == ("gap", 5.0, 6.0)
    assert finding["holds"] is False


def test_the_list_as_json(capsys):
    assert runner.main(["--list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["name"]: one["summary"] for one in found} == experiments.EXPERIMENTS


def test_pictures_are_drawn_only_where_asked_for(cheap, tmp_path, capsys):
    folder = tmp_path / "new" / "pictures"
    assert runner.main(["stacked_3x3", "--seeds", "1", "--figures", str(folder)]) == 0
    (picture,) = folder.iterdir()
    assert picture.name == "stacked_3x3-empty-seed1.png"
    assert str(picture) in capsys.readouterr().err


def test_an_unknown_name_is_refused_with_a_suggestion(cheap, capsys):
    assert runner.main(["stacked_3x3", "degredation"]) == 2
    assert cheap == []
    assert capsys.readouterr().err == (
        "no experiment 'degredation'. Did you mean 'degradation'?\n"
        "  See all: python -m dlkit_vision.experiments --list\n"
    )


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(cheap, tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    path = str(tmp_path / "taken")
    assert runner.main(["stacked_3x3", "--figures", path]) == 2
    assert cheap == []
    said = capsys.readouterr().err
    assert said.startswith(f"--figures {path}: File exists.\n  Name a folder")


def test_it_is_a_module_to_run():
    words = [sys.executable, "-m", "dlkit_vision.experiments", "nothing"]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 2 and "no experiment 'nothing'" in said.stderr
