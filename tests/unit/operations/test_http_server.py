"""Our HTTPS server, with requests that are odd, bad, late or too many."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pyfabric._http.server import HttpsServer, Request, Response, server_context
from pyfabric._listening.listener import ListeningLimits
from tests.support.transport.tls import TLSMaterial, tls_material

LIMIT = 1000


async def hello(request: Request) -> Response:
    return Response(404 if request.body is None else 200, b"hello")


@pytest.fixture
def material(tmp_path: Path) -> TLSMaterial:
    return tls_material(tmp_path / "server", "Server")


@pytest_asyncio.fixture
async def server(material: TLSMaterial) -> AsyncIterator[HttpsServer]:
    context = server_context(material.certificate, material.key, None)
    server = await HttpsServer.start(
        "127.0.0.1:0",
        context,
        hello,
        body_limit=LIMIT,
        limits=ListeningLimits(connections=3, handshake_seconds=5),
    )
    yield server
    await server.stop()


async def ask(server: HttpsServer, material: TLSMaterial, request: bytes) -> bytes:
    context = ssl.create_default_context(cafile=material.root)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


@pytest.mark.asyncio
async def test_head_is_answered_without_a_body(server: HttpsServer, material: TLSMaterial) -> None:
    request = (
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    head, get, body = (await ask(server, material, request)).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Length: 5" in head
    assert get.startswith(b"HTTP/1.1 200")
    assert body == b"hello"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_bytes", "status", "text"),
    [
        (b"nonsense\r\n\r\n", 400, b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, b"400 Bad Request"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
            400,
            b"400 Bad Request",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + bytes([65]) * 200_000,
            431,
            b"431 Request Header Fields Too Large",
        ),
    ],
    ids=["no HTTP", "no host", "bad length", "long header"],
)
async def test_a_bad_request_is_answered(
    server: HttpsServer, material: TLSMaterial, request_bytes: bytes, status: int, text: bytes
) -> None:
    answer = await ask(server, material, request_bytes)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert answer.endswith(b"\r\n\r\n" + text)


@pytest.mark.asyncio
async def test_a_body_over_the_limit_is_not_read(
    server: HttpsServer, material: TLSMaterial
) -> None:
    answer = await ask(
        server,
        material,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + bytes(1001),
    )
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.asyncio
async def test_connections_that_do_not_shake_hands_are_bounded(
    server: HttpsServer, material: TLSMaterial, caplog: pytest.LogCaptureFixture
) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await reader.read() == b""
    writer.close()
    for _, each in silent:
        each.close()
    closing = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    while True:
        try:
            assert (await ask(server, material, closing)).endswith(b"hello")
        except ConnectionError:  # the others are not gone yet
            await asyncio.sleep(0)
        else:
            break
    assert caplog.records[0].message == (
        "refused a connection of 127.0.0.1: 3 are open, which is the limit"
    )
    assert len(caplog.records) == 1
