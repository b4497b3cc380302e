"""The names in a server's certificate, looked up to explain why none of them is the wanted one.

Loaded when a call failed for that reason.
"""

import socket
from typing import Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import GatewayError
from pyfabric.local.tls import http2_client_context

_TIMEOUT: Final = 2.0


def explained(error: GatewayError, endpoint: Endpoint) -> GatewayError:
    """Return the error with the wanted name and the certificate's, which a connection shows."""
    try:
        found = ", ".join(_names(endpoint)) or "no name"
    except (OSError, ValueError):
        found = "other names"
    wanted = endpoint.server_name or _host(endpoint)
    return GatewayError(
        f"{endpoint.address}: the server's certificate is for {found}, not for {wanted}: give the "
        "endpoint one of its names as server_name, or have the name added to the certificate",
        code=error.code,
    )


def _names(endpoint: Endpoint) -> list[str]:
    context = http2_client_context(
        endpoint.tls_roots, endpoint.client_certificate, endpoint.client_key
    )
    context.check_hostname = False  # the chain is still checked, and nothing is sent
    address = (_host(endpoint), int(endpoint.address.rpartition(":")[2]))
    with (
        socket.create_connection(address, _TIMEOUT) as connection,
        context.wrap_socket(connection) as secured,
    ):
        certificate = secured.getpeercert() or {}
    alternatives = certificate.get("subjectAltName", ())
    return [str(one[1]) for one in alternatives]


def _host(endpoint: Endpoint) -> str:
    return endpoint.address.rpartition(":")[0].strip("[]")
