"""Where a package's contract listens: connection.json, its templates filled.

Source: ccaas_builder and core/container/externalbuilder/instance.go of Fabric 3.1. The strings of
connection.json are Go templates over the builder's configuration; `{{.key}}` is the form supported.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyfabric.errors import PackageError

_PLACE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_KEY = re.compile(r"^\.([A-Za-z_][A-Za-z0-9_]*)$")
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m)$")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_DIAL_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A contract's address; without `root_certificate` the connection is not encrypted."""

    address: str
    dial_timeout: float
    root_certificate: bytes | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = field(default=None, repr=False)


def read_connection(raw: Mapping[str, object], builder: Mapping[str, str]) -> Connection:
    """Return the connection that a decoded connection.json describes; raises PackageError."""
    address = _text(raw, "address", builder)
    if not address:
        raise PackageError("chaincode address not provided")
    timeout = _timeout(_text(raw, "dial_timeout", builder))
    if not raw.get("tls_required"):
        return Connection(address, timeout)
    root = _text(raw, "root_cert", builder)
    if not raw.get("client_auth_required"):
        return Connection(address, timeout, _needed(root, "tls root cert"))
    return Connection(
        address,
        timeout,
        client_key=_needed(_text(raw, "client_key", builder), "tls key"),
        client_certificate=_needed(_text(raw, "client_cert", builder), "tls cert"),
        root_certificate=_needed(root, "tls root cert"),
    )


def _needed(value: str, what: str) -> bytes:
    if not value:
        raise PackageError(f"chaincode {what} not provided")
    return value.encode()


def _text(raw: Mapping[str, object], name: str, builder: Mapping[str, str]) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise PackageError(f"connection.json: {name} is not a string")

    def fill(match: re.Match[str]) -> str:
        key = _KEY.match(match[1])
        if key is None:
            raise PackageError(f"connection.json: {name}: unsupported template {match[0]}")
        if key[1] not in builder:
            raise PackageError(f"connection.json: {name}: map has no entry for key {key[1]!r}")
        return builder[key[1]]

    return _PLACE.sub(fill, value)


def _timeout(text: str) -> float:
    if not text:
        return _DIAL_TIMEOUT
    match = _DURATION.match(text)
    if match is None:
        raise PackageError(f"connection.json: dial_timeout: invalid duration {text!r}")
    return float(match[1]) * _UNITS[match[2]]
