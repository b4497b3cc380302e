"""The contract server over real sockets; the test plays the peer."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
import pytest_asyncio

from pyfabric.chaincode import (
    AsyncContext,
    AsyncContract,
    Chaincode,
    Context,
    Contract,
    ContractError,
    StateError,
    query,
    transaction,
)
from pyfabric.chaincode.peer_stream import StreamLimits
from pyfabric.chaincode.server import ChaincodeServer, ServerTLS
from pyfabric.chaincode.testing import identity
from pyfabric.errors import ConfigError, NetworkError
from pyfabric.identity.issuing import CertificateAuthority, self_signed_client
from pyfabric.identity.keys import generate_private_key, private_key_pem
from tests.support.chaincode.fake_peer import FakePeer, Message, signed_proposal
from tests.support.transport.raw_http2 import DATA, PING, RawStream

GATE = threading.Event()


class Records(Contract):
    @transaction
    def put(self, ctx: Context, key: str, value: bytes) -> None:
        ctx.stub.put_state(key, value)
        ctx.stub.set_event("put", key.encode())

    @query
    def get(self, ctx: Context, key: str) -> bytes | None:
        return ctx.stub.get_state(key)

    @transaction
    def move(self, ctx: Context, old: str, new: str) -> bytes:
        value = ctx.stub.get_state(old)
        if value is None:
            raise ContractError(f"{old} does not exist")
        ctx.stub.delete_state(old)
        ctx.stub.put_state(new, value)
        return value

    @query
    def keys(self, ctx: Context) -> list[str]:
        return [key for key, _ in ctx.stub.get_state_range()]

    @query
    def many(self, ctx: Context, *keys: str) -> list[str]:
        return [(value or b"-").decode() for value in ctx.stub.get_multiple_states(keys)]

    @query
    def first(self, ctx: Context) -> str:
        with ctx.stub.get_state_range() as found:
            return next(found).key

    @query
    def page(self, ctx: Context, size: int, bookmark: str) -> list[str]:
        page = ctx.stub.get_state_range_with_pagination("", "", size, bookmark)
        return [page.bookmark, str(page.count), *(key for key, _ in page.items)]

    @query
    def who(self, ctx: Context) -> list[str | None]:
        return [ctx.client.msp_id, ctx.client.attribute("role"), ctx.stub.timestamp.isoformat()]

    @query
    def peer(self, ctx: Context) -> str:
        return ctx.stub.msp_id

    @query
    def secret(self, ctx: Context) -> bytes:
        return ctx.stub.transient["pin"]

    @query
    def slow(self, ctx: Context) -> str:
        GATE.wait(30)
        return "slow"

    @query
    def fail(self, ctx: Context, kind: str) -> None:
        raise {"exit": SystemExit(2), "bug": ZeroDivisionError("division")}[kind]

    @query
    def careful(self, ctx: Context) -> str:
        try:
            ctx.stub.get_state("k")
        except StateError as error:
            return f"caught: {error}"
        return "read"


class Waiting(AsyncContract):
    @query
    async def sum(self, ctx: AsyncContext, *keys: str) -> int:
        values = await asyncio.gather(*(ctx.stub.get_state(key) for key in keys))
        return sum(int(each or 0) for each in values)

    @query
    async def many(self, ctx: AsyncContext, *keys: str) -> list[str]:
        return [(value or b"-").decode() for value in await ctx.stub.get_multiple_states(keys)]

    @query
    async def keys(self, ctx: AsyncContext) -> list[str]:
        return [key async for key, _ in ctx.stub.get_state_range()]

    @query
    async def fail(self, ctx: AsyncContext) -> None:
        raise SystemExit(2)

    @query
    async def get(self, ctx: AsyncContext, key: str) -> bytes | None:
        return await ctx.stub.get_state(key)


def serving(*, tls: ServerTLS | None = None, threads: int = 8, **more: Any) -> ChaincodeServer:
    return ChaincodeServer(
        Chaincode([Records(), Waiting()]),
        package_id="records:0a1b",
        address="127.0.0.1:0",
        tls=tls,
        threads=threads,
        **more,
    )


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[FakePeer]:
    async with serving() as server, FakePeer(server.address) as connected:
        yield connected


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    GATE.clear()
    yield
    GATE.set()


@pytest.mark.asyncio
async def test_it_registers_and_a_transaction_writes_and_reads(peer: FakePeer) -> None:
    assert peer.registered == "records:0a1b"
    answer = await peer.invoke("put", "k", b"v")
    assert (answer.status, answer.payload) == (200, b"")
    assert answer.event is not None
    assert (answer.event.event_name, answer.event.payload) == ("put", b"k")
    assert peer.state == {"k": b"v"}
    assert (await peer.invoke("get", "k")).payload == b"v"
    assert (await peer.invoke("get", "none")).payload == b""
    assert (await peer.invoke("Records:move", "k", "new")).payload == b"v"
    assert peer.state == {"new": b"v"}


@pytest.mark.asyncio
async def test_an_init_calls_the_function_that_it_names(peer: FakePeer) -> None:
    assert (await peer.invoke("put", "k", "v", kind=Message.INIT)).status == 200
    assert peer.state == {"k": b"v"}


@pytest.mark.asyncio
async def test_errors_are_answered_at_once_with_their_text(peer: FakePeer) -> None:
    for call, text in {
        ("move", "a", "b"): "a does not exist",
        ("nope",): "You've asked to invoke a function that does not exist: nope",
        ("fail", "bug"): "ZeroDivisionError: division",
        ("fail", "exit"): "SystemExit: 2",
        ("Waiting:fail",): "SystemExit: 2",
        ("get",): "Expected 1 parameters, but 0 have been supplied",
    }.items():
        answer = await peer.invoke(*call)
        assert (answer.status, answer.message, answer.event) == (500, text, None)
    assert (await peer.invoke("get", "still-there")).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (Message.GET_STATE, ("get", "k")),
        (Message.PUT_STATE, ("put", "k", "v")),
        (Message.DEL_STATE, ("move", "k", "n")),
        (Message.GET_STATE_BY_RANGE, ("keys",)),
        (Message.QUERY_STATE_NEXT, ("keys",)),
        (Message.QUERY_STATE_NEXT, ("Waiting:keys",)),
        (Message.QUERY_STATE_CLOSE, ("first",)),
        (Message.GET_STATE, ("Waiting:get", "k")),
    ],
)
async def test_a_peers_error_is_an_error(peer: FakePeer, kind: int, call: tuple[str, ...]) -> None:
    peer.state = dict.fromkeys("abcdk", b"v")
    peer.fail = {kind: "the peer refuses"}
    answer = await peer.invoke(*call)
    assert (answer.status, answer.message) == (500, "the peer refuses")
    assert answer.event is None


@pytest.mark.asyncio
async def test_a_contract_may_catch_a_peers_error(peer: FakePeer) -> None:
    peer.fail = {Message.GET_STATE: "no"}
    assert (await peer.invoke("careful")).payload == b"caught: no"


@pytest.mark.asyncio
async def test_64_transactions_at_once_each_get_their_own_answers(peer: FakePeer) -> None:
    peer.state = {f"k{number}": str(number).encode() for number in range(64)}
    answers = await asyncio.gather(
        *(
            peer.invoke(function, f"k{number}", transaction_id=f"{function}{number}")
            for number in range(64)
            for function in ("get", "Waiting:get")
        )
    )
    assert [each.payload for each in answers] == [
        str(number).encode() for number in range(64) for _ in range(2)
    ]


@pytest.mark.asyncio
async def test_one_transaction_on_two_channels_is_two(peer: FakePeer) -> None:
    peer.state = {"a": b"1", "b": b"2"}
    first = peer.invoke("get", "a", transaction_id="1", channel="21")
    second = peer.invoke("get", "b", transaction_id="12", channel="1")
    assert [each.payload for each in await asyncio.gather(first, second)] == [b"1", b"2"]


@pytest.mark.asyncio
async def test_requests_of_one_transaction_are_sent_one_by_one(peer: FakePeer) -> None:
    peer.state = {f"k{number}": b"1" for number in range(20)}
    assert (await peer.invoke("Waiting:sum", *peer.state)).payload == b"20"
    assert peer.most_outstanding == 0


@pytest.mark.asyncio
async def test_ranges_in_batches_and_pages(peer: FakePeer) -> None:
    peer.state = dict.fromkeys([*"abcdefgh", "\x00composite\x00"], b"v")
    wanted = b'["a","b","c","d","e","f","g","h"]'
    assert (await peer.invoke("keys")).payload == wanted
    assert (await peer.invoke("Waiting:keys")).payload == wanted
    assert (await peer.invoke("page", "3", "")).payload == b'["d","3","a","b","c"]'
    assert (await peer.invoke("page", "3", "g")).payload == b'["","2","g","h"]'


@pytest.mark.asyncio
@pytest.mark.parametrize(("offered", "requests"), [(0, 250), (50, 3), (200, 2)])
@pytest.mark.parametrize("contract", ["Records", "Waiting"])
async def test_many_reads_take_as_few_requests_as_the_peer_offers(
    contract: str, offered: int, requests: int
) -> None:
    keys = [f"k{number}" for number in range(250)]
    async with (
        serving() as server,
        FakePeer(server.address, multiple_reads=offered, state={"k7": b"7"}) as peer,
    ):
        answer = await peer.invoke(f"{contract}:many", *keys)
        assert json.loads(answer.payload) == ["7" if key == "k7" else "-" for key in keys]
        assert len(peer.received) == requests + 1
        assert (await peer.invoke(f"{contract}:many")).payload == b"[]"
        assert "must not be an empty" in (await peer.invoke(f"{contract}:many", "")).message


@pytest.mark.asyncio
async def test_a_query_left_early_is_closed(peer: FakePeer) -> None:
    peer.state = dict.fromkeys("abcdef", b"v")
    assert (await peer.invoke("first")).payload == b"a"
    assert peer.open_queries == 0
    assert peer.received[-2].type == Message.QUERY_STATE_CLOSE


@pytest.mark.asyncio
async def test_values_of_5_mb_and_bytes_that_are_not_text(peer: FakePeer) -> None:
    large = bytes(range(256)) * 20_000
    assert (await peer.invoke("put", "large", large)).status == 200
    assert (await peer.invoke("get", "large")).payload == large
    assert (await peer.invoke(b"get", b"\xff")).message.endswith("is not valid UTF-8")
    assert (await peer.invoke(b"\xff\xfe")).status == 500
    assert (await peer.invoke("get", "large")).payload == large


@pytest.mark.asyncio
async def test_who_calls_with_which_transient_data(peer: FakePeer) -> None:
    officer = identity("TaxMSP", attributes={"role": "officer"})
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=7)
    proposal = signed_proposal(
        officer.serialized(),
        transient={"pin": b"\x00\xff"},
        seconds=int(moment.timestamp()),
        nanos=7_999,
    )
    answer = await peer.invoke("who", proposal=proposal)
    assert answer.payload == f'["TaxMSP","officer","{moment.isoformat()}"]'.encode()
    assert (await peer.invoke("secret", proposal=proposal)).payload == b"\x00\xff"


@pytest.mark.asyncio
async def test_whose_peer_it_is_comes_from_the_server() -> None:
    async with serving(msp_id="TaxMSP") as server, FakePeer(server.address) as peer:
        assert (await peer.invoke("peer")).payload == b"TaxMSP"
    async with serving() as server, FakePeer(server.address) as peer:
        assert "give msp_id to ChaincodeServer" in (await peer.invoke("peer")).message


@pytest.mark.asyncio
async def test_keepalive_is_answered(peer: FakePeer) -> None:
    assert (await peer.keepalive()).type == Message.KEEPALIVE


@pytest.mark.asyncio
async def test_an_idle_stream_survives_early_pings() -> None:
    async with serving() as server, RawStream(server.address, "/protos.Chaincode/Connect") as idle:
        assert b"records:0a1b" in (await idle.until(DATA)).payload
        for number in range(10):
            idle.ping(number.to_bytes(8, "big"))
            assert (await idle.until(PING, acknowledged=True)).payload[-1] == number


@pytest.mark.asyncio
async def test_a_slow_function_does_not_stop_others(peer: FakePeer) -> None:
    slow = asyncio.ensure_future(peer.invoke("slow", transaction_id="slow"))
    peer.state = {"k": b"v"}
    for number in range(20):
        assert (await peer.invoke("get", "k", transaction_id=str(number))).payload == b"v"
    assert not slow.done()
    GATE.set()
    assert (await slow).payload == b"slow"


@pytest.mark.asyncio
async def test_beyond_its_threads_functions_wait_their_turn() -> None:
    async with serving(threads=2) as server, FakePeer(server.address) as peer:
        slow = [
            asyncio.ensure_future(peer.invoke("slow", transaction_id=f"slow{number}"))
            for number in range(5)
        ]
        assert (await peer.invoke("Waiting:get", "k")).status == 200
        GATE.set()
        assert [each.payload for each in await asyncio.gather(*slow)] == [b"slow"] * 5


@pytest.mark.asyncio
async def test_a_peer_that_leaves_frees_its_transactions() -> None:
    async with serving(threads=1) as server:
        async with FakePeer(server.address) as leaving:
            slow = asyncio.ensure_future(leaving.invoke("slow"))
            await asyncio.sleep(0)  # its request goes first
            await leaving.keepalive()
        slow.cancel()
        GATE.set()
        async with FakePeer(server.address) as other:
            assert (await other.invoke("get", "k")).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("function", ["get", "Waiting:get", "careful", "move"])
async def test_a_request_without_an_answer_fails_its_transaction_and_frees_its_thread(
    function: str,
) -> None:
    limits = StreamLimits(answer=0.05)
    silent = frozenset({Message.GET_STATE})
    arguments = {"careful": (), "move": ("a", "b")}.get(function, ("k",))
    async with serving(threads=1, limits=limits) as server:
        async with FakePeer(server.address, silent=silent) as peer:
            answers = await asyncio.gather(
                *(peer.invoke(function, *arguments, transaction_id=str(n)) for n in range(3))
            )
            text = "the peer did not answer a request within 0.05 seconds"
            assert {(one.status, one.message) for one in answers} == {(500, text)}
            assert peer.most_outstanding <= 1
        async with FakePeer(server.address) as other:
            assert (await other.invoke("get", "k")).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("comes", [(), (Message.REGISTERED,), (Message.KEEPALIVE,)])
async def test_a_peer_that_does_not_complete_its_registration_is_given_up(
    comes: tuple[Message.Type, ...],
) -> None:
    limits = StreamLimits(registration=0.05)
    async with serving(limits=limits) as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            stream = channel.stream_stream("/protos.Chaincode/Connect")()
            for kind in comes:
                await stream.write(Message(type=kind).SerializeToString())
            with pytest.raises(grpc.aio.AioRpcError, match=r"registration within 0\.05 seconds"):
                await _read_all(stream)
            assert await stream.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        async with FakePeer(server.address) as peer:
            await asyncio.sleep(0.1)
            assert (await peer.invoke("get", "k")).status == 200


@pytest.mark.asyncio
async def test_a_peer_has_one_stream_on_a_connection() -> None:
    async with serving() as server, FakePeer(server.address) as peer:
        second = peer.channel.stream_stream("/protos.Chaincode/Connect")()
        assert await second.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await peer.invoke("get", "k")).status == 200


@pytest.mark.asyncio
async def test_ids_from_the_wire_are_logged_escaped(
    peer: FakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "tx\n2026-01-01 ERROR forged \x1b[31m"
    await peer.invoke("fail", "bug", transaction_id=forged, channel=forged)
    (logged,) = caplog.messages
    assert logged.count("forged") == 2
    assert logged.isprintable()


@pytest.mark.asyncio
async def test_a_message_out_of_turn_ends_that_stream_only() -> None:
    async with (
        serving() as server,
        FakePeer(server.address) as wrong,
        FakePeer(server.address) as other,
    ):
        wrong.send(Message(type=Message.READY))
        await asyncio.wait_for(wrong.ended.wait(), 10)
        assert "cannot handle message (READY) while in state: ready" in wrong.errors[0]
        assert (await other.invoke("get", "k")).status == 200


@pytest.mark.asyncio
async def test_stopping_answers_what_runs_and_refuses_what_comes() -> None:
    server = serving()
    await server.start()
    async with FakePeer(server.address) as peer:
        slow = asyncio.ensure_future(peer.invoke("slow", transaction_id="slow"))
        await asyncio.sleep(0)  # its request goes first
        await peer.keepalive()
        stopping = asyncio.ensure_future(server.stop(30))
        await asyncio.sleep(0)
        late = await peer.invoke("get", "k", transaction_id="late")
        assert (late.status, late.message) == (500, "the contract's server is stopping")
        GATE.set()
        assert (await slow).payload == b"slow"
        await stopping
        await asyncio.wait_for(peer.ended.wait(), 10)
    await server.stop()


@pytest.mark.asyncio
async def test_stopping_does_not_wait_for_ever() -> None:
    server = serving()
    await server.start()
    async with FakePeer(server.address) as peer:
        slow = asyncio.ensure_future(peer.invoke("slow"))
        await asyncio.sleep(0)  # its request goes first
        await peer.keepalive()
        await server.stop(0.1)
        with pytest.raises(ConnectionError):
            await slow


@pytest.mark.asyncio
async def test_a_port_in_use_is_an_error() -> None:
    async with serving() as server:
        second = ChaincodeServer(
            Chaincode([Records()]), package_id="other:1", address=server.address, tls=None
        )
        with pytest.raises(NetworkError, match="in use"):
            await second.start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        third = ChaincodeServer(
            Chaincode([Records()]),
            package_id="other:1",
            address=f"127.0.0.1:{taken.getsockname()[1]}",
            tls=None,
        )
        with pytest.raises(NetworkError, match="in use"):
            await third.start()


def test_half_a_configuration_is_refused() -> None:
    with pytest.raises(ConfigError, match="both a certificate and its key"):
        ServerTLS(b"certificate", b"")
    with pytest.raises(ConfigError, match="package id"):
        ChaincodeServer(Chaincode([Records()]), package_id="", address="127.0.0.1:0", tls=None)


NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Department:
    """A department's TLS authority, and what it issues."""

    def __init__(self, name: str) -> None:
        self.authority = CertificateAuthority.create(f"tls.{name}", name, now=NOW)
        self.roots = self.authority.certificate_pem

    def pair(self, name: str) -> tuple[bytes, bytes]:
        key = generate_private_key()
        certificate = self.authority.issue(
            name, now=NOW, public_key=key.public_key(), hosts=["127.0.0.1", "localhost"], tls=True
        )
        return certificate, private_key_pem(key)


