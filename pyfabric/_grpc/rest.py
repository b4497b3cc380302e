"""HTTPS requests and their answers, as httpx has them."""

import ssl
from typing import Any

import httpx

from pyfabric._grpc.tls import load_pair
from pyfabric.client.effects import Answer, Endpoint, Rest
from pyfabric.errors import ClientError, GatewayError, StatusCode

_TIMEOUT = 30.0

# httpx does not wrap the alert of a TLS 1.3 server that misses a certificate (an OSError).
FAILURES = (httpx.HTTPError, OSError)


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


def request_arguments(effect: Rest) -> dict[str, Any]:
    """Return the arguments of a request, which are the same for both of httpx's clients."""
    name = effect.endpoint.server_name
    return {
        "method": effect.verb,
        "url": f"https://{effect.endpoint.address}{effect.path}",
        "files": dict(effect.files) if effect.files is not None else None,
        "content": effect.body,
        "headers": dict(effect.headers) if effect.headers is not None else None,
        "timeout": effect.timeout if effect.timeout is not None else _TIMEOUT,
        "extensions": {"sni_hostname": name} if name is not None else None,
    }


def answer(response: httpx.Response) -> Answer:
    """Return the status and body of a response."""
    return Answer(response.status_code, response.content)


def connection_error(endpoint: Endpoint, error: httpx.HTTPError | OSError) -> GatewayError:
    """Return the error of a request that got no answer."""
    late = isinstance(error, httpx.TimeoutException)
    return GatewayError(
        f"{endpoint.address}: {str(error) or type(error).__name__}",
        code=StatusCode.DEADLINE_EXCEEDED if late else StatusCode.UNAVAILABLE,
    )
