"""Clients of contracts' servers that show a certificate, or none."""

import socket
import ssl

from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member

from pyfabric.local.tls import http2_client_context
from pyfabric.messages.addresses import Address


def speaks_http2(address: Address, department: DepartmentPlan, client: Member | None) -> bool:
    """Return whether a server of a department's contract takes a client, and greets it."""
    roots = department.contract_host.tls_roots.read_bytes()
    certificate = client and client.tls_certificate.read_bytes()
    context = http2_client_context(roots, certificate, client and client.tls_key.read_bytes())
    try:
        with (
            socket.create_connection((address.host, address.port), 10) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secure,
        ):
            return bool(secure.recv(1))
    except (ssl.SSLError, ConnectionError):
        return False
