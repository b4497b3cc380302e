"""How much the longest tests do: a part of it in `make test`, all of it in `make thorough`."""

import os
from typing import Final

import pytest

THOROUGH: Final = "PYFABRIC_THOROUGH" in os.environ

takes_long: Final = pytest.mark.skipif(not THOROUGH, reason="it takes long: `make thorough`")


def extent(part: int, whole: int) -> int:
    """Return how many examples or steps a test has."""
    return whole if THOROUGH else part
