"""Our server of one streaming method, called by grpcio's client and by bare HTTP/2."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from pyfabric._grpc.options import CLIENT_OPTIONS, MAX_MESSAGE
from pyfabric._grpc.stream_server import ServerCall, StreamServer
from pyfabric.errors import NetworkError
from tests.support.transport.raw_http2 import DATA, HEADERS, PING, RawStream

METHOD = "/test.Echo/Talk"


@dataclass
class Echo:
    """Sends back what comes; "end" closes the call, and so does draining, after a last message."""

    call: ServerCall
    closings: int = 0
    received: list[bytes] = field(default_factory=list)

    def receive(self, message: bytes) -> None:
        self.received.append(message)
        self.call.send(message)
        if message == b"end":
            self.call.end()

    def drain(self) -> None:
        self.call.send(b"goodbye")
        self.call.end()

    def closed(self) -> None:
        self.closings += 1


@dataclass
class Served:
    server: StreamServer
    address: str
    handlers: list[Echo]
    channel: grpc.aio.Channel

    def call(self, method: str = METHOD, **options: grpc.Compression) -> grpc.aio.StreamStreamCall:
        return self.channel.stream_stream(method)(**options)

    async def closed(self, number: int = 0) -> None:
        while not self.handlers[number].closings:
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    handlers: list[Echo] = []

    def accept(call: ServerCall) -> Echo:
        handlers.append(Echo(call))
        return handlers[-1]

    server = StreamServer(METHOD, accept)
    address = f"127.0.0.1:{await server.start('127.0.0.1:0', None)}"
    async with grpc.aio.insecure_channel(address, CLIENT_OPTIONS) as channel:
        yield Served(server, address, handlers, channel)
    await server.stop(10)
    assert [each.closings for each in handlers] == [1] * len(handlers)


@pytest.mark.asyncio
async def test_messages_of_any_size_come_back_in_order(served: Served) -> None:
    sizes = random.Random(7)
    sent = [sizes.randbytes(sizes.choice([0, 1, 5, 300, 16_384, 70_000])) for _ in range(500)]
    sent.append(bytes(9_000_000))
    call = served.call()

    async def write() -> None:
        for message in sent:
            await call.write(message)
        await call.done_writing()

    writing = asyncio.ensure_future(write())
    assert [await call.read() for _ in sent] == sent
    await writing
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


@pytest.mark.asyncio
async def test_calls_of_one_connection_end_each_for_itself(served: Served) -> None:
    calls = []
    for _ in range(3):
        calls.append(served.call())
        await calls[-1].write(b"hello")
        assert await calls[-1].read() == b"hello"
    first, second, third = calls
    await first.write(b"end")
    assert [await first.read(), await first.read()] == [b"end", grpc.aio.EOF]
    third.cancel()
    await served.closed(2)
    await second.write(b"still here")
    assert await second.read() == b"still here"
    assert [each.closings for each in served.handlers] == [1, 0, 1]


@pytest.mark.asyncio
async def test_what_comes_after_the_end_is_not_received(served: Served) -> None:
    async with RawStream(served.address, METHOD) as stream:
        stream.data(b"\0\0\0\0\3end\0\0\0\0\4late")
        await stream.until(DATA)
        await served.closed()
    assert served.handlers[0].received == [b"end"]


@pytest.mark.asyncio
async def test_a_message_may_come_in_pieces(served: Served) -> None:
    async with RawStream(served.address, METHOD) as stream:
        for byte in b"\0\0\0\0\5piece":
            stream.data(bytes([byte]))
        assert (await stream.until(DATA)).payload == b"\0\0\0\0\5piece"


@pytest.mark.asyncio
async def test_another_method_is_unimplemented(served: Served) -> None:
    assert await served.call("/test.Echo/Other").code() is grpc.StatusCode.UNIMPLEMENTED
    assert not served.handlers


@pytest.mark.asyncio
async def test_a_compressed_message_is_refused(served: Served) -> None:
    call = served.call(compression=grpc.Compression.Gzip)
    await call.write(bytes(10_000))
    assert await call.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "compressed" in await call.details()


@pytest.mark.asyncio
async def test_a_message_over_the_limit_is_refused_before_it_has_come(served: Served) -> None:
    async with RawStream(served.address, METHOD) as stream:
        stream.data(b"\0" + MAX_MESSAGE.to_bytes(4, "big"))
        stream.ping(b"no error")
        await stream.until(PING, acknowledged=True)
        assert not served.handlers[0].closings
    async with RawStream(served.address, METHOD) as stream:
        stream.data(b"\0" + (MAX_MESSAGE + 1).to_bytes(4, "big"))
        await stream.until(HEADERS)
        await stream.until(HEADERS, acknowledged=True)  # trailers: END_STREAM is the same bit
        await served.closed(1)


@pytest.mark.asyncio
async def test_what_is_not_http2_ends_that_connection_only(served: Served) -> None:
    call = served.call()
    await call.write(b"one")
    assert await call.read() == b"one"
    host, port = served.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.read()
    writer.close()
    await call.write(b"two")
    assert await call.read() == b"two"


@pytest.mark.asyncio
async def test_a_lost_connection_closes_its_calls(served: Served) -> None:
    async with RawStream(served.address, METHOD) as stream:
        stream.message(b"hello")
        await stream.until(DATA)
    await served.closed()


@pytest.mark.asyncio
async def test_stopping_drains_calls_and_takes_no_more(served: Served) -> None:
    call = served.call()
    await call.write(b"one")
    assert await call.read() == b"one"
    await served.server.stop(10)
    assert [await call.read(), await call.read()] == [b"goodbye", grpc.aio.EOF]
    assert await call.code() is grpc.StatusCode.OK
    assert await served.call().code() is grpc.StatusCode.UNAVAILABLE
    await served.server.stop(10)


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["127.0.0.1:x", "127.0.0.1:70000", "192.0.2.1:1"])
async def test_an_address_that_cannot_be_taken_is_named(address: str) -> None:
    with pytest.raises(NetworkError, match=address):
        await StreamServer(METHOD, Echo).start(address, None)


@pytest.mark.asyncio
async def test_coalesced_messages_wait_for_others_for_a_bounded_time(served: Served) -> None:
    call = served.call()
    await call.write(b"first")
    assert await call.read() == b"first"
    send = served.handlers[0].call.send
    send(b"a", coalesce=True)
    send(b"b", coalesce=True)
    send(b"c")
    send(b"d", coalesce=True)
    assert [await call.read() for _ in range(4)] == [b"a", b"b", b"c", b"d"]
    send(b"e", coalesce=True)
    assert await call.read() == b"e"


@pytest.mark.asyncio
async def test_a_client_that_sends_goaway(served: Served) -> None:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with RawStream(served.address, METHOD) as stream:
        stream.message(b"first")
        await stream.until(DATA)
        stream.go_away()
        while not served.handlers[0].closings:
            served.handlers[0].call.send(b"too late")
            await asyncio.sleep(0)
    assert not failures
