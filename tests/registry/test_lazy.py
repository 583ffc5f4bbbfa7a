"""Looking costs no framework: what stays out of `sys.modules`, whatever is installed."""

import json
import subprocess
import sys

import pytest

HEAVY = {"tensorflow", "keras", "numpy", "rich", "matplotlib", "sklearn", "yaml", "scipy", "pandas"}
PROGRAM = """
import contextlib, io, json, sys
out = io.StringIO()
with contextlib.redirect_stdout(out):
    code = {action}
print(json.dumps([code, out.getvalue(), sorted(sys.modules)]))
"""


def after(action):
    """The exit code, the output and the loaded modules of an action in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(action=action)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def command(*words):
    return f"__import__('dlkit.cli').cli.main({list(words)!r})"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("__import__('dlkit') and 0", ""),
        ("__import__('dlkit').list_models() and 0", ""),
        (command("--help"), "verbs:"),
        (command("models"), "acme-nets11/net10"),
        (command("models", "--json"), '"acme-nets11/net10"'),
        (command("models", "acme-nets03/*", "--tag", "synthetic"), "acme-nets03/net1 "),
        (command("datasets"), "digits"),
        (command("plugins"), "10 models"),
        (command("show", "acme-nets07/net3"), "3,000"),
        (command("show", "--kind", "task"), "image-classification"),
        (command("doctor"), "All is well."),
        (command("completion", "words", "train", "acme-nets01"), "acme-nets01/net10"),
        (command("plugin", "new", "--help"), "usage: dlkit plugin new"),
        (command("train", "--help"), "--dataset"),
    ],
)
def test_looking_loads_nothing_heavy(many_plugins, action, said):
    code, out, modules = after(action)
    assert code == 0
    assert said in out
    assert not HEAVY & {module.partition(".")[0] for module in modules}
    assert not [module for module in modules if module.startswith("acme_nets")]


def test_all_120_are_listed_in_natural_order(many_plugins):
    code, out, _ = after(command("models", "acme-nets*/*"))
    names = [line.split()[0] for line in out.splitlines()[1:]]
    assert code == 0
    assert names == [f"{name}/net{i}" for name in many_plugins for i in range(1, 11)]


def test_help_loads_no_verb(many_plugins):
    _, _, modules = after(command("--help"))
    loaded = {module for module in modules if module.startswith("dlkit")}
    assert loaded == {"dlkit", "dlkit.cli", "dlkit.cli.main", "dlkit.cli.problems"}


def test_importing_dlkit_loads_no_part_of_it(many_plugins):
    _, _, modules = after("__import__('dlkit') and 0")
    assert [module for module in modules if module.startswith("dlkit")] == ["dlkit"]
