"""A ledger that is stopped (SIGSTOP) and goes on: calls name what did not answer, events are complete."""

import os
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric._grpc import options
from pyfabric.errors import GatewayError, StatusCode
from pyfabric.gateway import Retry, connect
from tests.support.network.network import running_network


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with running_network(tmp_path) as network:
        yield network


def test_a_stopped_ledger_is_named_and_its_events_are_complete(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("keepalive_time_ms", "keepalive_timeout_ms", "http2.ping_timeout_ms")
    quick = {f"grpc.{name}": 300 for name in names}
    monkeypatch.setattr(
        options, "CLIENT_OPTIONS", tuple({**dict(options.CLIENT_OPTIONS), **quick}.items())
    )
    profile = load_profile(profile_file(network.plan, network.plan.departments["Tax"]))
    process = int((network.plan.root / "ledger.pid").read_text().split()[0])
    with connect(profile.user("clerk"), profile.peers) as gateway:
        channel = gateway.network("bills")
        contract = channel.contract("sample")
        with channel.chaincode_events("sample") as events:
            contract.submit("put", "a", "1")
            assert next(events).payload == b"a"
            os.kill(process, signal.SIGSTOP)
            try:
                with pytest.raises(GatewayError) as late:
                    contract.evaluate("get", "a", timeout=1.0)
                with pytest.raises(GatewayError):  # its connection is given up meanwhile
                    contract.evaluate("get", "a", timeout=5.0)
            finally:
                os.kill(process, signal.SIGCONT)
            for key in "bcd":
                contract.submit("put", key, "1", retry=Retry(attempts=20))
            assert [event.payload for event in islice(events, 3)] == [b"b", b"c", b"d"]
    assert late.value.code in (StatusCode.DEADLINE_EXCEEDED, StatusCode.UNAVAILABLE)
