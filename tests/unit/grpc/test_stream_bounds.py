"""What one client may take of our server of a streaming method, and what it may do to others."""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from pyfabric._grpc.frame_allowance import FrameAllowance
from pyfabric._grpc.stream_client import ClientCall, open_stream
from pyfabric._grpc.stream_server import ServerCall, ServerLimits, StreamServer
from pyfabric._listening.listener import ListeningLimits
from pyfabric._listening.notices import Notices
from pyfabric.local.tls import http2_server_context
from tests.support.transport.raw_http2 import DATA, GOAWAY, HEADERS, PING, SETTINGS, RawStream
from tests.support.transport.tls import tls_material

METHOD = "/test.Echo/Talk"
ENHANCE_YOUR_CALM = 11
PRIORITY, RESET, WINDOW_UPDATE, UNKNOWN = 2, 3, 8, 99
MESSAGE = bytes(16_000)
FRAMED = b"\0" + len(MESSAGE).to_bytes(4, "big") + MESSAGE

Frames = tuple[tuple[int, int, int, bytes], ...]


@dataclass
class Echo:
    """Sends back what comes."""

    call: ServerCall
    received: int = 0

    def receive(self, message: bytes) -> None:
        self.received += 1
        self.call.send(message)

    def drain(self) -> None:
        self.call.end()

    def closed(self) -> None:
        pass


@dataclass
class Client:
    """Counts what comes."""

    call: ClientCall
    received: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def receive(self, _message: bytes) -> None:
        self.received += 1

    def closed(self, _reason: str) -> None:
        self.over.set()


@asynccontextmanager
async def serving(limits: ServerLimits | None = None) -> AsyncIterator[tuple[str, list[Echo]]]:
    calls: list[Echo] = []

    def accept(call: ServerCall) -> Echo:
        calls.append(Echo(call))
        return calls[-1]

    server = StreamServer(METHOD, accept, limits)
    address = f"127.0.0.1:{await server.start('127.0.0.1:0', None)}"
    try:
        yield address, calls
    finally:
        await server.stop(10)


async def disconnected(stream: RawStream) -> str:
    """Wait for GOAWAY with ENHANCE_YOUR_CALM; returns its reason."""
    frame = await stream.until(GOAWAY)
    assert int.from_bytes(frame.payload[4:8], "big") == ENHANCE_YOUR_CALM
    return frame.payload[8:].decode()


