"""How much of a slow test is asked for: TOLDONCE_LONG makes them as long as `make test-long` has them."""

import os

LONG = bool(os.environ.get("TOLDONCE_LONG"))


def length(here: int, at_length: int) -> int:
    """How many in `make test-all`, and how many in `make test-long`."""
    return at_length if LONG else here
