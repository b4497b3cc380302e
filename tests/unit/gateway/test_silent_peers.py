"""Peers that accept connections and do not answer, and more calls at once than a gateway makes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import grpc
import pytest

from pyfabric._grpc import options
from pyfabric.client.effects import Endpoint
from pyfabric.client.event_requests import FILTERED_BLOCKS
from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, EVALUATE, SUBMIT, Timeouts
from pyfabric.errors import (
    CommitStatusError,
    ErrorDetail,
    GatewayError,
    NotSentError,
    StatusCode,
    SubmitError,
)
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import (
    CHAINCODE_EVENTS,
    ScriptedPeer,
    answer,
    at_height,
    chaincode_events,
    endorse,
    evaluated,
    fail,
    hold,
    status,
    stream,
)
from tests.support.client.surfaces import Surface
from tests.support.transport.relay import Relay

Peers = Callable[..., ScriptedPeer]


@pytest.fixture
def silent(pki: Any) -> Iterator[Endpoint]:
    """Serve a peer that accepts connections and never speaks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Endpoint(f"127.0.0.1:{listener.getsockname()[1]}", pki.roots)


def accept(peer: ScriptedPeer) -> None:
    peer.on(EVALUATE, answer(evaluated(b"found")))
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(0, 7)))


@pytest.fixture
def relay(peer: ScriptedPeer) -> Iterator[Relay]:
    with Relay(peer.port) as relay:
        yield relay


def through(relay: Relay, peer: ScriptedPeer) -> Endpoint:
    return replace(peer.endpoint, address=f"127.0.0.1:{relay.port}")


