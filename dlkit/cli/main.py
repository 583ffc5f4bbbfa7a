"""From the words of a command to a verb's exit code.

Only the chosen verb's file is imported, and a verb imports what it needs when it runs: `dlkit
--help` costs a bare Python's start, and `dlkit models` loads no framework.

Exit codes: 0 it worked; 1 it failed; 2 bad usage; 3 a training diverged; 130 interrupted; 141
nobody reads the output; 143 terminated.
"""

import argparse
import difflib
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from types import ModuleType

from dlkit.cli import problems

VERBS = {  # verb -> (the module that does it, what it does)
    "models": ("dlkit.cli.models", "list the models"),
    "datasets": ("dlkit.cli.datasets", "list the datasets"),
    "show": ("dlkit.cli.show", "tell all about a model, a dataset or anything else by its name"),
    "profile": ("dlkit.cli.profile", "count a model's parameters, multiply-adds and neurons"),
    "check": ("dlkit.cli.check", "find out in seconds whether a training is set up soundly"),
    "lr-find": ("dlkit.cli.lr_find", "look for a good learning rate by a range test"),
    "train": ("dlkit.cli.train", "train a model and write a run folder with a report"),
    "resume": ("dlkit.cli.resume", "go on with a run that was stopped, killed or cut short"),
    "launch": ("dlkit.cli.launch", "train on several workers, and start them again if one dies"),
    "eval": ("dlkit.cli.eval", "judge a run's best model, or published weights, on a split"),
    "predict": ("dlkit.cli.predict", "what a run's best model, or published weights, say of files"),
    "report": ("dlkit.cli.report", "write a run's report anew"),
    "runs": ("dlkit.cli.runs", "list the runs in a folder, and what they differ in"),
    "compare": ("dlkit.cli.compare", "set runs side by side: curves, recipes, results"),
    "tune": ("dlkit.cli.tune", "search for a better recipe, trial by trial"),
    "export": ("dlkit.cli.export", "write a run's best model for use elsewhere, and check it"),
    "plugins": ("dlkit.cli.plugins", "list the installed plugins"),
    "plugin": ("dlkit.cli.plugin", "start a plugin, check it, bring its manifest up to date"),
    "doctor": ("dlkit.cli.doctor", "find out what is wrong with the installation or a plugin"),
    "completion": ("dlkit.cli.completion", "print what makes a shell complete dlkit's words"),
}

_DEBUG = "show the whole traceback of an error"
_EXAMPLES = """\
examples:
  dlkit models 'resnet*'      the models whose names begin so
  dlkit show lenet5           what it is, what it takes, where its code is
  dlkit train lenet5          train it on real digits; a report is written
  dlkit VERB --help           the options of a verb
"""


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; never raises.

    Args:
        words: the command's words after `dlkit`; by default those that the process was given.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if words is None else words)
    debug, words = _take_debug(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's own chatter at its import
    _never_fail_on_letters()
    try:
        code = _run(words)
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk or a closed pipe shows itself here, not at the exit
    except BaseException as error:  # noqa: BLE001 (the outermost frame: all that fails ends here)
        code = problems.explain(error, words, debug)
    return code


def _run(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _without_verb(words)
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return _refuse(f"no verb {verb!r}.{hint}", "dlkit --help")
    module = importlib.import_module(VERBS[verb][0])
    parser = _parser(verb, module)
    try:
        args, unknown = parser.parse_known_args(rest)
    except SystemExit as stop:  # argparse has printed its help, or what is wrong
        return int(stop.code or 0)
    if unknown:
        return _refuse_arguments(parser, unknown)
    return module.run(args)


def options_of(verb: str) -> list[str]:
    """The long options that a verb takes."""
    return _options(_parser(verb, importlib.import_module(VERBS[verb][0])))


def _parser(verb: str, module: ModuleType) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"dlkit {verb}", description=_sentence(module.HELP), allow_abbrev=False
    )
    parser.add_argument("--debug", action="store_true", help=_DEBUG)
    module.configure(parser)
    return parser


def _options(parser: argparse.ArgumentParser) -> list[str]:
    found = re.findall(r"^ +(?:-\w(?: \S+)?, )?(--[a-z][\w-]*)", parser.format_help(), re.MULTILINE)
    return list(dict.fromkeys(found))


def _without_verb(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="dlkit",
        usage="dlkit [--help] [--version] [--debug] VERB ...",
        description="Deep-learning models for Keras, by name: find, build, train and judge them.",
        epilog=_verbs() + _EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print dlkit's version")
    parser.add_argument("--debug", action="store_true", help=_DEBUG)
    try:
        args = parser.parse_args(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    if args.version:
        import dlkit

        print(f"dlkit {dlkit.__version__}")
        return 0
    parser.print_help(sys.stderr)
    return 2


def _verbs() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:{width}}  {text}\n" for verb, (_, text) in VERBS.items()]
    return "verbs:\n" + "".join(lines) + "\n"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _refuse(message: str, command: str) -> int:
    print(f"{message}\n  See: {command}", file=sys.stderr)
    return 2


def _refuse_arguments(parser: argparse.ArgumentParser, unknown: list[str]) -> int:
    unknown = [word for word in unknown if word != "--"] or unknown
    word = next((word for word in unknown if word.startswith("-")), unknown[0])
    near = difflib.get_close_matches(word.partition("=")[0], _options(parser), n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    what = "option" if word.startswith("-") else "argument"
    return _refuse(f"{parser.prog} takes no {what} {word!r}.{hint}", f"{parser.prog} --help")


def _take_debug(words: list[str]) -> tuple[bool, list[str]]:
    """`--debug` counts before and after the verb, but not behind a `--`."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return len(kept) < end, kept + words[end:]


def _never_fail_on_letters() -> None:
    """A terminal that lacks a letter (`×`) shows `?` for it; output must not fail for that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
