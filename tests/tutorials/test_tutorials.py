"""Every lesson runs as a learner runs it, and what it claims holds."""

import ast
import operator
import os
import pathlib
import re
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "tutorials"
LESSONS = sorted(FOLDER.glob("*.py"))
LONGEST = 160  # lines
CLAIM = re.compile(r"claim: (.+): (\S+), required (>=|<=|==) (\S+)")
COMPARE = {">=": operator.ge, "<=": operator.le, "==": operator.eq}

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def run(lesson, folder, *words):
    """The lines that a lesson prints, in a process that has neither a display nor a network."""
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        [sys.executable, lesson, *words],
        env={
            **os.environ,
            "MPLBACKEND": "Agg",
            "PYTHONIOENCODING": "utf-8",
            "TMPDIR": str(folder),
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere),
        },
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,  # far more than the 90 s of an idle machine: it ends what hangs
    )
    assert done.returncode == 0, f"{lesson.name} failed:\n{done.stderr[-3000:]}"
    return done.stdout.splitlines()


def check_claims(lines):
    """Holds each line `claim: WHAT: MEASURED, required OPERATOR LIMIT` against its own words."""
    claims = [line for line in lines if line.startswith("claim:")]
    assert claims and lines[-len(claims) :] == claims, "a lesson ends with its claims"
    for line in claims:
        found = CLAIM.fullmatch(line)
        assert found, f"not readable: {line}"
        _, measured, relation, limit = found.groups()
        assert COMPARE[relation](float(measured), float(limit)), line


def test_there_are_lessons():
    assert len(LESSONS) >= 3
    for path in LESSONS:
        assert re.fullmatch(r"\d\d_[a-z_]+\.py", path.name)


@each_lesson
def test_what_it_claims_holds(lesson, tmp_path):
    before = sorted(FOLDER.rglob("*"))
    check_claims(run(lesson, tmp_path))
    pictures = list(tmp_path.glob("*.png"))
    assert pictures and all(picture.stat().st_size > 1000 for picture in pictures)
    assert sorted(FOLDER.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3", "4"])
@each_lesson
def test_what_it_claims_holds_for_other_seeds(lesson, seed, tmp_path):
    check_claims(run(lesson, tmp_path, "--seed", seed))


@pytest.mark.slow
def test_another_residual_network_against_the_plain_one(tmp_path):
    lines = run(FOLDER / "10_resnet.py", tmp_path, "--model", "resnet20-v2")
    assert any(line.startswith("resnet20-v2: ") for line in lines)
    check_claims(lines)


@each_lesson
def test_it_is_a_page_in_blocks(lesson):
    text = lesson.read_text(encoding="utf-8")
    title, rule, *_ = ast.get_docstring(ast.parse(text)).splitlines()
    assert set(rule) == {"="} and len(rule) == len(title)
    lines = text.splitlines()
    assert len(lines) <= LONGEST
    begins = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    assert len(begins) >= 4
    for number in begins:  # a bare mark, and below it text, which "[markdown]" would leave raw
        assert lines[number] == "# %%" and lines[number + 1].startswith("# "), number + 1


@each_lesson
def test_it_cites_its_sources_and_says_what_does_not_hold(lesson):
    text = lesson.read_text(encoding="utf-8")
    assert re.search(r"arXiv:\d{4}\.\d{5}|doi:10\.|Proceedings of", text)
    assert ":math:" in text and ".. math::" in text
    assert "**Question.**" in text and "**Look at**" in text and "does not\n# ---" in text


@pytest.mark.parametrize(
    "lines, problem",
    [
        ([], "ends with its claims"),
        (["claim: accuracy: 0.9, required >= 0.8", "bye"], "ends with its claims"),
        (["claim: accuracy is good"], "not readable"),
        (["claim: accuracy: nan, required >= 0.8"], "nan"),
        (["claim: accuracy: 0.79, required >= 0.8"], "0.79"),
        (["claim: change: 0.1, required == 0.0"], "0.1"),
        (["claim: growth: 11, required <= 10"], "11"),
    ],
)
def test_a_claim_that_does_not_hold_is_seen(lines, problem):
    with pytest.raises(AssertionError, match=problem):
        check_claims(lines)
