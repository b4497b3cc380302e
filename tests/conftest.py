"""Settings of all tests, the repository's path, and the network that many tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pyfabric_network.runtimes.runtime import RuntimeName

from tests.support.hsm.softhsm import SoftHSM, softhsm_in
from tests.support.memory import keep_files_in_memory
from tests.support.network.programs import skip_without_fabric
from tests.support.network.running import TOPOLOGY, Running, demanding, started
from tests.support.paths import ROOT

keep_files_in_memory()

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

settings.load_profile("repeatable")

# What a shell starts in the background ignores SIGINT, and so does all that it starts: commands that tests interrupt
# would go on for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Provide the folder with what real Fabric made (tests/vectors/INDEX.md)."""
    return ROOT / "tests" / "vectors"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHSM]:
    """Provide SoftHSM, which a process initialises once; the test makes its own tokens."""
    with softhsm_in(tmp_path_factory.mktemp("softhsm")) as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--runtime native`: the conformance network runs on Fabric's own programs; and `--client-auth`."""
    parser.addoption(
        "--runtime",
        type=RuntimeName,
        default=RuntimeName.EMBEDDED,
        help="What the conformance network runs on: embedded, native or compose.",
    )
    parser.addoption(
        "--client-auth",
        action="store_true",
        help="The nodes of the conformance network demand client certificates.",
    )


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    """Provide the runtime of the conformance network."""
    found = request.config.getoption("runtime")
    assert isinstance(found, RuntimeName)
    return found


@pytest.fixture(scope="session")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName
) -> Iterator[Running]:
    """Provide the conformance network, started once for all tests that only call it."""
    if runtime is RuntimeName.NATIVE:
        skip_without_fabric()
    folder = tmp_path_factory.mktemp("conformance")
    topology = TOPOLOGY
    if request.config.getoption("client_auth"):
        topology = demanding(TOPOLOGY, folder / "topology")
    with started(folder / "state", runtime, topology) as network:
        yield network


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName) -> Iterator[Running]:
    """Provide the conformance network with nodes that demand client certificates."""
    if runtime is RuntimeName.NATIVE:
        skip_without_fabric()
    folder = tmp_path_factory.mktemp("closed")
    with started(folder / "state", runtime, demanding(TOPOLOGY, folder / "topology")) as network:
        yield network