@pytest.fixture(scope="module")
def tax() -> Department:
    return Department("tax")


@pytest.mark.asyncio
async def test_tls(tax: Department) -> None:
    certificate, key = tax.pair("contract")
    async with serving(tls=ServerTLS(certificate, key)) as server:
        trusting = grpc.ssl_channel_credentials(tax.roots)
        async with FakePeer(server.address, credentials=trusting) as peer:
            assert (await peer.invoke("get", "k")).status == 200
        for credentials in (None, grpc.ssl_channel_credentials(Department("land").roots)):
            with pytest.raises(grpc.aio.AioRpcError):
                await _connect(server.address, credentials)


@pytest.mark.asyncio
async def test_mutual_tls_wants_the_departments_own_peer(tax: Department) -> None:
    certificate, key = tax.pair("contract")
    peer_certificate, peer_key = tax.pair("peer")
    foreign_certificate, foreign_key = Department("land").pair("peer")
    async with serving(tls=ServerTLS(certificate, key, client_roots=tax.roots)) as server:
        own = grpc.ssl_channel_credentials(tax.roots, peer_key, peer_certificate)
        async with FakePeer(server.address, credentials=own) as peer:
            assert (await peer.invoke("get", "k")).status == 200
        for credentials in (
            grpc.ssl_channel_credentials(tax.roots),
            grpc.ssl_channel_credentials(tax.roots, foreign_key, foreign_certificate),
        ):
            with pytest.raises(grpc.aio.AioRpcError):
                await _connect(server.address, credentials)


