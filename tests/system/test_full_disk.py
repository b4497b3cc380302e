"""A development ledger whose files cannot grow: clients and operators learn why at once, and it goes on."""

import resource
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.status import NodeStatus

from pyfabric.errors import FabricError
from pyfabric.gateway import connect
from pyfabric.local.waiting import poll
from tests.support.network.network import running_network


def is_well(nodes: Sequence[NodeStatus]) -> bool:
    return not any(node.problem for node in nodes)


def test_a_full_disk(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        profile = load_profile(profile_file(network.plan, network.plan.departments["Tax"]))
        process = int((network.plan.root / "ledger.pid").read_text().split()[0])
        with connect(profile.user("clerk"), profile.peers) as gateway:
            contract = gateway.network("bills").contract("sample")
            contract.submit("put", "a", "1")
            before = resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, -1))
            try:
                begun = time.monotonic()
                with pytest.raises(FabricError, match=r"channel bills cannot be written: .*bills"):
                    contract.submit("put", "b", "2")
                with pytest.raises(FabricError, match=r"channel bills cannot be written: .*bills"):
                    contract.submit("put", "c", "3")
                assert time.monotonic() - begun < 30
                assert contract.evaluate("get", "a") == b"1"
                problems = [node.problem or "" for node in network.status()]
                assert any("channel bills cannot be written" in problem for problem in problems)
            finally:
                resource.prlimit(process, resource.RLIMIT_FSIZE, before)
            poll(network.status, until=is_well, every=0.2, timeout=30)
            contract.submit("put", "d", "4")
            assert contract.evaluate("get", "b") == b"2"  # it was taken before the disk was full
