"""What a listing costs: CPU time, which other work on the machine disturbs little."""

import os
import resource
import statistics
import subprocess
import sys

import pytest


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(run, times):
    """The median CPU time, in seconds, of what `run` starts."""
    figures = []
    for _ in range(times):
        before = cpu_of_children()
        run()
        figures.append(cpu_of_children() - before)
    return statistics.median(figures)


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Bytecode is kept, as an installer leaves it: it must not be compiled in each process."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", os.fspath(tmp_path / "bytecode"))


@pytest.mark.benchmark(timer=cpu_of_children)
def test_listing_120_models(benchmark, compiled, many_plugins, dlkit_command, capsys):
    done = dlkit_command("models")  # also compiles what is not compiled yet
    assert done.stdout.count("acme-nets") >= 120, done.stderr
    listing = [sys.executable, "-m", "dlkit", "models"]
    benchmark.pedantic(
        lambda: subprocess.run(listing, check=True, stdout=subprocess.DEVNULL), rounds=9
    )
    median = benchmark.stats.stats.median
    imported = [sys.executable, "-c", "import keras"]
    subprocess.run(imported, check=True, stderr=subprocess.DEVNULL)
    keras = cpu_of(lambda: subprocess.run(imported, check=True, stderr=subprocess.DEVNULL), 3)
    python = cpu_of(lambda: subprocess.run([sys.executable, "-c", ""], check=True), 9)
    with capsys.disabled():
        print(
            f"\ndlkit models, 12 plugins x 10 models: {1000 * median:.0f} ms CPU (median of 9; "
            f"target 150; bare Python {1000 * python:.0f} ms)\n"
            f"import keras: {1000 * keras:.0f} ms CPU, {keras / median:.0f} times as much"
        )
