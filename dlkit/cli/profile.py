"""`dlkit profile NAME`: what each layer of a model holds, costs and sees."""

import argparse
from typing import Any

from dlkit import registry
from dlkit.cli import output
from dlkit.registry import resolve

NAME = "profile"
HELP = "count a model's parameters, multiply-adds and neurons"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("name", metavar="NAME", help="a model, as `dlkit models` lists it")
    parser.add_argument(
        "--image-size", metavar="N", type=int, help="pixels a side (default: the model's own)"
    )
    parser.add_argument(
        "--num-classes", metavar="N", type=int, help="0 for features (default: the model's own)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def run(args: argparse.Namespace) -> int:
    """Builds the model, with no weights but fresh ones, and prints a row a layer and the sums.

    Of `NAME@TAG` it is the build that those weights are of, which need not be there.
    """
    row = resolve.published(args.name)
    options = dict(row.config) if row else {}
    options |= _options(registry.model_info(args.name), args.image_size, args.num_classes)

    from dlkit import inspection

    found = inspection.profile(registry.create_model(args.name.partition("@")[0], **options))
    if args.json:
        output.as_json(found.as_dict())
    else:
        print(found)
    return 0


def _options(
    entry: registry.ModelSpec, image_size: int | None, num_classes: int | None
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if num_classes is not None:
        options["num_classes"] = num_classes
    if image_size is not None:
        if len(entry.input_shape) != 3:
            raise registry.UsageError(
                f"--image-size {image_size}: {entry.display_name} takes no images.",
                f"Leave it out: dlkit profile {entry.display_name}",
            )
        options["input_shape"] = (image_size, image_size, entry.input_shape[-1])
    return options
