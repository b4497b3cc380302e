"""Both drivers show their unary calls to a tracer and send its traceparent along."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric._grpc.driver import Driver
from pyfabric.client.effects import Flow, Unary, call
from pyfabric.client.timeouts import EVALUATE
from pyfabric.client.tracing import Attributes, Tracer
from pyfabric.errors import GatewayError
from tests.support.client.gateway_server import ScriptedPeer, answer, fail, new_pki

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Spans:
    """Notes spans and how they ended."""

    def __init__(self, sent: str | None) -> None:
        self.sent = sent
        self.ended: list[tuple[str, Attributes, str | None, str | None]] = []

    @contextmanager
    def span(
        self, name: str, attributes: Attributes, traceparent: str | None
    ) -> Iterator[str | None]:
        failure: str | None = None
        try:
            yield self.sent
        except GatewayError as error:
            failure = str(error.code)
            raise
        finally:
            self.ended.append((name, attributes, traceparent, failure))


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    peer = ScriptedPeer(new_pki())
    yield peer
    peer.stop()


def evaluate(peer: ScriptedPeer) -> Flow[bytes]:
    return (yield from call(Unary(peer.endpoint, EVALUATE, b"secret", bytes)))


def run(surface: str, flow: Flow[bytes], tracer: Tracer | None) -> bytes:
    if surface == "sync":
        driver = Driver(tracer=tracer)
        try:
            return driver.run(flow)
        finally:
            driver.close()

    async def main() -> bytes:
        asynchronous = AsyncDriver(tracer=tracer)
        try:
            return await asynchronous.run(flow)
        finally:
            await asynchronous.close()

    return asyncio.run(main())


surfaces = pytest.mark.parametrize("surface", ["sync", "aio"])


@surfaces
@pytest.mark.parametrize("sent", [PARENT, None])
def test_a_call_is_a_span_and_carries_its_parent(
    surface: str, sent: str | None, peer: ScriptedPeer
) -> None:
    headers: list[str | None] = []

    def behave(_request: bytes, context: Any) -> bytes:
        headers.append(dict(context.invocation_metadata()).get("traceparent"))
        return b"found"

    peer.on(EVALUATE, behave)
    spans = Spans(sent)
    assert run(surface, evaluate(peer), spans) == b"found"
    attributes = {
        "rpc.system": "grpc",
        "rpc.service": "gateway.Gateway",
        "rpc.method": "Evaluate",
        "server.address": peer.endpoint.address,
    }
    assert spans.ended == [("gateway.Gateway/Evaluate", attributes, None, None)]
    assert headers == [sent]


@surfaces
def test_a_failure_passes_through_the_span(surface: str, peer: ScriptedPeer) -> None:
    peer.on(EVALUATE, fail(grpc.StatusCode.UNAVAILABLE, "gone"))
    spans = Spans(PARENT)
    with pytest.raises(GatewayError, match="gone"):
        run(surface, evaluate(peer), spans)
    assert [failure for *_, failure in spans.ended] == ["14"]


@surfaces
def test_nothing_is_sent_without_a_tracer(surface: str, peer: ScriptedPeer) -> None:
    peer.on(EVALUATE, answer(b"found"))
    assert run(surface, evaluate(peer), None) == b"found"
