"""`dlkit completion SHELL`: prints what makes a shell complete verbs, options and names."""

import argparse

NAME = "completion"
HELP = "print what makes a shell complete dlkit's words"

_SCRIPTS = {
    "bash": """\
# dlkit completion bash >> ~/.bashrc
_dlkit() {
    local IFS=$'\\n'
    COMPREPLY=($(dlkit completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _dlkit dlkit
""",
    "zsh": """\
# dlkit completion zsh >> ~/.zshrc (after compinit)
_dlkit() {
    local -a found
    found=(${(f)"$(dlkit completion words "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( ${#found} )); then compadd -a found; else _files; fi
}
compdef _dlkit dlkit
""",
    "fish": """\
# dlkit completion fish > ~/.config/fish/completions/dlkit.fish
complete -c dlkit -a '(dlkit completion words (commandline -opc)[2..] (commandline -ct))'
""",
}

_KINDS = {  # what may stand at a place: after an option, or as a verb's own word
    "--dataset": "dataset",
    "--kind": "kinds",
    "--plugin": "plugins",
    "--task": "task",
    "datasets": "dataset",
    "doctor": "plugins",
    "models": "model",
    "profile": "model",
    "show": "model",
    "train": "model",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments; `words` in a shell's place is what the scripts call."""
    parser.add_argument("shell", metavar="bash|zsh|fish", choices=(*_SCRIPTS, "words"))
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Prints the shell's script, or the words that may stand last."""
    if args.shell in _SCRIPTS:
        print(_SCRIPTS[args.shell], end="")
    else:
        print("".join(f"{word}\n" for word in _candidates(args.words or [""])), end="")
    return 0


def _candidates(words: list[str]) -> list[str]:
    from dlkit.cli.main import VERBS, options_of

    *before, last = words
    verb = next((word for word in before if not word.startswith("-")), None)
    if verb is None:
        known = [*VERBS, "--help", "--version", "--debug"]
    elif verb not in VERBS:
        known = []
    elif last.startswith("-"):
        known = options_of(verb)
    else:
        known = _names(_KINDS.get(before[-1]) or _KINDS.get(verb, ""))
    return [word for word in known if word.startswith(last)]


def _names(kind: str) -> list[str]:
    from dlkit import registry
    from dlkit.registry import spec

    if kind == "kinds":
        return list(spec.KINDS)
    if kind == "plugins":
        return [plugin.distribution for plugin in registry.plugins()]
    return [entry.display_name for entry in registry.list_specs(kind)] if kind else []