def resets(request: bytes) -> Frames:
    """Return requests that are reset at once."""
    return tuple(
        frame
        for number in range(3, 303, 2)
        for frame in ((HEADERS, 4, number, request), (RESET, 0, number, bytes(4)))
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "flood",
    [
        lambda _: ((DATA, 0, 1, b""),) * 1500,
        lambda _: ((DATA, 0, 1, b"\0"),) * 1500,
        lambda _: ((PING, 0, 0, bytes(8)),) * 1500,
        lambda _: ((PING, 1, 0, bytes(8)),) * 1500,
        lambda _: ((WINDOW_UPDATE, 0, 0, b"\0\0\0\1"),) * 1500,
        lambda _: ((SETTINGS, 0, 0, b""),) * 1500,
        lambda _: ((PRIORITY, 0, 1, b"\0\0\0\3\1"),) * 1500,
        lambda _: ((UNKNOWN, 0, 1, b""),) * 1500,
        resets,
        lambda _: ((RESET, 0, 1, bytes(4)), *((DATA, 0, 1, b""),) * 1500),
    ],
    ids=[
        "data",
        "bytes",
        "ping",
        "acknowledgement",
        "window",
        "settings",
        "priority",
        "unknown",
        "resets",
        "after",
    ],
)
async def test_a_flood_of_frames_is_cut_off(
    flood: Callable[[bytes], Frames], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as (address, _):
        for _ in range(2):
            async with RawStream(address, METHOD) as stream:
                stream.frames(*flood(stream.request()))
                assert await disconnected(stream) == "too many frames that carry nothing"
    assert [record.message for record in caplog.records] == [
        "disconnected 127.0.0.1: too many frames that carry nothing"
    ]


@pytest.mark.asyncio
async def test_a_client_that_gives_no_window_gets_none() -> None:
    limits = ServerLimits(waiting=1_000_000)
    async with serving(limits) as (address, calls), RawStream(address, METHOD) as stream:
        stream.data(FRAMED[:1])
        stream.data(FRAMED[1:])
        await stream.until(DATA)
        for _ in range(250):  # within the window of 4 MiB that the server gives at first
            stream.data(FRAMED[:1])
            stream.data(FRAMED[1:])
        stream.ping(bytes(8))
        await stream.until(PING, acknowledged=True)
        handled = calls[0].received
        assert handled * len(MESSAGE) < limits.waiting + 300_000
        stream.frames((WINDOW_UPDATE, 0, 0, (2**30).to_bytes(4, "big")))
        stream.frames((WINDOW_UPDATE, 0, 1, (2**30).to_bytes(4, "big")))
        while calls[0].received < 251:
            await stream.until(DATA)


@pytest.mark.asyncio
async def test_many_messages_pass_both_ways_where_both_sides_send_at_once() -> None:
    async with serving(ServerLimits(waiting=100_000)) as (address, _):
        client = await open_stream(
            address, None, METHOD, Client, ping_after=1000, ping_timeout=1000
        )
        for size in (*([300_000] * 60), *([30] * 20_000)):
            client.call.send(bytes(size))
        while client.received < 20_060:
            assert not client.over.is_set()
            await asyncio.sleep(0)
        client.call.cancel()


@pytest.mark.asyncio
async def test_messages_that_never_end_are_bounded_on_a_connection() -> None:
    async with (
        serving(ServerLimits(waiting=10_000, incoming=50_000)) as (address, _),
        RawStream(address, METHOD) as stream,
    ):
        for number in (3, 5, 7, 9):
            stream.frames((HEADERS, 4, number, stream.request()))
            stream.frames((DATA, 0, number, b"\0\1\0\0\0" + MESSAGE[:15_000]))
        assert "not complete" in await disconnected(stream)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("limits", "opens", "wanted"),
    [
        (ServerLimits(first_call_seconds=0, check_seconds=0.01), False, "no call in 0 seconds"),
        (
            ServerLimits(ping_seconds=0, ping_timeout=0, check_seconds=0.01),
            True,
            "no answer to a ping in 0 seconds",
        ),
    ],
    ids=["no call", "no answer"],
)
async def test_a_silent_client_is_disconnected(
    limits: ServerLimits, opens: bool, wanted: str
) -> None:
    async with serving(limits) as (address, _), RawStream(address, METHOD, opens=opens) as stream:
        assert await disconnected(stream) == wanted


@pytest.mark.asyncio
async def test_a_client_without_a_call_any_more_is_disconnected() -> None:
    limits = ServerLimits(first_call_seconds=1000, idle_seconds=0, check_seconds=0.01)
    async with serving(limits) as (address, _), RawStream(address, METHOD) as stream:
        stream.frames((RESET, 0, 1, bytes(4)))
        assert await disconnected(stream) == "no call in 0 seconds"


@pytest.mark.asyncio
async def test_a_client_that_takes_nothing_is_disconnected() -> None:
    limits = ServerLimits(stalled_seconds=0, check_seconds=0.01)
    async with serving(limits) as (address, _), RawStream(address, METHOD) as stream:
        for _ in range(8):  # more than the window of 64 KiB that a client gives at first
            stream.message(MESSAGE[:8_000])
            stream.message(MESSAGE[:8_000])
        assert "took nothing" in await disconnected(stream)


@pytest.mark.asyncio
async def test_a_client_that_answers_pings_is_kept() -> None:
    limits = ServerLimits(ping_seconds=0, ping_timeout=60, check_seconds=0.001)
    async with serving(limits) as (address, calls):
        client = await open_stream(
            address, None, METHOD, Client, ping_after=1000, ping_timeout=1000
        )
        for number in range(50):
            client.call.send(b"hello")
            while client.received <= number:
                await asyncio.sleep(0.001)
        assert not client.over.is_set()
        client.call.cancel()
    assert calls[0].received == 50


