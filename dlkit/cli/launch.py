"""`dlkit launch -n 2 -- train NAME …`: trains on several workers of this machine."""

import argparse
import os
import sys

NAME = "launch"
HELP = "train on several workers of this machine, and start them again where one dies"

VERBS = ("train", "resume")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "-n", "--workers", type=int, default=2, help="how many processes (default: 2)"
    )
    parser.add_argument(
        "--max-restarts", type=int, default=3, help="how often to start them again (default: 3)"
    )
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="-- train NAME ...", help="what each is to do"
    )


def run(args: argparse.Namespace) -> int:
    """Starts the workers, shows their lines, and passes their exit code on."""
    import shutil

    from dlkit.registry.errors import UsageError
    from dlkit.train.launch import launch

    if os.name == "nt":
        raise UsageError("launch needs process groups, which Windows has not.", "Use WSL 2")
    if args.workers < 1 or args.max_restarts < 0:
        raise UsageError("-n is at least 1, and --max-restarts at least 0.", "As in: -n 2")
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words or words[0] not in VERBS:
        raise UsageError(
            f"launch starts {' or '.join(VERBS)}, not {words[0] if words else 'nothing'!r}.",
            "As in: dlkit launch -n 2 -- train lenet5",
        )
    try:
        folder, first = _planned(words)
    except SystemExit as stop:  # argparse has printed the verb's help, or what is wrong
        return int(stop.code or 0)
    is_new = not folder.is_dir() or not any(folder.iterdir())
    again = ["resume", str(folder)]
    config = folder / "config.yaml"
    newest = folder / "ckpt" / "last" / "state.json"
    dlkit = [sys.executable, "-m", "dlkit"]
    try:
        code = launch(
            lambda life: [*dlkit, *(again if life and config.exists() else first)],
            args.workers,
            logs=folder / "logs",
            progress=lambda: newest.stat().st_mtime_ns if newest.exists() else None,
            restarts=args.max_restarts,
            show=lambda line: print(line, flush=True),
            say=lambda line: print(f"dlkit launch: {line}", file=sys.stderr, flush=True),
        )
    finally:
        if is_new and not config.exists():  # the run never began
            shutil.rmtree(folder, ignore_errors=True)
    if code == 0:
        print(folder)
    return code


def _planned(words: list[str]):
    """The run's folder, which the workers share, and the words for their first life.

    What is wrong with the words is told here, once, before any worker is started.
    """
    import pathlib

    from dlkit.cli import recipe_words, resume, train
    from dlkit.registry.errors import UsageError
    from dlkit.train import folders

    verb, rest = words[0], words[1:]
    parser = argparse.ArgumentParser(prog=f"dlkit {verb}", allow_abbrev=False)
    {"train": train, "resume": resume}[verb].configure(parser)
    given, unknown = parser.parse_known_args(rest)
    if unknown:
        raise UsageError(f"dlkit {verb} takes no {unknown[0]!r}.", f"See: dlkit {verb} --help")
    if verb == "train" and given.resume and not given.run:
        raise UsageError("--resume needs the run's folder.", "Say it: -- resume RUN")
    if verb == "resume" or given.resume:
        folder = pathlib.Path(given.run_folder if verb == "resume" else given.run)
        folders.check_is_run(folder)
        return folder, words
    recipe = recipe_words.recipe(given)
    folder = pathlib.Path(given.run or folders.new_folder(recipe.model, recipe.dataset))
    return folder, [*words, *([] if given.run else ["--run", str(folder)])]
