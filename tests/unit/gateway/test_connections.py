"""Connections of both surfaces: closing, forks, limits, TLS names, proxies, retries."""

import os
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import grpc
import pytest

from pyfabric._grpc.errors import has_a_cause
from pyfabric._grpc.handshakes import explained
from pyfabric.client.effects import Endpoint
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, EVALUATE, SUBMIT, Timeouts
from pyfabric.errors import ClientError, CommitError, EndorseError, GatewayError, StatusCode
from pyfabric.identity.keys import FunctionSigner
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.tls import http2_server_context
from tests.support.client.gateway_server import (
    Pki,
    ScriptedPeer,
    answer,
    endorse,
    evaluated,
    fail,
    hold,
    new_pki,
    status,
)
from tests.support.client.surfaces import Surface

Peers = Callable[..., ScriptedPeer]
GONE = fail(grpc.StatusCode.UNAVAILABLE, "gone")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def test_a_closed_gateway_says_so(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    gateway = surface.connect(identity, peer.endpoint)
    contract = gateway.network("directory").contract("city")
    contract.evaluate("find")
    gateway.close()
    gateway.close()
    for call in (contract.evaluate, contract.submit, contract.new_proposal):
        with pytest.raises(ClientError, match="closed: connect again"):
            call("find")
    with pytest.raises(ClientError, match="closed: connect again"):
        gateway.network("directory").chaincode_events("city")


def test_closing_fails_the_calls_under_way(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, pool: ThreadPoolExecutor
) -> None:
    entered, release = threading.Event(), threading.Event()
    peer.on(EVALUATE, hold(entered, release))
    gateway = surface.connect(identity, peer.endpoint)
    future = pool.submit(gateway.network("directory").contract("city").evaluate, "find")
    assert entered.wait(30)
    gateway.close()
    with pytest.raises((ClientError, GatewayError)):
        future.result(30)
    release.set()


def test_after_a_fork_the_child_is_told_to_connect(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    with surface.connect(identity, peer.endpoint) as gateway:
        # The guard is the first thing in every call: the child needs no event loop to be refused.
        driver = getattr(gateway, "inner", gateway)._connections.driver
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                driver._guard.check()
            except ClientError as error:
                os._exit(42 if "connect after the fork" in str(error) else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
        assert gateway.network("directory").contract("city").evaluate("find") == b"ok"


def test_calls_beyond_the_limit_wait_and_then_fail_unsent(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, pool: ThreadPoolExecutor
) -> None:
    entered, release = threading.Event(), threading.Event()
    peer.on(EVALUATE, hold(entered, release, evaluated(b"held")))
    with surface.connect(identity, peer.endpoint, max_in_flight=1) as gateway:
        contract = gateway.network("directory").contract("city")
        held = pool.submit(contract.evaluate, "find", timeout=30.0)
        assert entered.wait(30)
        with pytest.raises(GatewayError, match="1 calls are already under way") as caught:
            contract.evaluate("find", timeout=0.05)
        waiting = pool.submit(contract.evaluate, "find", timeout=30.0)
        release.set()
        assert (held.result(30), waiting.result(30)) == (b"held", b"held")
    assert caught.value.code is StatusCode.RESOURCE_EXHAUSTED
    assert len(peer.requests[EVALUATE]) == 2


def test_many_threads_share_a_gateway(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, pool: ThreadPoolExecutor
) -> None:
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    peer.on(COMMIT_STATUS, answer(status(0, 7)))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        results = list(pool.map(lambda _: contract.submit_async("publish"), range(40)))
        assert all(submitted.status().successful for submitted in results)
    assert len({submitted.transaction_id for submitted in results}) == 40


def refused_with(surface: Surface, identity: SigningIdentity, endpoint: Endpoint) -> str:
    with surface.connect(identity, endpoint) as gateway, pytest.raises(GatewayError) as caught:
        gateway.network("directory").contract("city").evaluate("find")
    assert caught.value.code is StatusCode.UNAVAILABLE
    return caught.value.message


@contextmanager
def alerting(pki: Pki) -> Iterator[Endpoint]:
    """Listen as Fabric does: who is refused for a certificate learns the reason by an alert of TLS."""
    context = http2_server_context(*pki.server, pki.roots)

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with (
                    connection,
                    suppress(OSError),
                    context.wrap_socket(connection, server_side=True),
                ):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield Endpoint(f"127.0.0.1:{server.getsockname()[1]}", pki.roots)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_refused_client_certificate_is_named(
    surface: Surface, new_peer: Peers, pki: Pki, identity: SigningIdentity
) -> None:
    peer = new_peer(mutual=True)
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    with surface.connect(identity, peer.endpoint) as gateway:
        assert gateway.network("directory").contract("city").evaluate("find") == b"ok"
    strange, key = new_pki().client
    plain = replace(peer.endpoint, client_certificate=None, client_key=None)
    for node, why in ((plain, "without a reason"), (None, "UNKNOWN_CA")):
        with ExitStack() as stack:
            node = node or stack.enter_context(alerting(pki))
            missing = refused_with(surface, identity, node)
            assert missing.startswith(
                f"{node.address} demands a TLS client certificate, and was shown none"
            )
            assert "client.tlsCerts.client" in missing
            if node is plain:
                with (
                    surface.connect(identity, node) as gateway,
                    gateway.network("directory").block_events(start_block=1) as blocks,
                    pytest.raises(GatewayError, match=re.escape(missing)),
                ):
                    next(blocks)
            other = replace(node, client_certificate=strange, client_key=key)
            refused = refused_with(surface, identity, other)
            assert refused.startswith(
                f"{node.address} refuses the TLS client certificate that it was shown ("
            )
            assert why in refused


def test_a_server_that_closes_connections_for_another_reason_is_not_misjudged(
    peer: ScriptedPeer,
) -> None:
    closed = GatewayError(
        "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed",
        code=StatusCode.UNAVAILABLE,
    )
    assert has_a_cause(closed)
    assert explained(closed, peer.endpoint) is closed
    assert explained(closed, replace(peer.endpoint, address="127.0.0.1:1")) is closed
    assert explained(closed, replace(peer.endpoint, tls_roots=new_pki().roots)) is closed


def test_the_servers_name_can_be_overridden(surface: Surface, identity: SigningIdentity) -> None:
    peer = ScriptedPeer(new_pki("peer0.econinfo.city"))
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    named = replace(peer.endpoint, server_name="peer0.econinfo.city")
    try:
        with surface.connect(identity, named) as gateway:
            assert gateway.network("directory").contract("city").evaluate("find") == b"ok"
        with (
            surface.connect(identity, peer.endpoint) as gateway,
            pytest.raises(GatewayError) as caught,
        ):
            gateway.network("directory").contract("city").evaluate("find")
        other = replace(peer.endpoint, server_name="peer9.tax")
        with (
            surface.connect(identity, other) as gateway,
            gateway.network("directory").block_events(start_block=1) as blocks,
            pytest.raises(GatewayError, match=r"is for peer0\.econinfo\.city, not for peer9\.tax"),
        ):
            next(blocks)
    finally:
        peer.stop()
    assert caught.value.code is StatusCode.UNAVAILABLE
    said = "the server's certificate is for peer0.econinfo.city, not for 127.0.0.1"
    assert f"{peer.endpoint.address}: {said}" in caught.value.message


def test_names_that_cannot_be_looked_up_leave_the_wanted_one(pki: Pki) -> None:
    failed = GatewayError("Hostname Verification Check failed.", code=StatusCode.UNAVAILABLE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    said = explained(failed, Endpoint(address, pki.roots)).message
    assert "is for other names, not for 127.0.0.1" in said


def test_a_foreign_root_is_not_trusted(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    foreign = replace(peer.endpoint, tls_roots=new_pki().roots)
    with surface.connect(identity, foreign) as gateway, pytest.raises(GatewayError) as caught:
        gateway.network("directory").contract("city").evaluate("find")
    assert caught.value.code is StatusCode.UNAVAILABLE
    assert foreign.address in str(caught.value)


def test_a_proxy_of_the_environment_is_not_used_unless_asked(
    surface: Surface,
    peer: ScriptedPeer,
    identity: SigningIdentity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with surface.connect(identity, peer.endpoint) as gateway:
        assert gateway.network("directory").contract("city").evaluate("find") == b"ok"
    with (
        surface.connect(identity, peer.endpoint, proxy=True) as gateway,
        pytest.raises(GatewayError) as caught,
    ):
        gateway.network("directory").contract("city").evaluate("find")
    assert caught.value.code is StatusCode.UNAVAILABLE


def test_an_endpoint_that_cannot_be_trusted_is_refused(
    surface: Surface, peer: ScriptedPeer, pki: Pki, identity: SigningIdentity
) -> None:
    certificate, _ = pki.client
    cases = [
        (replace(peer.endpoint, tls_roots=b""), "no TLS root certificate"),
        (replace(peer.endpoint, client_certificate=certificate), "both a certificate and its key"),
    ]
    for endpoint, text in cases:
        with (
            surface.connect(identity, endpoint) as gateway,
            pytest.raises(ClientError, match=text),
        ):
            gateway.network("directory").contract("city").evaluate("find")


def test_a_gateway_needs_a_peer(surface: Surface, identity: SigningIdentity) -> None:
    with pytest.raises(ClientError, match="at least one peer"):
        surface.connect(identity, [])


def test_a_signer_in_another_machine_works(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(EVALUATE, answer(evaluated(b"ok")))
    threads: list[int] = []

    def remote(message: bytes) -> bytes:
        threads.append(threading.get_ident())
        return identity.sign(message)

    elsewhere = SigningIdentity(identity.identity, FunctionSigner(remote))
    with surface.connect(elsewhere, peer.endpoint) as gateway:
        assert gateway.identity == identity.identity
        network = gateway.network("directory")
        contract = network.contract("city", "Directory")
        assert (network.name, contract.chaincode, contract.name) == (
            "directory",
            "city",
            "Directory",
        )
        assert gateway.network("directory").contract("city").evaluate("find") == b"ok"
    assert len(threads) == 1


def test_a_conflict_is_repeated_as_a_new_transaction_only_when_asked(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    peer.on(ENDORSE, endorse(b"result"))
    peer.on(SUBMIT, answer(b""))
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        peer.on(COMMIT_STATUS, answer(status(11, 3)))
        with pytest.raises(CommitError):
            contract.submit("publish")
        retry = surface.Retry(attempts=3, first_delay=0.001)
        with pytest.raises(CommitError):
            contract.submit("publish", retry=retry)
        peer.on(COMMIT_STATUS, answer(status(11, 3)), answer(status(12, 4)), answer(status(0, 5)))
        assert contract.submit("publish", retry=retry) == b"result"
        peer.on(COMMIT_STATUS, answer(status(10, 6)))
        with pytest.raises(CommitError):
            contract.submit("publish", retry=retry)
    assert len(set(peer.requests[SUBMIT])) == 1 + 3 + 3 + 1


def test_what_found_no_peer_is_repeated_only_when_asked(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity
) -> None:
    retry = surface.Retry(attempts=3, first_delay=0.001)
    with surface.connect(identity, peer.endpoint) as gateway:
        contract = gateway.network("directory").contract("city")
        peer.on(EVALUATE, GONE, GONE, answer(evaluated(b"ok")))
        assert contract.evaluate("find", retry=retry) == b"ok"
        peer.on(ENDORSE, GONE)
        with pytest.raises(EndorseError):
            contract.submit_async("publish", retry=retry)
        peer.on(ENDORSE, endorse(b"result"))
        peer.on(SUBMIT, GONE)
        with pytest.raises(GatewayError):
            contract.submit("publish", retry=retry)
        peer.on(EVALUATE, fail(grpc.StatusCode.UNKNOWN, "boom"))
        with pytest.raises(GatewayError, match="boom"):
            contract.evaluate("find", retry=retry)
    assert len(peer.requests[EVALUATE]) == 4
    assert len(peer.requests[ENDORSE]) == 4
    assert len(peer.requests[SUBMIT]) == 1


def test_deadlines_of_one_submit(
    surface: Surface, peer: ScriptedPeer, identity: SigningIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfabric.client.steps._AGAIN", 4000.0)  # until then, one call
    left: dict[str, float] = {}

    def note(method: str, then: Any) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def behave(raw: bytes, context: grpc.ServicerContext) -> bytes:
            left[method] = round(context.time_remaining(), -2)
            return bytes(then(raw, context))

        return behave

    peer.on(ENDORSE, note(ENDORSE, endorse(b"result")))
    peer.on(SUBMIT, note(SUBMIT, answer(b"")))
    peer.on(COMMIT_STATUS, note(COMMIT_STATUS, answer(status(0, 7))))
    limits = Timeouts(endorse=1000, submit=2000, commit_status=3000)
    with surface.connect(identity, peer.endpoint) as gateway:
        gateway.network("directory").contract("city").submit("publish", timeouts=limits)
    assert left == {ENDORSE: 1000, SUBMIT: 2000, COMMIT_STATUS: 3000}
