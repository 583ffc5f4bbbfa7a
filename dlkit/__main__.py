"""`python -m dlkit` is the command `dlkit`."""

import sys

from dlkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
