"""Settings of all tests, the repository's path, and the network that many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pyfabric_network.runtimes.runtime import RuntimeName

from tests.support.network.programs import skip_without_fabric
from tests.support.network.running import Running, started
from tests.support.paths import ROOT

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Provide the folder with what real Fabric made (tests/vectors/INDEX.md)."""
    return ROOT / "tests" / "vectors"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--runtime native`: the conformance network runs on Fabric's own programs."""
    parser.addoption(
        "--runtime",
        type=RuntimeName,
        default=RuntimeName.EMBEDDED,
        help="What the conformance network runs on: embedded, native or compose.",
    )


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    """Provide the runtime of the conformance network."""
    found = request.config.getoption("runtime")
    assert isinstance(found, RuntimeName)
    return found


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName) -> Iterator[Running]:
    """Provide the conformance network, started once for all tests that only call it."""
    if runtime is RuntimeName.NATIVE:
        skip_without_fabric()
    with started(tmp_path_factory.mktemp("conformance"), runtime) as network:
        yield network
