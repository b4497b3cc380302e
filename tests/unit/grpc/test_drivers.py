"""Both drivers perform every effect, against real servers on the loopback."""

import asyncio
import gzip
import http.server
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import grpc
import pytest
from fabric_protos.orderer import ab_pb2

from pyfabric._grpc.aio_connection import AsyncConnection
from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric._grpc.aio_places import AsyncPlaces
from pyfabric._grpc.connection import Connection
from pyfabric._grpc.driver import Driver
from pyfabric._grpc.places import Places
from pyfabric._grpc.rest import tls_context
from pyfabric.client.effects import (
    Broadcast,
    DeliverBlocks,
    Endpoint,
    Flow,
    Rest,
    Unary,
    broadcast,
    call,
    deliver,
    gather,
    nonce,
    now,
    rest,
    sign,
    sleep,
)
from pyfabric.client.timeouts import EVALUATE, SUBMIT
from pyfabric.client.transactions import PROCESS_PROPOSAL
from pyfabric.errors import ClientError, GatewayError, MissingExtraError, StatusCode
from pyfabric.identity.keys import FunctionSigner
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages.deliver import BROADCAST, ORDERER_DELIVER
from pyfabric.messages.status_details import TRAILER
from tests.support.client.gateway_server import (
    Pki,
    ScriptedPeer,
    answer,
    block,
    deliver_status,
    fail,
    new_pki,
    stream,
)

T = TypeVar("T")


class Runs(Protocol):
    def __call__(self, flow: Flow[T]) -> T: ...


@pytest.fixture(params=["sync", "aio"])
def run(request: pytest.FixtureRequest) -> Iterator[Runs]:
    if request.param == "sync":
        driver = Driver()
        yield driver.run
        driver.close()
        return
    with asyncio.Runner() as runner:
        asynchronous = AsyncDriver()

        def in_loop(flow: Flow[T]) -> T:
            return runner.run(asynchronous.run(flow))

        yield in_loop
        runner.run(asynchronous.close())


@pytest.fixture(scope="module")
def pki() -> Pki:
    return new_pki()


@pytest.fixture
def peer(pki: Pki) -> Iterator[ScriptedPeer]:
    peer = ScriptedPeer(pki)
    yield peer
    peer.stop()


def test_the_clock_and_chance_are_this_machines(run: Runs) -> None:
    before = datetime.now(UTC)
    assert before <= run(now()) <= datetime.now(UTC)
    assert run(now()).tzinfo is UTC
    nonces = {run(nonce()) for _ in range(20)}
    assert len(nonces) == 20
    assert {len(each) for each in nonces} == {24}
    run(sleep(0))


@pytest.mark.parametrize("blocking", [True, False])
def test_signers_are_asked_and_blocking_ones_elsewhere(run: Runs, blocking: bool) -> None:
    threads: list[int] = []

    class Signer(FunctionSigner):
        @property
        def blocking(self) -> bool:
            return blocking

    def function(message: bytes) -> bytes:
        threads.append(threading.get_ident())
        return message[::-1]

    identity = SigningIdentity(Identity("EconInfoMSP", b"certificate"), Signer(function))
    assert run(sign(identity, b"abc")) == b"cba"
    in_loop = "in_loop" in getattr(run, "__qualname__", "")
    assert (threads != [threading.get_ident()]) is (blocking and in_loop)


def test_gathered_flows_all_end_and_answer_in_order(run: Runs, peer: ScriptedPeer) -> None:
    peer.on(PROCESS_PROPOSAL, lambda request, _: request.upper())
    peer.on(SUBMIT, fail(grpc.StatusCode.ABORTED, "no"))
    methods = [PROCESS_PROPOSAL, SUBMIT] * 12

    def one(index: int, method: str) -> Flow[bytes]:
        return (yield from call(Unary(peer.endpoint, method, f"r{index}".encode(), bytes)))

    outcomes = run(gather([one(index, method) for index, method in enumerate(methods)]))
    assert [outcome.value for outcome in outcomes[::2]] == [
        f"R{index}".encode() for index in range(0, 24, 2)
    ]
    for outcome in outcomes[1::2]:
        with pytest.raises(GatewayError, match="ABORTED: no"):
            outcome.result()
    assert run(gather([])) == []
    assert run(gather([one(0, PROCESS_PROPOSAL)]))[0].result() == b"R0"


