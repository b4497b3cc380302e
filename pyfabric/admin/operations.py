"""Flows over the operations service of a node or contract host (HTTPS).

Health is for everybody; the rest wants a client certificate of a CA that the node trusts. Source: the
operations system of Fabric 3.1 (docs/source/operations_service.rst).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from pyfabric.client.effects import Answer, Endpoint, Flow, Rest, rest
from pyfabric.errors import DecodeError, GatewayError, StatusCode

_JSON: Final = {"Content-Type": "application/json"}
_CODES: Final[Mapping[int, StatusCode]] = {
    HTTPStatus.BAD_REQUEST: StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: StatusCode.UNAUTHENTICATED,
    HTTPStatus.NOT_FOUND: StatusCode.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT: StatusCode.DEADLINE_EXCEEDED,
}


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a node can do its work, and why not: a reason for each component that failed.

    `time` is the node's own clock; None if it reports none.
    """

    is_healthy: bool
    failed_checks: Mapping[str, str] = field(default_factory=dict)
    time: datetime | None = None


def health(node: Endpoint) -> Flow[Health]:
    """Return what the node's own checks found."""
    answer = yield from rest(Rest(node, "GET", "/healthz"))
    if answer.status not in (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE):
        raise _refusal(answer)
    content = _object(answer)
    failed = content.get("failed_checks") or []
    try:
        reasons = {one["component"]: one["reason"] for one in failed}
    except (TypeError, LookupError) as error:
        raise DecodeError("the node's failed checks are invalid: no component or reason") from error
    return Health(answer.status == HTTPStatus.OK, reasons, _time(content.get("time")))


def version(node: Endpoint) -> Flow[str]:
    """Return the release that the node runs, as it was built: `v3.1.5`; a build of one's own has any text."""
    answer = yield from rest(Rest(node, "GET", "/version"))
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer)
    return str(_object(answer).get("Version", ""))


def metrics(node: Endpoint) -> Flow[str]:
    """Return the node's metrics, in Prometheus' text format."""
    answer = yield from rest(Rest(node, "GET", "/metrics"))
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer)
    return answer.body.decode(errors="replace")


def log_spec(node: Endpoint) -> Flow[str]:
    """Return which levels the node logs (`info`, `gossip=debug:info`, …)."""
    answer = yield from rest(Rest(node, "GET", "/logspec"))
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer)
    return str(_object(answer).get("spec", ""))


def set_log_spec(node: Endpoint, spec: str) -> Flow[None]:
    """Set which levels the node logs, until it is started again."""
    body = json.dumps({"spec": spec}).encode()
    answer = yield from rest(Rest(node, "PUT", "/logspec", body=body, headers=_JSON))
    if answer.status != HTTPStatus.NO_CONTENT:
        raise _refusal(answer)


def _time(value: object) -> datetime | None:
    """Return a time as Go writes it (RFC 3339, nanoseconds); None if it is not one with its zone."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError as error:
        raise DecodeError(
            f"the node answered {len(answer.body)} bytes that are not JSON"
        ) from error
    if not isinstance(content, dict):
        raise DecodeError("the node answered JSON that is not an object")
    return content


def _refusal(answer: Answer) -> GatewayError:
    try:
        text = str(_object(answer).get("error", ""))
    except DecodeError:
        text = answer.body.decode(errors="replace").strip()
    return GatewayError(
        f"the operations service refused with HTTP status {answer.status}: {text or 'no reason given'}",
        code=_CODES.get(answer.status, StatusCode.UNKNOWN),
    )
