"""What every part's tests share."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from dlkit import registry


@pytest.fixture
def make_plugin(tmp_path, monkeypatch):
    """Installs a plugin without pip, for this process and its children, until the test ends.

    `make_plugin(name, manifest, files)` writes a package and the metadata that an installer would
    write, and gives back the folder that stands for site-packages.
    """
    made = set()

    def make(name, manifest, files=None, *, version="0.1", refresh=True):
        package = name.replace("-", "_")
        site = tmp_path / f"site-{name}"
        info = site / f"{package}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        points = f"[dlkit.plugins]\n{package} = {package}:dlkit.toml\n"
        (info / "entry_points.txt").write_text(points)
        (info / "RECORD").write_text(f"{package}/dlkit.toml,,\n")
        (site / package).mkdir()
        content = {"__init__.py": "", **(files or {}), "dlkit.toml": manifest}
        for file, text in content.items():
            path = site / package / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        made.add(package)
        monkeypatch.syspath_prepend(site)
        monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
        if refresh:
            registry.refresh()
        return site

    yield make
    for module in [m for m in sys.modules if m.partition(".")[0] in made]:
        del sys.modules[module]
    monkeypatch.undo()
    registry.refresh()
