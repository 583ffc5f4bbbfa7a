"""`dlkit plugin check NAME_OR_PATH`: the manifest's problems, then every check of the kit."""

import argparse
import shlex

from dlkit.cli import output

NAME = "check"
HELP = "judge a plugin: its manifest, then its models"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("plugin", metavar="NAME_OR_PATH", help="a distribution, folder or manifest")
    parser.add_argument("--static", action="store_true", help="only the manifest; run no code")
    parser.add_argument("--model", action="append", metavar="M", help="only this model's checks")
    parser.add_argument("--only", action="append", metavar="CHECK", help="only this check")
    parser.add_argument("--image-size", type=int, metavar="N", help="at N × N pixels, to be quick")
    parser.add_argument("--list", action="store_true", help="say what would be checked")
    parser.add_argument("--json", action="store_true", help="one JSON value")


def run(args: argparse.Namespace) -> int:
    """Prints a line a check; 1 if any failed."""
    from dlkit.testing import static

    where = static.place(args.plugin)
    _, problems = static.read(where)
    if problems or args.static:
        return _static(where, problems, args.json)
    distribution = _installed(where)
    if distribution is None:
        if args.json:
            return _static(where, problems, True)
        print(f"{where.path}: no problems.")
        print("It is not installed, so no code of it was run.")
        folder = shlex.quote(str(where.project))
        print(f"  Install it: pip install --no-build-isolation -e {folder}")
        return 0
    from dlkit.testing import suite

    checks = suite.collect(
        distribution, names=args.model, checks=args.only, image_size=args.image_size
    )
    if args.list:
        rows = [{"name": check.id, "check": check.name, "model": check.model} for check in checks]
        if args.json:
            output.as_json(rows)
        else:
            print("\n".join(row["name"] for row in rows))
        return 0
    return _judge(suite.run(checks), len(max((check.id for check in checks), key=len)), args.json)


def _judge(outcomes, width: int, as_json: bool) -> int:
    done = []
    for outcome in outcomes:
        if not as_json:
            state = "FAILED" if outcome.reason else "ok"
            print(f"{state:6}  {outcome.check.id:{width}}  {outcome.seconds:5.1f} s", flush=True)
            told = done and outcome.reason and outcome.reason == done[-1].reason
            for line in ["as above"] if told else outcome.reason.splitlines():
                print(f"        {output.printable(line)}", flush=True)
        done.append(outcome)
    failed = [outcome for outcome in done if outcome.reason]
    if as_json:
        output.as_json([_row(outcome) for outcome in done])
    else:
        judged = f"{len(failed)} FAILED" if failed else "all ok"
        print(f"{output.counted(len(done), 'check')}, {judged}")
    return 1 if failed else 0


def _row(outcome) -> dict:
    state = "failed" if outcome.reason else "ok"
    rest = {"reason": outcome.reason, "seconds": round(outcome.seconds, 2)}
    return {"name": outcome.check.id, "state": state} | rest


def _static(where, problems, as_json: bool) -> int:
    if as_json:
        reason = "\n".join(str(problem) for problem in problems)
        state = "failed" if problems else "ok"
        output.as_json([{"name": "manifest", "state": state, "reason": reason, "seconds": 0.0}])
    elif problems:
        for problem in problems:
            print(output.printable(f"{where.path}: {problem}"))
        print(output.counted(len(problems), "problem"))
    else:
        print(f"{where.path}: no problems.")
    return 1 if problems else 0


def _installed(where) -> str | None:
    """The installed distribution that has this very manifest."""
    from dlkit.registry import catalog

    for plugin in catalog.plugins():
        if plugin.manifest and where.path.samefile(plugin.manifest):
            return plugin.distribution
    return None
