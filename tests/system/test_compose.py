"""A network under Docker Compose, where a Docker engine and the images exist."""

import subprocess
from collections.abc import Iterator

import pytest
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.places import CONTAINER_PORTS

from pyfabric.local.waiting import poll
from tests.support.network.containers import skip_without_containers
from tests.support.network.network import TOPOLOGY, call, problems, write_topology

HOST = "contained-contracts.tax-1"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    skip_without_containers()
    folder = tmp_path_factory.mktemp("compose")
    file = write_topology(folder, TOPOLOGY.replace("name: small", "name: contained"))
    made = Network.prepare(file, folder / "state", base_port=0, runtime=RuntimeName.COMPOSE)
    made.up()
    try:
        made.deploy()
        yield made
    finally:
        made.down(delete=True)
    assert docker("ps", "--all", "--quiet", "--filter", "name=^contained-") == ""
    assert docker("volume", "ls", "--quiet", "--filter", "name=^contained_") == ""


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_is_killed_is_told_and_started_again(network: Network) -> None:
    call(network, "Tax", "put", "colour", "blue")
    docker("kill", "contained-peer0.health-1")
    assert [name for name, problem in problems(network).items() if problem] == ["peer0.health"]
    assert network.runtime.idle(network.plan) == ("peer0.health",)
    network.up()
    assert not any(problems(network).values())
    assert call(network, "Health", "get", "colour") == b"blue"


def test_the_engine_starts_a_contract_host_again_that_was_told_what_to_serve(
    network: Network,
) -> None:
    end = "import os, signal; os.kill(1, signal.SIGTERM)"
    docker("exec", HOST, "python", "-c", end)
    state = poll(
        lambda: docker("inspect", "--format", "{{.RestartCount}} {{.State.Running}}", HOST),
        until="1 true".__eq__,
        every=0.1,
        timeout=60,
    )
    assert state == "1 true"
    network.up()
    assert call(network, "Tax", "put", "colour", "red") == b"red"


def test_contract_ports_are_not_published(network: Network) -> None:
    published = docker("port", HOST)
    assert f"{CONTAINER_PORTS['contracts']}/tcp" not in published
    assert all("127.0.0.1:" in line for line in published.splitlines())