def test_a_flow_may_catch_an_error_and_go_on(run: Runs, peer: ScriptedPeer) -> None:
    peer.on(SUBMIT, fail(grpc.StatusCode.UNAVAILABLE, "gone"))
    peer.on(EVALUATE, answer(b"found"))
    caught: list[StatusCode | None] = []

    def flow() -> Flow[bytes]:
        try:
            yield from call(Unary(peer.endpoint, SUBMIT, b"", bytes))
        except GatewayError as error:
            caught.append(error.code)
        finally:
            caught.append(None)
        return (yield from call(Unary(peer.endpoint, EVALUATE, b"", bytes)))

    assert run(flow()) == b"found"
    assert caught == [StatusCode.UNAVAILABLE, None]


def test_a_method_without_a_deadline_of_its_own_gets_one(run: Runs, peer: ScriptedPeer) -> None:
    left: list[float] = []

    def note(_: bytes, context: grpc.ServicerContext) -> bytes:
        left.append(context.time_remaining())
        return b""

    peer.on(EVALUATE, note)
    peer.on(PROCESS_PROPOSAL, note)
    run(call(Unary(peer.endpoint, EVALUATE, b"", bytes)))
    run(call(Unary(peer.endpoint, PROCESS_PROPOSAL, b"", bytes)))
    assert 0 < left[0] < 6
    assert 50 < left[1] < 61


def test_an_envelope_is_broadcast_and_any_status_is_an_answer(
    run: Runs, peer: ScriptedPeer
) -> None:
    refused = ab_pb2.BroadcastResponse(status=403, info="permission denied").SerializeToString()
    peer.on(BROADCAST, stream(refused, stay=True), stream(), stream(then=_unavailable))
    assert run(broadcast(Broadcast(peer.endpoint, b"envelope"))) == (403, "permission denied")
    assert peer.requests[BROADCAST] == [b"envelope"]
    with pytest.raises(GatewayError, match="closed the stream before its answer"):
        run(broadcast(Broadcast(peer.endpoint, b"envelope")))
    with pytest.raises(GatewayError, match="UNAVAILABLE: gone"):
        run(broadcast(Broadcast(peer.endpoint, b"envelope")))


_unavailable = fail(grpc.StatusCode.UNAVAILABLE, "gone")


def test_a_block_is_read_with_its_status(run: Runs, peer: ScriptedPeer) -> None:
    messages = [block(0), deliver_status(200)]
    endless = stream(*[block(number) for number in range(1000)], stay=True)
    peer.on(ORDERER_DELIVER, stream(*messages, stay=True), stream(block(0)), endless)
    request = DeliverBlocks(peer.endpoint, ORDERER_DELIVER, b"seek", timeout=30)
    assert run(deliver(request)) == messages
    assert peer.requests[ORDERER_DELIVER] == [b"seek"]
    with pytest.raises(GatewayError, match="closed the stream before its answer"):
        run(deliver(request))
    with pytest.raises(GatewayError, match="sent more blocks than the one that was asked for"):
        run(deliver(request))


class QuietServer(http.server.ThreadingHTTPServer):
    """Does not print the handshakes that the tests let fail."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing."""