def test_a_first_peer_that_never_speaks_is_passed_over(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, silent: Endpoint
) -> None:
    accept(peer)
    with surface.connect(identity, [silent, peer.endpoint]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.evaluate("find") == b"found"  # within its 5 s
        assert contract.submit("publish") == b"result"


def test_connecting_takes_less_than_the_shortest_deadline() -> None:
    given = dict(options.CLIENT_OPTIONS)
    shortest = min(Timeouts().evaluate, Timeouts().submit) * 1000
    assert int(given["grpc.min_reconnect_backoff_ms"]) * 2 < shortest


def test_a_connection_is_checked_as_often_as_fabrics_peers_allow() -> None:
    given = dict(options.CLIENT_OPTIONS)
    # peer.keepalive.minInterval of Fabric's core.yaml is 60 s; who pings more often is cut off.
    assert 60_000 < int(given["grpc.keepalive_time_ms"]) <= 65_000
    for name in ("keepalive_timeout_ms", "http2.ping_timeout_ms"):
        assert int(given[f"grpc.{name}"]) <= 10_000


def test_a_stopped_peer_is_asked_last(
    surface: Surface,
    peer: ScriptedPeer,
    new_peer: Peers,
    identity: SigningIdentity,
    relay: Relay,
) -> None:
    second = new_peer()
    peer.on(EVALUATE, answer(evaluated(b"first")))
    second.on(EVALUATE, answer(evaluated(b"second")))
    with surface.connect(identity, [through(relay, peer), second.endpoint]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.evaluate("find") == b"first"
        relay.freeze()
        with pytest.raises(GatewayError) as late:
            contract.evaluate("find", timeout=0.3)
        assert contract.evaluate("find") == b"second"
        assert contract.evaluate("find") == b"second"
    assert late.value.code is StatusCode.DEADLINE_EXCEEDED
    assert late.value.message == f"127.0.0.1:{relay.port} did not answer Evaluate within 0.3 s"


def test_a_stream_leaves_a_stopped_peer(
    surface: Surface,
    peer: ScriptedPeer,
    new_peer: Peers,
    identity: SigningIdentity,
    relay: Relay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("keepalive_time_ms", "keepalive_timeout_ms", "http2.ping_timeout_ms")
    quick = {f"grpc.{name}": 200 for name in names}
    monkeypatch.setattr(
        options, "CLIENT_OPTIONS", tuple({**dict(options.CLIENT_OPTIONS), **quick}.items())
    )
    second = new_peer()
    peer.on(FILTERED_BLOCKS.method, at_height(5))
    peer.on(CHAINCODE_EVENTS, stream(chaincode_events(5, "t1"), stay=True))
    second.on(CHAINCODE_EVENTS, stream(chaincode_events(6, "t2"), stay=True))
    with (
        surface.connect(identity, [through(relay, peer), second.endpoint]) as gateway,
        gateway.network("directory").chaincode_events("city") as events,
    ):
        assert next(events).transaction_id == "t1"
        relay.freeze()
        assert next(events).transaction_id == "t2"


def test_an_outcome_is_asked_of_the_next_peer_after_some_silence(
    surface: Surface,
    new_peer: Peers,
    identity: SigningIdentity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyfabric.client.steps._SILENCE", 0.3)
    first, second = new_peer(), new_peer()
    entered, release = threading.Event(), threading.Event()
    accept(first)
    first.on(EVALUATE, answer(evaluated(b"stale")))
    first.on(COMMIT_STATUS, hold(entered, release))
    accept(second)
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.submit("publish") == b"result"
        assert contract.evaluate("find") == b"found"  # where the commit was seen
        release.set()
    assert len(second.requests[COMMIT_STATUS]) == 1


def test_an_outcome_that_no_peer_knows_is_asked_for_until_the_limit(
    surface: Surface, new_peer: Peers, identity: SigningIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfabric.client.steps._SILENCE", 0.1)
    release = threading.Event()
    peers = [new_peer(), new_peer(), new_peer()]
    for one in peers:
        accept(one)
        one.on(COMMIT_STATUS, hold(threading.Event(), release))
    peers[1].on(COMMIT_STATUS, fail(grpc.StatusCode.UNAVAILABLE, "gone"))
    with surface.connect(identity, [one.endpoint for one in peers]) as gateway:
        submitted = gateway.network("directory").contract("city").submit_async("publish")
        with pytest.raises(CommitStatusError, match=r"did not answer CommitStatus within 0\.1 s"):
            submitted.status(timeout=0.4)
        release.set()
    assert [len(one.requests[COMMIT_STATUS]) for one in peers] == [2, 2, 2]


def test_submit_async_keeps_to_its_own_limit(
    surface: Surface, new_peer: Peers, identity: SigningIdentity
) -> None:
    first, second = new_peer(), new_peer()
    release = threading.Event()
    accept(first)
    first.on(SUBMIT, hold(threading.Event(), release))
    limits = Timeouts(submit=0.3)
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        with pytest.raises(SubmitError, match=r"did not answer Submit within 0\.3 s"):
            gateway.network("directory").contract("city").submit_async("publish", timeouts=limits)
        release.set()
    assert not second.requests[COMMIT_STATUS]


def test_more_transactions_than_places_are_all_committed(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    with (
        surface.connect(identity, peer.endpoint, max_in_flight=2) as gateway,
        ThreadPoolExecutor(40) as pool,
    ):
        contract = gateway.network("directory").contract("city")
        short = Timeouts(endorse=30, submit=30, commit_status=30)
        results = pool.map(lambda _: contract.submit("publish", timeouts=short), range(40))
        assert [*results] == [b"result"] * 40
    assert len(peer.requests[SUBMIT]) == len(peer.requests[COMMIT_STATUS]) == 40


def test_a_transaction_that_gets_no_place_is_not_sent(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    accept(peer)
    entered, release = threading.Event(), threading.Event()
    peer.on(COMMIT_STATUS, hold(entered, release, status(0, 7)))
    limits = Timeouts(endorse=0.1, submit=0.1, commit_status=0.1)
    with (
        surface.connect(identity, peer.endpoint, max_in_flight=1) as gateway,
        ThreadPoolExecutor(1) as pool,
    ):
        contract = gateway.network("directory").contract("city")
        first = pool.submit(contract.submit, "publish")
        assert entered.wait(30)
        with pytest.raises(NotSentError, match="not sent: 1 calls are already under way"):
            contract.submit("publish", timeouts=limits)
        release.set()
        assert first.result(30) == b"result"
    assert len(peer.requests[ENDORSE]) == 1
    assert Retry().applies_to(NotSentError("m", code=StatusCode.RESOURCE_EXHAUSTED))


def test_a_transaction_without_an_outcome_is_sent_again_and_committed_once(
    surface: Surface, new_peer: Peers, identity: SigningIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raft loses what an orderer passed to a leader that hangs: the same envelope gets there later."""
    monkeypatch.setattr("pyfabric.client.steps._AGAIN", 0.2)
    peers = [new_peer(), new_peer()]
    ordered = threading.Event()

    def outcome_once_sent_again(request: bytes, context: grpc.ServicerContext) -> bytes:
        assert ordered.wait(5)
        return status(0, 4)

    def submit_again(request: bytes, context: grpc.ServicerContext) -> bytes:
        sent = [raw for one in peers for raw in one.requests[SUBMIT]]
        if len(sent) > 1:
            ordered.set()
        return b""

    for one in peers:
        accept(one)
        one.on(SUBMIT, submit_again)
        one.on(COMMIT_STATUS, outcome_once_sent_again)
    with surface.connect(identity, [one.endpoint for one in peers]) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.submit("publish") == b"result"
        ordered.clear()
        assert contract.submit_async("publish").status().block_number == 4
    sent = [raw for one in peers for raw in one.requests[SUBMIT]]
    assert len(set(sent)) == 2  # two transactions, each as it was


@pytest.mark.parametrize("answers", ["refuses", "is silent"])
def test_sending_again_neither_ends_nor_outlasts_the_wait(
    surface: Surface,
    peer: ScriptedPeer,
    identity: SigningIdentity,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
) -> None:
    monkeypatch.setattr("pyfabric.client.steps._AGAIN", 0.1)
    release = threading.Event()
    accept(peer)
    peer.on(COMMIT_STATUS, hold(threading.Event(), release))
    with surface.connect(identity, peer.endpoint) as gateway:
        submitted = gateway.network("directory").contract("city").submit_async("publish")
        if answers == "refuses":
            peer.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "no orderers …"))
        else:
            peer.on(SUBMIT, hold(threading.Event(), release))
        began = time.monotonic()
        with pytest.raises(CommitStatusError, match="did not answer CommitStatus"):
            submitted.status(timeout=0.5)
        assert time.monotonic() - began < 2
        release.set()


def test_a_transaction_is_sent_again_while_no_orderer_takes_it(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    """Wait as while Raft elects a leader: the gateway passes on only the texts of orderers that it did not reach."""
    accept(peer)
    down = ErrorDetail(
        "127.0.0.1:1", "TaxMSP", "rpc error: … dial tcp 127.0.0.1:1: connection refused"
    )
    refuse = fail(
        grpc.StatusCode.UNAVAILABLE, "no orderers could successfully process transaction", [down]
    )

    def elect(request: bytes, context: grpc.ServicerContext) -> Any:
        return refuse(request, context) if len(peer.requests[SUBMIT]) < 3 else b""

    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        peer.on(SUBMIT, elect)
        assert contract.submit("publish") == b"result"
        assert len(peer.requests[SUBMIT]) == 3
        assert len(set(peer.requests[SUBMIT])) == 1
        peer.on(SUBMIT, refuse)
        with pytest.raises(SubmitError) as never:
            contract.submit("publish", timeouts=Timeouts(submit=0.2))
        assert never.value.details == (down,)
        sent = len(peer.requests[SUBMIT])
        assert sent > 4
        with pytest.raises(SubmitError):
            contract.submit_async("publish")
        assert len(peer.requests[SUBMIT]) == sent + 1


@pytest.mark.parametrize(
    "silent",
    [
        "rpc error: code = DeadlineExceeded desc = stream terminated by RST_STREAM with error code: CANCEL",
        'rpc error: code = Unavailable desc = connection error: desc = "… failed: context deadline exceeded"',
    ],
)
def test_orderers_that_did_not_answer_in_time_may_have_the_transaction(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, silent: str
) -> None:
    """Distinguish a refusal from silence, which arrive in the same form, by the outcome."""
    accept(peer)
    down = 'rpc error: code = Unavailable desc = connection error: desc = "transport: …"'
    details = [
        ErrorDetail(f"127.0.0.1:{n}", "TaxMSP", said) for n, said in ((1, down), (2, silent))
    ]
    peer.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "no orderers could …", details))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        assert contract.submit("publish") == b"result"
        with pytest.raises(SubmitError):
            contract.submit_async("publish")  # its limit is its own
        peer.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "no orderers could …", details[:1]))
        with pytest.raises(SubmitError):
            contract.submit("publish")
