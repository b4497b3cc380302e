"""A node's operations service: /healthz, /metrics, /logspec and /version over HTTPS.

Source: core/operations of Fabric 3.1; statuses and JSON are the same. As there, metrics and log levels
need a client certificate of the configured roots; health and version do not.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pyfabric._http.server import HttpsServer, Request, Response, server_context
from pyfabric._operations.health import Check, health
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import CONTENT_TYPE, Registry
from pyfabric.errors import ConfigError

DISTRIBUTION: Final = "pyfabric-ledger"
"""The distribution whose version /version reports."""

_BODY_LIMIT: Final = 64 * 1024
_JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class OperationsAddress:
    """Where a node's operations service listens, and its PEM files.

    Without `client_roots` all requests for metrics and log levels are refused.
    """

    address: str
    certificate: Path
    key: Path
    client_roots: Path | None = None


class Operations:
    """The requests that the operations service of one node handles."""

    def __init__(
        self,
        metrics: Registry,
        checks: Callable[[], Mapping[str, Check]],
        levels: Levels,
        *,
        version: str,
        now: Callable[[], datetime],
    ) -> None:
        self._metrics = metrics
        self._checks = checks
        self._levels = levels
        self._version = version
        self._now = now
        self._routes: dict[str, tuple[Callable[[Request], Awaitable[Response]], bool]] = {
            "/healthz": (self._health, False),
            "/version": (self._version_report, False),
            "/metrics": (self._metrics_report, True),
            "/logspec": (self._logspec, True),
        }

    async def serve(self, address: OperationsAddress) -> HttpsServer:
        """Start to listen; raises NetworkError if that is not possible."""
        context = server_context(
            address.certificate, address.key, address.client_roots, required=False
        )
        return await HttpsServer.start(
            address.address, context, self.handle, body_limit=_BODY_LIMIT
        )

    async def handle(self, request: Request) -> Response:
        """Handle a request and return the response."""
        if request.path not in self._routes:
            return Response(404, b"404 page not found\n", {"Content-Type": "text/plain"})
        answer, secured = self._routes[request.path]
        if secured and not request.verified:
            return Response(401)
        return await answer(request)

    async def _health(self, request: Request) -> Response:
        if request.method != "GET":
            return Response(405)
        try:
            status, report = await health(self._checks(), self._now())
        except TimeoutError:
            return Response(408)
        return Response(status, _encoded(report), _JSON)

    async def _version_report(self, request: Request) -> Response:
        if request.method != "GET":
            text = f"invalid request method: {request.method}"
            return Response(400, _encoded({"Error": text}), _JSON)
        return Response(200, _encoded({"Version": self._version}), _JSON)

    async def _metrics_report(self, _request: Request) -> Response:
        return Response(200, self._metrics.text().encode(), {"Content-Type": CONTENT_TYPE})

    async def _logspec(self, request: Request) -> Response:
        match request.method:
            case "GET":
                return Response(200, _encoded({"spec": self._levels.spec}) + b"\n", _JSON)
            case "PUT":
                return self._set_levels(request.body or b"")
            case method:
                return _bad(f"invalid request method: {method}")

    def _set_levels(self, body: bytes) -> Response:
        try:
            given = json.loads(body)
        except ValueError as error:
            return _bad(str(error))
        spec = given.get("spec", "") if isinstance(given, dict) else None
        if not isinstance(spec, str):
            return _bad('expected {"spec": "…"}')
        try:
            self._levels.activate(spec)
        except ConfigError as error:
            return _bad(str(error))
        return Response(204)


def _bad(text: str) -> Response:
    return Response(400, _encoded({"error": text}) + b"\n", _JSON)


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
