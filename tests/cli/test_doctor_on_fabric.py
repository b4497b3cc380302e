"""`pyfabric doctor` on Fabric's own programs: it names what is broken, and errors of clients name the same."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.local.waiting import poll
from tests.support.network.broken import Broken, error_of
from tests.support.network.broken_fabric import BROKEN_ON_FABRIC, FABRIC_CITY
from tests.support.network.network import write_topology
from tests.support.network.programs import fabric_programs, needs_fabric

pytestmark = [pytest.mark.fabric, needs_fabric]

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network of three departments with three orderers."""
    folder = tmp_path_factory.mktemp("city")
    network = Network.prepare(
        write_topology(folder, FABRIC_CITY),
        folder / "state",
        base_port=0,
        runtime=RuntimeName.NATIVE,
        programs=fabric_programs(),
    )
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down()


def found(findings: Sequence[dict[str, Any]], *, roots: bool = False) -> set[str]:
    """Return the checks that found something; with `roots`, what does not follow from another finding."""
    return {one["check"] for one in findings if not (roots and one["may follow from"])}


@pytest.mark.parametrize("broken", BROKEN_ON_FABRIC, ids=lambda one: f"{one.check}: {one.how}")
def test_a_broken_network_is_named(run: Run, city: Network, broken: Broken) -> None:
    look = ("doctor", "-o", "json", "--state", str(city.folder))
    healthy = poll(lambda: run(*look), until=lambda ended: ended.code == 0, every=1.0, timeout=90)
    assert healthy.json()["findings"] == []
    with broken.breaks(city):
        ended = run(*look)
        error = error_of(run, city, broken) if broken.error else {}
    findings = ended.json()["findings"]
    text = json.dumps(findings, indent=1, ensure_ascii=False)
    assert (ended.code, found(findings, roots=True)) == (4, broken.causes or {broken.check}), text
    assert broken.check in found(findings), text
    assert found(findings) <= {broken.check, *broken.causes, *broken.follow_ups}, text
    assert error.get("check") == broken.error, error
