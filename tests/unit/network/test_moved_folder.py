"""A state folder that was copied or moved elsewhere: nothing is read from the place where it was."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.contexts import Contexts
from pyfabric_network.network import Network

from pyfabric.gateway import connect
from pyfabric.local.waiting import poll
from tests.support.network.network import call, problems, running_network


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the place where a network was made."""
    return tmp_path_factory.mktemp("old")


@pytest.fixture(scope="module")
def moved(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide that network with its state folder copied elsewhere; contracts of the old place are broken."""
    new = tmp_path_factory.mktemp("new") / "below" / "state"
    with running_network(old) as network:
        call(network, "Tax", "put", "colour", "blue")
    shutil.copytree(old / "state", new, ignore=lambda *_: ["development.sock"])
    (old / "sample.py").write_text("raise SystemExit('of the old place')")
    shutil.rmtree(old / "state")
    found = Network.reopen(new)
    found.up()
    try:
        yield found
    finally:
        found.down()


def test_its_contracts_and_records_are_those_that_it_had(moved: Network) -> None:
    assert poll(lambda: set(problems(moved).values()), until={None}.__eq__, every=0.1, timeout=60)
    assert call(moved, "Tax", "get", "colour") == b"blue"
    call(moved, "Health", "put", "shape", "round")
    assert [one.changed for one in moved.deploy()] == [False]
    assert call(moved, "Tax", "get", "shape") == b"round"


def test_no_file_names_the_old_place(moved: Network, old: Path) -> None:
    logs = {moved.root / "ledger.log"}
    files = {path for path in moved.folder.rglob("*") if path.is_file()} - logs
    assert [path for path in files if str(old).encode() in path.read_bytes()] == []
    kept = json.loads((moved.root / "network.json").read_text())
    assert kept["topology"] == "topology.yaml"


def test_its_contexts_and_profiles_lead_to_its_own_keys(moved: Network) -> None:
    _, context = Contexts(moved.folder).find("Tax")
    profile = context.load_profile()
    assert profile.users["clerk"].resolve().is_relative_to(moved.folder.resolve())
    with connect(profile.user(context.user), profile.peers) as gateway:
        contract = gateway.network(context.channel).contract("sample")
        assert contract.evaluate("get", "colour") == b"blue"


def test_a_project_that_is_moved_with_its_topology_goes_on_with_that(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with running_network(tmp_path / "old"):
        pass
    (tmp_path / "old").rename(tmp_path / "other")
    found = Network.reopen(tmp_path / "other" / "state")
    assert found.state.topology == (tmp_path / "other" / "small.yaml").resolve()
