"""Why a server and a client do not take each other's certificates, looked up by a connection of its own.

Loaded when a call failed for that reason. Nothing but HTTP/2's preface is sent.
"""

import socket
import ssl
from typing import Final

from pyfabric._grpc.errors import is_name_mismatch
from pyfabric.client.effects import Endpoint
from pyfabric.errors import GatewayError
from pyfabric.local.tls import answers_http2, http2_client_context, is_client_refusal

_TIMEOUT: Final = 2.0
_UNSAID: Final = "without a reason"


def explained(error: GatewayError, endpoint: Endpoint) -> GatewayError:
    """Return the error with what a connection shows: names that differ, or a client certificate that is refused."""
    if is_name_mismatch(error):
        return GatewayError(_other_names(endpoint), code=error.code)
    try:
        said = _refusal(endpoint)
    except (OSError, ValueError):
        said = None
    if said is None:
        return error
    return GatewayError(_refused(endpoint, said), code=error.code)


def _other_names(endpoint: Endpoint) -> str:
    try:
        found = ", ".join(_names(endpoint)) or "no name"
    except (OSError, ValueError):
        found = "other names"
    wanted = endpoint.server_name or _host(endpoint)
    return (
        f"{endpoint.address}: the server's certificate is for {found}, not for {wanted}: give the "
        "endpoint one of its names as server_name, or have the name added to the certificate"
    )


def _refused(endpoint: Endpoint, said: str) -> str:
    if endpoint.client_certificate is None:
        return (
            f"{endpoint.address} demands a TLS client certificate, and was shown none: give the endpoint "
            "client_certificate and client_key, or the connection profile client.tlsCerts.client, which `pyfabric "
            "network up` writes for a topology with client_auth_required"
        )
    return (
        f"{endpoint.address} refuses the TLS client certificate that it was shown ({said}): show one that has not "
        "expired, of a TLS CA of the node's organisation or of a member of its channels"
    )


def _refusal(endpoint: Endpoint) -> str | None:
    """Return in which words a server refuses the client after the TLS handshake; None if it takes it.

    Raises OSError for everything else that a connection meets.
    """
    context = _unnamed(endpoint)
    with (
        socket.create_connection(_address(endpoint), _TIMEOUT) as connection,
        context.wrap_socket(connection) as secured,
    ):
        try:
            return None if answers_http2(secured, _TIMEOUT) else _UNSAID
        except ssl.SSLError as error:
            reason = error.reason or ""
            return reason if is_client_refusal(reason) else None
        except ConnectionError:
            return _UNSAID


def _names(endpoint: Endpoint) -> list[str]:
    context = _unnamed(endpoint)
    with (
        socket.create_connection(_address(endpoint), _TIMEOUT) as connection,
        context.wrap_socket(connection) as secured,
    ):
        certificate = secured.getpeercert() or {}
    alternatives = certificate.get("subjectAltName", ())
    return [str(one[1]) for one in alternatives]


def _unnamed(endpoint: Endpoint) -> ssl.SSLContext:
    """Return a context that takes any name: the chain is still checked, and nothing secret is sent."""
    context = http2_client_context(
        endpoint.tls_roots, endpoint.client_certificate, endpoint.client_key
    )
    context.check_hostname = False
    return context


def _address(endpoint: Endpoint) -> tuple[str, int]:
    return _host(endpoint), int(endpoint.address.rpartition(":")[2])


def _host(endpoint: Endpoint) -> str:
    return endpoint.address.rpartition(":")[0].strip("[]")
