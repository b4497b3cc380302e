"""HTTPS requests and their answers, as httpx has them.

An answer is bounded in size and in time as a whole, and taken only as it was sent: a compressed one of
a few bytes can fill the memory. Fabric's nodes compress none that is not asked for.
"""

import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from pyfabric.client.effects import Answer, Endpoint, Rest
from pyfabric.errors import ClientError, GatewayError, StatusCode
from pyfabric.local.tls import load_pair

_TIMEOUT = 30.0
_LONGEST: Final = 16 * 1024 * 1024

# No connection is kept: the limit of an exchange's time needs to know its connection (time_limit.py).
LIMITS: Final = httpx.Limits(max_keepalive_connections=0)
# httpx does not wrap the alert of a TLS 1.3 server that misses a certificate (an OSError).
FAILURES = (httpx.HTTPError, OSError)


def verification(effect: Rest) -> ssl.SSLContext | bool:
    """Return how httpx verifies the server of a request: False if it is without TLS."""
    return not effect.is_plain and tls_context(effect.endpoint)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or newer, mutual when the endpoint has a client certificate.

    Raises ClientError when a certificate or key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=endpoint.tls_roots.decode())
        if endpoint.client_certificate and endpoint.client_key:
            load_pair(context, endpoint.client_certificate, endpoint.client_key)
    except (ssl.SSLError, ValueError) as error:
        raise ClientError(f"{endpoint.address}: TLS material cannot be used: {error}") from error
    return context


def request_arguments(effect: Rest, extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a request, which are the same for both of httpx's clients."""
    name = effect.endpoint.server_name
    scheme = "http" if effect.is_plain else "https"
    return {
        "method": effect.verb,
        "url": f"{scheme}://{effect.endpoint.address}{effect.path}",
        "files": dict(effect.files) if effect.files is not None else None,
        "content": effect.body,
        "headers": {**(effect.headers or {}), "Accept-Encoding": "identity"},
        "timeout": timeout(effect),
        "extensions": {**extensions, **({"sni_hostname": name} if name is not None else {})},
    }


class Answering:
    """The answer to a request, as it comes. Made when the request is sent."""

    def __init__(self, effect: Rest) -> None:
        self._address = effect.endpoint.address
        self._effect = effect
        self._until = time.monotonic() + timeout(effect)
        self._longest = _LONGEST if effect.longest is None else effect.longest
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take some bytes of the body; raises GatewayError if it is too long or takes too long."""
        self._body += chunk
        if len(self._body) > self._longest:
            raise GatewayError(
                f"{self._address}: the answer is longer than {self._longest} bytes, which is the limit",
                code=StatusCode.RESOURCE_EXHAUSTED,
            )
        if time.monotonic() > self._until:
            raise incomplete(self._effect)

    def answer(self, response: httpx.Response) -> Answer:
        """Return the status and the body that was taken; raises GatewayError if it is compressed."""
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            raise GatewayError(
                f"{self._address}: the answer is compressed, which was not asked for",
                code=StatusCode.UNIMPLEMENTED,
            )
        return Answer(response.status_code, bytes(self._body))


def connection_error(endpoint: Endpoint, error: httpx.HTTPError | OSError) -> GatewayError:
    """Return the error of a request that got no answer."""
    late = isinstance(error, httpx.TimeoutException)
    return GatewayError(
        f"{endpoint.address}: {str(error) or type(error).__name__}",
        code=StatusCode.DEADLINE_EXCEEDED if late else StatusCode.UNAVAILABLE,
    )


def incomplete(effect: Rest) -> GatewayError:
    """Return the error of an answer that takes longer than it may, its headers included."""
    return GatewayError(
        f"{effect.endpoint.address}: the answer was not complete after {timeout(effect):g} seconds",
        code=StatusCode.DEADLINE_EXCEEDED,
    )


def timeout(effect: Rest) -> float:
    """Return how many seconds a request may take as a whole."""
    return _TIMEOUT if effect.timeout is None else effect.timeout
