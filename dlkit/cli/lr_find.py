"""`dlkit lr-find NAME`: looks for a good learning rate, and draws the loss over rates."""

import argparse

from dlkit.cli import output, picture, recipe_words
from dlkit.registry import errors

NAME = "lr-find"
HELP = "look for a good learning rate by a range test"

FEWEST = 20  # steps that show a curve


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    recipe_words.configure(parser)
    parser.add_argument(
        "--steps", type=int, default=160, help="of the test; 20 or more (default: 160)"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="the picture: .png, .svg, .pdf (default: lr-find-….png)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON value, and no picture")


def run(args: argparse.Namespace) -> int:
    """Prints the rate to use, and writes a picture; there is no run folder."""
    if args.steps < FEWEST:
        told = f"--steps {args.steps}: expected a whole number of at least {FEWEST}."
        raise errors.UsageError(told, "As in: --steps 160")
    from dlkit.train import folders

    recipe = recipe_words.recipe(args)  # a wrong word is told before TensorFlow is imported
    name = f"lr-find-{folders.stem(recipe.model, recipe.dataset)}.png"
    place = picture.place("--out", args.out or name)

    from dlkit.train import lr_find
    from dlkit.train.run import Run

    look = f"Look into it: dlkit check {recipe_words.again(args, recipe)}"
    try:
        found = lr_find.of_run(Run(place.with_suffix(".run"), recipe), steps=args.steps)
    except lr_find.NotFinite as error:
        raise lr_find.NotFinite(error.message, look) from None
    if args.json:
        output.as_json(_as_json(found))
        return 0
    print(_told(found, recipe, look))
    print(f"picture: {_draw(found, recipe, place)}")
    return 0 if found.suggestion else 1


def _told(found, recipe, look: str) -> str:
    first, last = found.rates[0], found.rates[-1]
    ends = ", where the loss leapt up" if found.diverged else ""
    lines = [
        f"{recipe.model} on {recipe.dataset}, {recipe.optimizer.name}: {len(found.rates)} "
        f"steps at rates from {first:.1g} to {last:.2g}{ends}"
    ]
    if found.suggestion is None:
        return "\n".join([*lines, f"The loss fell at no rate. {look}"])
    rate = recipe.optimizer.learning_rate
    lines += [
        f"The loss falls steepest at {found.steepest:.2g} and is least at {found.lowest:.2g}; "
        f"half-way lies {found.suggestion:g}. The recipe has {rate:g}.",
        f"Train with it: --set optimizer.learning_rate={found.suggestion:g}",
    ]
    return "\n".join(lines)


def _as_json(found) -> dict:
    rate = found.suggestion
    return {
        "suggestion": rate,
        "set": f"optimizer.learning_rate={rate:g}" if rate else None,
        "steepest": found.steepest,
        "lowest": found.lowest,
        "diverged": found.diverged,
        "rates": found.rates.tolist(),
        "losses": found.losses.tolist(),
        "smooth": found.smooth.tolist(),
    }


def _draw(found, recipe, place):
    from dlkit import plots

    title = f"{recipe.model} on {recipe.dataset}, {recipe.optimizer.name}"
    drawn = plots.lr_range(found.rates, found.losses, found.smooth, found.suggestion, title)
    return picture.write(drawn, place)
