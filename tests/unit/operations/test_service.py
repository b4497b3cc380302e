"""An operations service over HTTPS: statuses and JSON as a peer of Fabric 3.1.5 has them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from pyfabric import aio, gateway
from pyfabric._grpc.rest import tls_context
from pyfabric._operations.health import Check
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import Registry
from pyfabric._operations.service import Operations, OperationsAddress
from pyfabric.admin import operations
from pyfabric.admin.operations import Health
from pyfabric.client.effects import Answer, Endpoint
from pyfabric.errors import DecodeError, GatewayError, NetworkError, StatusCode
from tests.support.ledger.ledger import Department

NOW = datetime(2026, 11, 25, 4, 54, 41, 965773, UTC)
TIME = "2026-11-25T04:54:41.965773Z"


class Watched:
    """A service with a component that can be broken, and its clients."""

    def __init__(self, folder: Path) -> None:
        self.department = Department(
            "Ops", folder, "", "", datetime.now(UTC).replace(microsecond=0)
        )
        self.reason: str | None = None
        self.registry = Registry()
        self.registry.counter("seen", "Seen.")
        self.operations = Operations(
            self.registry, self.checks, Levels(), version="1.2", now=lambda: NOW
        )
        self.port = 0

    def checks(self) -> dict[str, Check]:
        async def check() -> str | None:
            return self.reason

        async def fine() -> str | None:
            return None

        return {"ledger directory": fine, "chaincode tax_1": check}

    def address(self, *, roots: bool = True) -> OperationsAddress:
        tls = self.department.tls("node")
        return OperationsAddress(
            "127.0.0.1:0",
            tls.certificate,
            tls.key,
            tls.certificate.parent / "ca.crt" if roots else None,
        )

    def endpoint(self, *, certificate: bool = True) -> Endpoint:
        known, anybody = self.department.mutual_endpoint, self.department.endpoint
        return (known if certificate else anybody)(f"127.0.0.1:{self.port}")

    async def ask(
        self, method: str, path: str, *, certificate: bool = True, body: str | None = None
    ) -> httpx.Response:
        endpoint = self.endpoint(certificate=certificate)
        async with httpx.AsyncClient(verify=tls_context(endpoint), trust_env=False) as client:
            return await client.request(method, f"https://{endpoint.address}{path}", content=body)


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path)
    level = logging.getLogger().level
    server = await made.operations.serve(made.address())
    made.port = server.port
    yield made
    await server.stop()
    logging.getLogger().setLevel(level)


@pytest.mark.asyncio
async def test_health_is_for_everybody(watched: Watched) -> None:
    answer = await watched.ask("GET", "/healthz", certificate=False)
    assert (answer.status_code, answer.text) == (200, f'{{"status":"OK","time":"{TIME}"}}')
    assert answer.headers["content-type"] == "application/json"
    watched.reason = "connection refused"
    answer = await watched.ask("GET", "/healthz", certificate=False)
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "Service Unavailable",
        "time": TIME,
        "failed_checks": [{"component": "chaincode tax_1", "reason": "connection refused"}],
    }


@pytest.mark.asyncio
async def test_metrics_and_levels_are_for_known_clients(watched: Watched) -> None:
    for method, path in (("GET", "/metrics"), ("GET", "/logspec"), ("PUT", "/logspec")):
        answer = await watched.ask(method, path, certificate=False, body='{"spec":"debug"}')
        assert answer.status_code == 401
    answer = await watched.ask("GET", "/metrics")
    assert answer.text == "# HELP seen Seen.\n# TYPE seen counter\nseen 0\n"
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.asyncio
async def test_without_client_roots_nobody_is_known(tmp_path: Path) -> None:
    made = Watched(tmp_path)
    server = await made.operations.serve(made.address(roots=False))
    made.port = server.port
    assert (await made.ask("GET", "/healthz")).status_code == 200
    assert (await made.ask("GET", "/metrics")).status_code == 401
    await server.stop()


@pytest.mark.asyncio
async def test_levels_are_told_and_set(watched: Watched) -> None:
    assert (
        await watched.ask("PUT", "/logspec", body='{"spec":"test.x=debug:warn"}')
    ).status_code == 204
    answer = await watched.ask("GET", "/logspec")
    assert (answer.status_code, answer.text) == (200, '{"spec":"test.x=debug:warn"}\n')
    answer = await watched.ask("PUT", "/logspec", body='{"spec":"x=foo"}')
    assert answer.status_code == 400
    assert answer.text == (
        "{\"error\":\"invalid logging specification 'x=foo': bad segment 'x=foo'\"}\n"
    )
    assert (await watched.ask("PUT", "/logspec", body="{}")).status_code == 204
    assert (await watched.ask("GET", "/logspec")).json() == {"spec": "info"}


@pytest.mark.asyncio
@pytest.mark.parametrize("body", ['{"spec":', "[]", '{"spec":5}', "\x00"])
async def test_levels_that_cannot_be_read(watched: Watched, body: str) -> None:
    answer = await watched.ask("PUT", "/logspec", body=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("POST", "/healthz", 405, ""),
        ("POST", "/version", 400, '{"Error":"invalid request method: POST"}'),
        ("DELETE", "/logspec", 400, '{"error":"invalid request method: DELETE"}\n'),
        ("GET", "/version", 200, '{"Version":"1.2"}'),
        ("GET", "/nope", 404, "404 page not found\n"),
    ],
)
async def test_other_requests(
    watched: Watched, method: str, path: str, status: int, body: str
) -> None:
    answer = await watched.ask(method, path)
    assert (answer.status_code, answer.text) == (status, body)


@pytest.mark.asyncio
async def test_a_component_that_does_not_answer(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfabric._operations.health.TIMEOUT", 0)

    async def never() -> str | None:
        raise TimeoutError

    monkeypatch.setattr(watched.operations, "_checks", lambda: {"stuck": never})
    assert (await watched.ask("GET", "/healthz")).status_code == 408


@pytest.mark.asyncio
async def test_what_keeps_it_from_listening_is_named(watched: Watched, tmp_path: Path) -> None:
    taken = watched.address()
    with pytest.raises(NetworkError, match=str(watched.port)):
        await watched.operations.serve(
            OperationsAddress(f"127.0.0.1:{watched.port}", taken.certificate, taken.key)
        )
    with pytest.raises(NetworkError, match="missing"):
        await watched.operations.serve(
            OperationsAddress("127.0.0.1:0", tmp_path / "missing", taken.key)
        )


@pytest.mark.asyncio
async def test_the_asyncio_client_reads_and_sets_all_of_it(watched: Watched) -> None:
    watched.reason = "connection refused"
    async with aio.Operations(watched.endpoint()) as node:
        assert await node.health() == Health(
            is_healthy=False, failed_checks={"chaincode tax_1": "connection refused"}, time=NOW
        )
        watched.reason = None
        assert await node.health() == Health(is_healthy=True, time=NOW)
        assert "# HELP seen Seen." in await node.metrics()
        await node.set_log_spec("pyfabric=debug:warn")
        assert await node.log_spec() == "pyfabric=debug:warn"
        with pytest.raises(GatewayError, match=r"HTTP status 400: .*loud") as caught:
            await node.set_log_spec("loud")
        assert caught.value.code is StatusCode.INVALID_ARGUMENT
        assert await node.log_spec() == "pyfabric=debug:warn"


@pytest.mark.asyncio
async def test_the_blocking_client_reads_and_sets_all_of_it(watched: Watched) -> None:
    def ask() -> tuple[Health, str, str]:
        with gateway.Operations(watched.endpoint()) as node:
            node.set_log_spec("error")
            return node.health(), node.metrics(), node.log_spec()

    health, metrics, spec = await asyncio.to_thread(ask)
    assert (health, spec) == (Health(is_healthy=True, time=NOW), "error")
    assert "# TYPE seen counter" in metrics


@pytest.mark.asyncio
async def test_without_a_certificate_a_client_is_told_the_health_alone(watched: Watched) -> None:
    async with aio.Operations(watched.endpoint(certificate=False)) as node:
        assert (await node.health()).is_healthy
        for call in (node.metrics(), node.log_spec(), node.set_log_spec("info")):
            with pytest.raises(GatewayError, match="HTTP status 401: no reason given") as caught:
                await call
            assert caught.value.code is StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>", "6 bytes"),
        (200, b"[]", "not an object"),
        (503, b'{"failed_checks": [1]}', "failed checks are invalid"),
        (503, b'{"failed_checks": [{"reason": "x"}]}', "failed checks are invalid"),
        (503, b'{"failed_checks": 1}', "failed checks are invalid"),
        (404, b"404 page not found\n", "HTTP status 404: 404 page not found"),
        (408, b"", "HTTP status 408: no reason given"),
        (418, b'{"error": "teapot"}', "HTTP status 418: teapot"),
    ],
)
def test_what_is_no_health(status: int, body: bytes, error: str) -> None:
    flow = operations.health(Endpoint("127.0.0.1:1", b""))
    next(flow)
    with pytest.raises((DecodeError, GatewayError), match=error):
        flow.send(Answer(status, body))
