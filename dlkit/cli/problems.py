"""What the user is told when a command fails, and the exit code that says so to scripts."""

import errno
import os
import re
import sys

_ADVICE = {  # of the system's refusals, those that people meet
    errno.ENOSPC: "Free some space there, or choose another folder",
    errno.EDQUOT: "Free some space there, or choose another folder",
    errno.EROFS: "Choose a folder that can be written to",
    errno.EACCES: "Choose a folder or file that you may use",
    errno.EPERM: "Choose a folder or file that you may use",
}


def explain(error: BaseException, words: list[str], debug: bool) -> int:
    """Writes a line or two on stderr, or with `debug` the traceback.

    Args:
        error: what ended the command.
        words: the command's words, to say how to run it again.
        debug: whether the user asked for the traceback.

    Returns:
        The exit code: 1, 2 for bad usage, or 128 and the signal's number as shells have it.
    """
    message, code = _told(error, words)
    if debug and message:
        import traceback  # this and shlex: most commands fail at nothing, and never need them

        traceback.print_exception(error)
    elif message:
        print(message, file=sys.stderr)
    _let_go_of_stdout()
    return code


_IN_TF_DATA = re.compile(r"DataError: (.+?)\s+Traceback \(most recent call last\)", re.DOTALL)
"""How TensorFlow tells of what a dataset's code has raised: as the text of its own error."""


def _told(error: BaseException, words: list[str]) -> tuple[str, int]:
    from dlkit.registry.errors import DlkitError, UsageError

    if isinstance(error, DlkitError):
        code = 2 if isinstance(error, UsageError) else 1
        return str(error), getattr(error, "exit_code", code)
    if isinstance(error, KeyboardInterrupt):
        return "" if error.args else "interrupted", 130  # with words, it has been told
    if isinstance(error, SystemExit) and error.code == 143:  # SIGTERM, which has been told too
        return "", 143
    if isinstance(error, BrokenPipeError):  # as in `dlkit models | head -3`: all is well
        return "", 141
    if isinstance(error, OSError):
        return _refused_by_system(error), 1
    if found := _IN_TF_DATA.search(str(error)):
        return found[1], 1
    import shlex

    again = shlex.join(["dlkit", "--debug", *words])
    return f"internal error: {_in_a_line(error)}\n  See where: {again}", 1


def _refused_by_system(error: OSError) -> str:
    names = [os.fspath(name) for name in (error.filename, error.filename2) if _is_path(name)]
    what = error.strerror or str(error) or type(error).__name__
    message = f"{' -> '.join(map(str, names))}: {what}" if names else what
    advice = _ADVICE.get(error.errno)
    return f"{message}\n  {advice}" if advice else message


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)


def _in_a_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _let_go_of_stdout() -> None:
    """What stdout refused once it would refuse again while Python ends, with a second message."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
