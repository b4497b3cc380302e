"""Paths of the repository and its test data."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests"
VECTORS: Final = TESTS / "vectors"