def _attack(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Send a bomb, a body without an end, or one that drips, or headers that do."""
    handler.close_connection = True
    if handler.path == "/headers":
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    else:
        handler.send_response(200)
        if handler.path == "/bomb":
            handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
    if handler.path == "/bomb":
        handler.wfile.write(gzip.compress(bytes(100_000_000)))
        return
    while True:
        handler.wfile.write(bytes(1_000_000) if handler.path == "/endless" else b"x")
        time.sleep(0 if handler.path == "/endless" else 0.01)


class RestServer:
    """An HTTPS server that requires a client certificate and records its requests."""

    def __init__(self, pki: Pki, folder: Path) -> None:
        seen = self.seen = []  # type: list[tuple[str, str, dict[str, str], bytes]]

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                if self.path in {"/bomb", "/endless", "/drip", "/headers"}:
                    with suppress(OSError):  # the client hangs up
                        _attack(self)
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append((self.command, self.path, dict(self.headers), body))
                content = b'{"error":"cannot join: channel already exists"}'
                self.send_response(405)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, format: str, *arguments: Any) -> None:
                """Log nothing."""

        certificate, key = pki.server
        files = [folder / "server.pem", folder / "roots.pem"]
        for file, content in zip(files, (certificate + key, pki.roots), strict=True):
            file.write_bytes(content)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[0])
        context.load_verify_locations(files[1])
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        client, client_key = pki.client
        self.endpoint = Endpoint(
            f"127.0.0.1:{self._server.server_port}",
            pki.roots,
            client_certificate=client,
            client_key=client_key,
        )

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def rest_server(tmp_path: Path) -> Iterator[Callable[[Pki], RestServer]]:
    servers: list[RestServer] = []

    def make(pki: Pki) -> RestServer:
        servers.append(RestServer(pki, tmp_path))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def test_https_requests_are_mutual_and_any_status_is_an_answer(
    run: Runs,
    pki: Pki,
    rest_server: Callable[[Pki], RestServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server = rest_server(pki)
    path = "/participation/v1/channels"
    joined = run(rest(Rest(server.endpoint, "POST", path, files={"config-block": b"\x00block"})))
    assert joined.status == 405
    assert joined.body == b'{"error":"cannot join: channel already exists"}'
    run(rest(Rest(server.endpoint, "GET", path, headers={"X-Kind": "test"}, body=b"body")))
    (verb, where, headers, body), (second, _, more, plain) = server.seen
    assert (verb, where, second, plain) == ("POST", path, "GET", b"body")
    assert headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="config-block"' in body
    assert b"\x00block" in body
    assert more["X-Kind"] == "test"


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("/bomb", StatusCode.UNIMPLEMENTED, "compressed"),
        ("/endless", StatusCode.RESOURCE_EXHAUSTED, "longer than 16777216 bytes"),
        ("/drip", StatusCode.DEADLINE_EXCEEDED, "not complete after 0.5 seconds"),
        ("/headers", StatusCode.DEADLINE_EXCEEDED, "not complete after 0.5 seconds"),
    ],
)
def test_an_https_answer_is_bounded(
    run: Runs,
    pki: Pki,
    rest_server: Callable[[Pki], RestServer],
    path: str,
    code: StatusCode,
    text: str,
) -> None:
    server = rest_server(pki)
    timeout = 0.5 if path in {"/drip", "/headers"} else 30
    with pytest.raises(GatewayError, match=text) as caught:
        run(rest(Rest(server.endpoint, "GET", path, timeout=timeout)))
    assert caught.value.code is code
    assert run(rest(Rest(server.endpoint, "GET", "/"))).status == 405


def test_https_checks_the_servers_name_which_can_be_overridden(
    run: Runs, rest_server: Callable[[Pki], RestServer]
) -> None:
    server = rest_server(new_pki("orderer.econinfo.city"))
    with pytest.raises(GatewayError, match="certificate is not valid"):
        run(rest(Rest(server.endpoint, "GET", "/")))
    named = replace(server.endpoint, server_name="orderer.econinfo.city")
    assert run(rest(Rest(named, "GET", "/"))).status == 405


def test_https_without_a_certificate_or_a_server_has_no_answer(
    run: Runs, pki: Pki, rest_server: Callable[[Pki], RestServer]
) -> None:
    server = rest_server(pki)
    plain = replace(server.endpoint, client_certificate=None, client_key=None)
    nobody = replace(server.endpoint, address="127.0.0.1:1")
    for endpoint in (plain, nobody):
        with pytest.raises(GatewayError) as caught:
            run(rest(Rest(endpoint, "GET", "/")))
        assert caught.value.code is StatusCode.UNAVAILABLE
        assert endpoint.address in str(caught.value)


def test_tls_material_that_is_none_is_refused(pki: Pki) -> None:
    for endpoint in (
        Endpoint("a:1", b"junk"),
        Endpoint("a:1", pki.roots, client_certificate=b"junk", client_key=b"junk"),
    ):
        with pytest.raises(ClientError, match="a:1: TLS material cannot be used"):
            tls_context(endpoint)


def test_an_asyncio_driver_belongs_to_one_loop() -> None:
    driver = AsyncDriver()
    asyncio.run(driver.run(now()))
    with pytest.raises(ClientError, match="another event loop"):
        asyncio.run(driver.run(now()))
    asyncio.run(driver.close())


def test_a_cancelled_task_closes_its_flow(pki: Pki) -> None:
    ended: list[str] = []

    def flow(endpoint: Endpoint) -> Flow[bytes]:
        try:
            return (yield from call(Unary(endpoint, EVALUATE, b"", bytes, 30)))
        finally:
            ended.append("closed")

    async def cancel(peer: ScriptedPeer) -> None:
        driver, loop = AsyncDriver(), asyncio.get_running_loop()
        entered = asyncio.Event()

        def wait(_: bytes, context: grpc.ServicerContext) -> bytes:
            gone = threading.Event()
            context.add_callback(gone.set)
            loop.call_soon_threadsafe(entered.set)
            gone.wait(30)
            return b""

        peer.on(EVALUATE, wait)
        task = asyncio.create_task(driver.run(flow(peer.endpoint)))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await driver.close()

    peer = ScriptedPeer(pki)
    asyncio.run(cancel(peer))
    peer.stop()
    assert ended == ["closed"]


def test_an_unreadable_trailer_leaves_the_calls_own_error(run: Runs, peer: ScriptedPeer) -> None:
    def broken(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("other", "x"), (TRAILER, b"\xff")))
        context.abort(grpc.StatusCode.ABORTED, "failed")
        return b""

    peer.on(EVALUATE, broken)
    with pytest.raises(GatewayError, match="ABORTED: failed") as caught:
        run(call(Unary(peer.endpoint, EVALUATE, b"", bytes)))
    assert caught.value.details == ()


def test_a_closed_connection_says_so(peer: ScriptedPeer) -> None:
    connection = Connection(peer.endpoint, proxy=False, places=Places(1))
    connection.close()
    for _ in range(2):
        with pytest.raises(ClientError, match="connect again"):
            connection.call(Unary(peer.endpoint, EVALUATE, b"", bytes))
        with pytest.raises(ClientError, match="connect again"):
            connection.stream(BROADCAST, b"", client_streams=True)

    async def asynchronous() -> None:
        connection = AsyncConnection(peer.endpoint, proxy=False, places=AsyncPlaces(1))
        await connection.close()
        for _ in range(2):
            with pytest.raises(ClientError, match="connect again"):
                await connection.call(Unary(peer.endpoint, EVALUATE, b"", bytes))
            with pytest.raises(ClientError, match="connect again"):
                await connection.stream(BROADCAST, b"", client_streams=True)

    asyncio.run(asynchronous())


def test_streams_count_among_the_calls_and_give_their_place_back(peer: ScriptedPeer) -> None:
    peer.on(ORDERER_DELIVER, stream(block(0), stay=True))
    connection = Connection(peer.endpoint, proxy=False, places=Places(1))
    for _ in range(3):
        opened = connection.stream(ORDERER_DELIVER, b"", client_streams=True)
        with pytest.raises(GatewayError, match="already under way"):
            connection.stream(ORDERER_DELIVER, b"", client_streams=True, timeout=0.01)
        assert next(opened) == block(0)
        opened.cancel()
        opened.cancel()
        with pytest.raises(GatewayError, match="CANCELLED"):
            next(opened)
    connection.close()


def test_a_cancelled_reader_is_cancelled_and_gives_its_place_back(peer: ScriptedPeer) -> None:
    peer.on(ORDERER_DELIVER, stream(block(0), stay=True))

    async def cancel() -> None:
        connection = AsyncConnection(peer.endpoint, proxy=False, places=AsyncPlaces(1))
        for _ in range(2):
            opened = await connection.stream(ORDERER_DELIVER, b"", client_streams=True)
            assert await anext(opened) == block(0)
            reader = asyncio.create_task(anext(opened))
            await asyncio.sleep(0)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            opened.cancel()
        await connection.close()

    asyncio.run(cancel())


def test_a_closed_driver_takes_its_https_connections_along(
    run: Runs, pki: Pki, rest_server: Callable[[Pki], RestServer]
) -> None:
    server = rest_server(pki)
    for _ in range(2):
        assert run(rest(Rest(server.endpoint, "GET", "/"))).status == 405
    assert len(server.seen) == 2


def test_a_request_without_httpx_says_what_to_install(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"httpx is not installed: pip install .*network"):
        run(rest(Rest(Endpoint("127.0.0.1:1", b"roots"), "GET", "/")))


def test_a_fork_is_refused_and_leaves_the_parents_connections_alone(
    peer: ScriptedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.on(EVALUATE, answer(b"ok"))
    driver = Driver()
    flow = call(Unary(peer.endpoint, EVALUATE, b"", bytes))
    assert driver.run(flow) == b"ok"
    asynchronous = AsyncDriver()
    with monkeypatch.context() as child:
        child.setattr("os.getpid", lambda: -1)
        with pytest.raises(ClientError, match="connect after the fork"):
            driver.run(now())
        driver.close()
        asyncio.run(asynchronous.close())
    with pytest.raises(ClientError, match="closed"):
        driver.run(now())
