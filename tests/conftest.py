"""Settings for every test: hypothesis without chance, and where the repository is."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder with what real Fabric made (tests/vectors/INDEX.md)."""
    return ROOT / "tests" / "vectors"
