"""`python -m dlkit_vision.experiments` measures the course's claims."""

import sys

from dlkit_vision.experiments.runner import main

if __name__ == "__main__":
    sys.exit(main())