@pytest.mark.asyncio
async def test_a_client_s_own_certificate_as_root_admits_that_client_alone(tax: Department) -> None:
    certificate, key = tax.pair("contract")
    client, other = generate_private_key(), generate_private_key()
    signed = {one: self_signed_client("client", "tax", one, now=NOW) for one in (client, other)}
    limited = ServerTLS(certificate, key, client_roots=signed[client])
    async with serving(tls=limited) as server:
        own = grpc.ssl_channel_credentials(tax.roots, private_key_pem(client), signed[client])
        async with FakePeer(server.address, credentials=own) as peer:
            assert (await peer.invoke("get", "k")).status == 200
        namesake = (signed[other], private_key_pem(other))
        for pair in (tax.pair("client"), (certificate, key), namesake):
            credentials = grpc.ssl_channel_credentials(tax.roots, pair[1], pair[0])
            with pytest.raises(grpc.aio.AioRpcError):
                await _connect(server.address, credentials)


@pytest.mark.asyncio
@pytest.mark.parametrize("new_key", [False, True])
async def test_a_client_is_admitted_by_its_certificate_and_by_the_one_before(
    tax: Department, *, new_key: bool
) -> None:
    certificate, key = tax.pair("contract")
    earlier = generate_private_key()
    later = generate_private_key() if new_key else earlier
    pairs = [(self_signed_client("client", "tax", one, now=NOW), one) for one in (earlier, later)]
    for order in (pairs, pairs[::-1]):
        roots = b"".join(signed for signed, _ in order)
        async with serving(tls=ServerTLS(certificate, key, client_roots=roots)) as server:
            for signed, held in pairs:
                own = grpc.ssl_channel_credentials(tax.roots, private_key_pem(held), signed)
                async with FakePeer(server.address, credentials=own) as peer:
                    assert (await peer.invoke("get", "k")).status == 200


@pytest.mark.asyncio
async def test_a_key_of_another_certificate_serves_nothing(tax: Department) -> None:
    certificate, _ = tax.pair("contract")
    _, key = tax.pair("other")
    with pytest.raises(NetworkError):
        await serving(tls=ServerTLS(certificate, key)).start()


async def _connect(address: str, credentials: grpc.ChannelCredentials | None) -> None:
    peer = FakePeer(address, credentials=credentials)
    try:
        await peer.__aenter__()
    finally:
        await peer.__aexit__(None, None, None)


async def _read_all(stream: AsyncIterable[bytes]) -> None:
    async for _ in stream:
        pass
