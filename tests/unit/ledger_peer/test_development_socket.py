"""The socket of the development tools: what a client may take of it."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyfabric.ledger.development.service import DevelopmentService, SocketLimits

pytestmark = pytest.mark.asyncio

ASK = json.dumps({"call": "ping", "arguments": {}}).encode() + b"\n"


async def ping() -> str:
    return "pong"


@contextlib.asynccontextmanager
async def serving(folder: Path, limits: SocketLimits) -> AsyncIterator[Path]:
    path = folder / "socket"
    service = await DevelopmentService.start(path, {"ping": ping}, limits)
    try:
        yield path
    finally:
        await service.stop()


async def answer(path: Path, request: bytes) -> bytes:
    """Return the line that is the answer, or nothing where the connection is closed."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.readline(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_request_is_answered(tmp_path: Path) -> None:
    async with serving(tmp_path, SocketLimits()) as path:
        assert json.loads(await answer(path, ASK)) == {"answer": "pong"}
        for bad in (b"{}\n", b"[" * 50_000 + b"\n", b"\xff\n"):
            assert "not a request" in json.loads(await answer(path, bad))["error"]


async def test_a_line_is_bounded(tmp_path: Path) -> None:
    async with serving(tmp_path, SocketLimits(line=1000)) as path:
        assert await answer(path, b" " * 3000) == b""
        assert json.loads(await answer(path, ASK)) == {"answer": "pong"}


async def test_a_silent_client_is_disconnected(tmp_path: Path) -> None:
    async with serving(tmp_path, SocketLimits(idle_seconds=0.05)) as path:
        assert await answer(path, b"") == b""
        assert await answer(path, b"{") == b""


async def test_connections_are_bounded_and_the_refusals_are_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(tmp_path, SocketLimits(connections=2)) as path:
        opened = []
        for _ in range(2):
            reader, writer = await asyncio.open_unix_connection(path)
            opened.append((reader, writer))
            writer.write(ASK)
            assert await reader.readline() == b'{"answer": "pong"}\n'
        assert await answer(path, ASK) == b""
        assert await answer(path, ASK) == b""
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()
        while await answer(path, ASK) == b"":
            await asyncio.sleep(0.01)
    assert [record.message for record in caplog.records] == [
        "refused a connection: 2 are open, which is the limit"
    ]


async def test_connections_that_cannot_be_accepted_are_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    failed = asyncio.Event()
    monkeypatch.setattr("pyfabric._listening.listener._PAUSE_SECONDS", 0.001)
    tries = 0

    async def fail(_listening: object) -> None:
        nonlocal tries
        tries += 1
        if tries > 5:
            failed.set()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(loop, "sock_accept", fail)
    async with serving(tmp_path, SocketLimits()):
        await failed.wait()
    assert [record.message for record in caplog.records] == [
        "cannot accept a connection: Too many open files"
    ]