@pytest.mark.asyncio
@pytest.mark.parametrize("secure", [True, False])
async def test_a_client_that_begins_neither_tls_nor_http2_is_disconnected(
    secure: bool, tmp_path: Path
) -> None:
    files = tls_material(tmp_path / "tls", "server")
    pair = (files.certificate.read_bytes(), files.key.read_bytes())
    listening = ListeningLimits(handshake_seconds=0.05)
    limits = ServerLimits(listening, first_call_seconds=0.05, check_seconds=0.01)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    server = StreamServer(METHOD, Echo, limits)
    port = await server.start("127.0.0.1:0", http2_server_context(*pair, None) if secure else None)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        with suppress(ConnectionResetError):
            await reader.read()
    writer.close()
    await server.stop(10)
    assert faults == []


@pytest.mark.asyncio
async def test_calls_over_the_limit_of_a_connection_are_refused() -> None:
    async with (
        serving(ServerLimits(calls=2)) as (address, calls),
        grpc.aio.insecure_channel(address) as channel,
    ):
        method = channel.stream_stream(METHOD)
        running = [method(), method()]
        for call in running:
            await call.write(b"hello")
            assert await call.read() == b"hello"
        refused = method()
        assert await refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "too many calls" in await refused.details()
        assert len(calls) == 2
        await running[0].done_writing()
        assert await running[0].code() is grpc.StatusCode.OK
        again = method()
        await again.write(b"hello")
        assert await again.read() == b"hello"


@pytest.mark.asyncio
async def test_connections_over_the_limit_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    limits = ServerLimits(ListeningLimits(connections=2))
    async with (
        serving(limits) as (address, _),
        RawStream(address, METHOD) as first,
        RawStream(address, METHOD) as second,
    ):
        for stream in (first, second):
            stream.message(b"hello")
            await stream.until(DATA)
        host, port = address.split(":")
        for _ in range(5):
            reader, writer = await asyncio.open_connection(host, int(port))
            assert await reader.read() == b""
            writer.close()
        first.message(b"again")
        await first.until(DATA)
    assert [record.message for record in caplog.records] == [
        "refused a connection of 127.0.0.1: 2 are open, which is the limit"
    ]


@pytest.mark.asyncio
async def test_connections_that_cannot_be_accepted_are_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    failures = 0

    async def fail(_listening: socket.socket) -> None:
        nonlocal failures
        failures += 1
        await asyncio.sleep(0)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(loop, "sock_accept", fail)
    monkeypatch.setattr("pyfabric._listening.listener._PAUSE_SECONDS", 0)
    async with serving():
        while failures < 100:
            await asyncio.sleep(0)
    assert [record.message for record in caplog.records] == [
        "cannot accept a connection: Too many open files"
    ]


def test_a_notice_counts_those_that_were_left_out(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 1.0, 59.0, 60.0, 60.0])
    notices = Notices(logging.getLogger("test"), lambda: next(times))
    for _ in range(4):
        notices.warn("a", "one")
    notices.warn("b", "two")
    assert [record.message for record in caplog.records] == [
        "one",
        "one (2 more like this were not logged)",
        "two",
    ]


@pytest.mark.parametrize("size", [1, 5, 9, 13, 1000])
def test_frames_are_counted_however_they_are_cut(size: int) -> None:
    ping = b"\0\0\x08\6" + bytes(5 + 8)
    data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + ping * 1001
    allowance = FrameAllowance(lambda: 0.0, preface=True)
    taken = [allowance.takes(data[start : start + size]) for start in range(0, len(data), size)]
    first = taken.index(False)
    assert first * size <= len(data) - len(ping) + 9 <= (first + 1) * size + len(ping)


def test_time_forgives() -> None:
    now = 0.0
    allowance = FrameAllowance(lambda: now, preface=False)
    ping = b"\0\0\x08\6" + bytes(5 + 8)
    assert allowance.takes(ping * 1000)
    now = 5.0
    assert allowance.takes(ping * 500)
    assert not allowance.takes(ping)
