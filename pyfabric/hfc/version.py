"""The release of fabric-sdk-py whose names this face has."""

from typing import Final

VERSION: Final = "1.0.0"

__all__ = ["VERSION"]
