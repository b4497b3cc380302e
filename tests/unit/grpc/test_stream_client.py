"""Our client of one streaming call, with grpcio's server and with bare HTTP/2 on the other side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest

from pyfabric._grpc.stream_client import ENDED, ClientCall, open_stream
from tests.support.transport.raw_http2 import DATA, GOAWAY, HEADERS, PING, SETTINGS

METHOD = "/test.Echo/Talk"
FOREVER = 1000.0
_REQUEST_AND_MESSAGE = 400


@dataclass
class Talk:
    """Keeps what comes."""

    call: ClientCall
    messages: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    over: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def receive(self, message: bytes) -> None:
        self.messages.put_nowait(message)

    def closed(self, reason: str) -> None:
        self.over.put_nowait(reason)


async def talk(address: str, **pings: float) -> Talk:
    times = {"ping_after": FOREVER, "ping_timeout": FOREVER} | pings
    return await asyncio.wait_for(open_stream(address, None, METHOD, Talk, **times), 10)


async def reason(of: Talk) -> str:
    found = await asyncio.wait_for(of.over.get(), 10)
    assert of.over.empty()
    return found


async def echo(
    requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
) -> AsyncIterator[bytes]:
    async for request in requests:
        if request == b"refuse":
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no, 100 % no: ä")
        if request == b"end":
            return
        yield request


@asynccontextmanager
async def grpc_server() -> AsyncIterator[str]:
    # On a slow machine pings come without data between them, which a server punishes by default.
    options = [("grpc.max_receive_message_length", -1), ("grpc.http2.max_ping_strikes", 0)]
    server = grpc.aio.server(options=options)
    handler = grpc.stream_stream_rpc_method_handler(echo)
    service = grpc.method_handlers_generic_handler("test.Echo", {"Talk": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


@asynccontextmanager
async def bare_server(*frames: bytes) -> AsyncIterator[tuple[str, bytearray]]:
    """Send SETTINGS to each client, and respond to its first message with some frames.

    Yields the address and what clients send, which is complete when the server is closed.
    """
    heard = bytearray()
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.append(task)
        with closing(writer), suppress(ConnectionError):  # a client that gives up may reset
            writer.write(frame(SETTINGS, 0, 0))
            while data := await reader.read(1000):
                heard.extend(data)
                if len(heard) > _REQUEST_AND_MESSAGE:
                    writer.writelines(frames)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    server.close()
    await asyncio.gather(*serving)
    await server.wait_closed()


@pytest.mark.asyncio
async def test_messages_of_any_size_come_back_in_order() -> None:
    sent = [bytes([size % 251]) * size for size in (0, 1, 5, 300, 16_384, 70_000, 9_000_000, 2)] * 3
    async with grpc_server() as address:
        talking = await talk(address)
        for message in sent:
            talking.call.send(message)
        assert [await talking.messages.get() for _ in sent] == sent
        talking.call.send(b"end")
        assert await reason(talking) == ENDED


@pytest.mark.asyncio
async def test_an_error_of_the_server_is_told_as_go_tells_it() -> None:
    async with grpc_server() as address:
        talking = await talk(address)
        talking.call.send(b"refuse")
        wanted = "rpc error: code = FailedPrecondition desc = no, 100 % no: ä"
        assert await reason(talking) == wanted
        other = await asyncio.wait_for(
            open_stream(address, None, "/test.Echo/Other", Talk, ping_after=9, ping_timeout=9), 10
        )
        assert (await reason(other)).startswith("rpc error: code = Unimplemented desc = ")


@pytest.mark.asyncio
async def test_a_call_that_is_cancelled_is_over() -> None:
    async with grpc_server() as address:
        talking = await talk(address)
        talking.call.cancel()
        talking.call.send(b"too late")
        assert await reason(talking) == "rpc error: code = Canceled desc = context canceled"


@pytest.mark.asyncio
async def test_a_server_that_sends_goaway() -> None:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with bare_server(frame(GOAWAY, 0, 0, bytes(8))) as (address, _):
        talking = await talk(address)
        talking.call.send(bytes(_REQUEST_AND_MESSAGE))
        while talking.over.empty():
            talking.call.send(b"too late")
            await asyncio.sleep(0)
        assert (await reason(talking)).endswith("error reading from server: EOF")
    assert not failures


@pytest.mark.asyncio
async def test_a_server_that_goes_away() -> None:
    async with grpc_server() as address:
        talking = await talk(address)
        talking.call.send(b"one")
        assert await talking.messages.get() == b"one"
    assert (await reason(talking)).startswith("rpc error: code = ")


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def speak_http1(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("serve", [hang_up, speak_http1])
async def test_a_server_of_something_else_cannot_be_reached(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with pytest.raises(ConnectionResetError):
        await talk(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()
    await server.wait_closed()


OK_HEADERS = frame(HEADERS, 4, 1, b"\x88")  # :status 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        (
            [frame(3, 0, 1, (7).to_bytes(4, "big"))],
            "Unavailable desc = stream terminated by RST_STREAM with error code: REFUSED_STREAM",
        ),
        (
            [frame(3, 0, 1, (99).to_bytes(4, "big"))],
            "Internal desc = stream terminated by RST_STREAM with error code: 99",
        ),
        (
            [OK_HEADERS, frame(DATA, 1, 1)],
            "Internal desc = server closed the stream without sending trailers",
        ),
        (
            [OK_HEADERS, frame(DATA, 0, 1, b"\1\0\0\0\0")],
            "Unimplemented desc = compressed messages are not supported",
        ),
        (
            [OK_HEADERS, frame(DATA, 0, 1, b"\0\xff\0\0\0")],
            "ResourceExhausted desc = "
            + "grpc: received message larger than max (4278190080 vs. 104857600)",
        ),
        (
            [frame(SETTINGS, 0, 1)],
            "Unavailable desc = error reading from server: EOF",
        ),
    ],
)
async def test_a_server_that_breaks_off(frames: list[bytes], wanted: str) -> None:
    async with bare_server(*frames) as (address, _):
        talking = await talk(address)
        talking.call.send(bytes(_REQUEST_AND_MESSAGE))
        assert await reason(talking) == f"rpc error: code = {wanted}"


@pytest.mark.asyncio
async def test_a_server_that_answers_no_ping_is_given_up() -> None:
    async with bare_server() as (address, heard):
        talking = await talk(address, ping_after=0, ping_timeout=0)
        assert (await reason(talking)).endswith("error reading from server: EOF")
    assert frame(PING, 0, 0, bytes(8)) in heard


@pytest.mark.asyncio
async def test_a_server_that_answers_pings_is_kept() -> None:
    async with grpc_server() as address:
        talking = await talk(address, ping_after=0.001, ping_timeout=60)
        for number in range(50):
            talking.call.send(b"%d" % number)
            assert await talking.messages.get() == b"%d" % number
        assert talking.over.empty()
        talking.call.cancel()
