"""The command `dlkit`: one file a verb. `main` picks the verb and turns errors into exit codes."""

from dlkit.cli.main import main

__all__ = ["main"]
