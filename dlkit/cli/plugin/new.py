"""`dlkit plugin new NAME`: writes a plugin whose tests are green at once."""

import argparse
import importlib.metadata
import importlib.resources
import keyword
import pathlib
import shlex
import string
import sys

from dlkit.registry import discovery, errors, spec

NAME = "new"
HELP = "write a complete plugin to start from"

FILES = {  # in the template -> in the plugin
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "gitignore.in": ".gitignore",
    "package.py.in": "$package/__init__.py",
    "dlkit.toml.in": "$package/dlkit.toml",
    "layers.py.in": "$package/layers.py",
    "models.py.in": "$package/models.py",
    "test_conformance.py.in": "tests/test_conformance.py",
}

RESERVED = (*spec.FIRST_PARTY, "dlkit", spec.LOCAL)
BESIDE = (  # what projects and their tools call other folders and files of theirs
    "build", "conftest", "dist", "doc", "docs", "example", "examples", "script", "scripts",
    "setup", "src", "test", "tests", "tutorial", "tutorials",
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("name", metavar="NAME", help="the distribution's name, e.g. acme-nets")
    parser.add_argument("--into", metavar="DIR", default=".", help="where its folder goes")


def run(args: argparse.Namespace) -> int:
    """Writes the plugin's folder and says what to do next."""
    folder = write(args.name, args.into)
    name = folder.name
    print(f"{folder}: a plugin with one model, {name}/starter.")
    print(f"  Install it:   pip install --no-build-isolation -e {shlex.quote(str(folder))}")
    print(f"  Test it:      pytest {shlex.quote(str(folder))}")
    print(f"  Train it:     dlkit train {name}/starter")
    print(f"  Then change {package(name)}/models.py, and write its sizes: dlkit plugin sync {name}")
    return 0


def write(name: str, into: str | pathlib.Path = ".") -> pathlib.Path:
    """Writes a plugin's folder, whole or not at all.

    Args:
        name: the distribution's name.
        into: the folder that the plugin's folder goes into.

    Returns:
        The plugin's folder.

    Raises:
        UsageError: the name is not one or is taken.
        DlkitError: the folder exists, or cannot be written.
    """
    from dlkit.train import atomic

    distribution = check_name(name)
    folder = pathlib.Path(into) / distribution
    if folder.exists():
        raise errors.DlkitError(
            f"{folder} exists, and nothing in it is overwritten.",
            f"Write elsewhere: dlkit plugin new {distribution} --into DIR",
        )
    words = {"distribution": distribution, "package": package(distribution)}
    template = importlib.resources.files("dlkit.cli.plugin.template")
    try:
        with atomic.folder(folder) as aside:
            for source, place in FILES.items():
                file = aside / string.Template(place).substitute(words)
                file.parent.mkdir(exist_ok=True)
                text = template.joinpath(source).read_text("utf-8")
                file.write_text(string.Template(text).substitute(words), "utf-8")
    except OSError as error:
        raise errors.DlkitError(
            f"{folder} cannot be written ({error.strerror}); nothing was left there.",
            f"Write elsewhere: dlkit plugin new {distribution} --into DIR",
        ) from None
    return folder


def check_name(name: str) -> str:
    """The canonical form of a new distribution's name.

    Raises:
        UsageError: it is no project name, belongs to dlkit, gives no import name, or it or that
            import name means something else already.
    """
    if not discovery.is_project_name(name):
        raise _bad(name, "is no project name: letters, digits and - _ . between them")
    distribution = discovery.canonical(name)
    if distribution in RESERVED:
        raise _bad(name, "belongs to dlkit itself")
    module = package(distribution)
    if not module.isidentifier() or keyword.iskeyword(module):
        raise _bad(name, f"would be imported as {module!r}, which Python does not allow")
    if module in sys.stdlib_module_names:
        raise _bad(name, f"would be imported as {module!r}, which is a module of Python's own")
    if module in BESIDE:
        told = "which is what projects call another folder or file of theirs"
        raise _bad(name, f"would be imported as {module!r}, {told}")
    if discovery.find_module(module) is not None:
        raise _bad(name, f"would be imported as {module!r}, which means something else here")
    if _is_installed(distribution):
        raise _bad(name, "is installed here already, and is something else")
    return distribution


def package(distribution: str) -> str:
    """The import package of a distribution: `acme-nets` is imported as `acme_nets`."""
    return distribution.replace("-", "_")


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _bad(name: str, why: str) -> errors.UsageError:
    return errors.UsageError(f"{name!r} {why}.", "Choose another: dlkit plugin new acme-nets")
