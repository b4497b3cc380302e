"""A certificate authority of a Fabric CA server, and how it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from pyfabric.ca import answers, tokens
from pyfabric.ca.issued import read_chain
from pyfabric.ca.requests import Request
from pyfabric.client.effects import Endpoint, Flow, Rest, rest, sign
from pyfabric.errors import ClientError, DecodeError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages import addresses

T = TypeVar("T")

_PORT: Final = 7054
_LONGEST_LIST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Authority:
    """One CA of a server: where it is, its name there ("" is the server's first), and whose members it makes.

    What it issues must lead to one of the `trusted` roots (PEM); without any, to the root of its own chain. `is_plain` is
    for a server without TLS.
    """

    endpoint: Endpoint
    msp_id: str
    name: str = ""
    trusted: bytes = field(default=b"", repr=False)
    is_plain: bool = False


def authority(
    url: str,
    *,
    msp_id: str,
    name: str,
    tls_roots: bytes,
    trusted: bytes,
    server_name: str | None,
    client_certificate: bytes | None,
    client_key: bytes | None,
) -> Authority:
    """Return the CA at a URL, https://host:port or http:// without TLS; raises ClientError if something cannot be used.

    The port is 7054 without one, as for Fabric's own client.
    """
    address, is_plain = _address(url)
    if not is_plain and not tls_roots:
        raise ClientError(f"{url}: nothing is trusted: give the roots of its TLS certificate")
    try:
        if trusted:
            read_chain(trusted)
    except DecodeError as error:
        raise ClientError(f"the trusted roots of the CA cannot be read: {error}") from error
    endpoint = Endpoint(address, tls_roots, server_name, client_certificate, client_key)
    return Authority(endpoint, msp_id, name, trusted, is_plain)


def _address(url: str) -> tuple[str, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ClientError(f"{url!r} is not the URL of a CA: {error}") from error
    if parts.username is not None:
        raise ClientError("the URL of a CA holds a name and secret: give them to enroll instead")
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query:
        raise ClientError(f"{url!r} is not the URL of a CA: write https://host:port")
    return addresses.join(host, _PORT if port is None else port), parts.scheme == "http"


def ask(ca: Authority, request: Request, authorization: str = "") -> Flow[object]:
    """Send a request; return the result of the answer.

    Raises CAError when the CA refuses, GatewayError when it does not answer, and DecodeError for an invalid answer.
    """
    headers = {"Authorization": authorization} if authorization else {}
    if request.body:
        headers["Content-Type"] = "application/json"
    answer = yield from rest(
        Rest(
            ca.endpoint,
            request.method,
            request.path,
            body=request.body or None,
            headers=headers,
            is_plain=ca.is_plain,
            longest=_LONGEST_LIST if request.method == "GET" else None,
        )
    )
    return answers.read_result(answer, address=ca.endpoint.address)


def ask_as(
    ca: Authority, caller: SigningIdentity, request: Request, read: Callable[[object], T]
) -> Flow[T]:
    """Send a request with a token of the caller's; return what `read` makes of the result, and raise what `ask` raises."""
    certificate = caller.identity.certificate
    signed = tokens.signed_bytes(request.method, request.path, request.body, certificate)
    signature = yield from sign(caller, tokens.message_to_sign(signed, certificate))
    return read((yield from ask(ca, request, tokens.Token(certificate, signature).header())))
