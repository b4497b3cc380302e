"""A TLS connection to a node, to see what it meets. Nothing but HTTP/2's first words is sent."""

import socket
import ssl
from contextlib import suppress
from typing import Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import ConfigError
from pyfabric.local.tls import http2_client_context
from pyfabric.messages.addresses import Address
from pyfabric_network.diagnosis.facts import Encounter, ProbeFacts

SECONDS: Final = 4.0
_REFUSAL_SECONDS: Final = 0.3
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_X509: Final = {
    9: Encounter.NOT_YET,
    10: Encounter.EXPIRED,
    62: Encounter.WRONG_NAME,
    64: Encounter.WRONG_NAME,
}
"""OpenSSL's verdicts (X509_V_ERR_…) on a certificate; every other one means its CA."""
_CLIENT_WANTED: Final = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE")
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")


def probe(endpoint: Endpoint, timeout: float = SECONDS) -> ProbeFacts:
    """Connect to a node as a client does, and return what that met."""
    try:
        address = Address.parse(endpoint.address)
    except ConfigError as error:
        return ProbeFacts(Encounter.UNKNOWN_HOST, said=str(error))
    name = endpoint.server_name or address.host
    try:
        encounter, said, certificate = _met(endpoint, address, name, timeout)
    except socket.gaierror as error:
        return ProbeFacts(Encounter.UNKNOWN_HOST, name, error.strerror or "")
    except ConnectionRefusedError:
        return ProbeFacts(Encounter.REFUSED, name)
    except TimeoutError:
        return ProbeFacts(Encounter.SILENT, name)
    except OSError as error:
        return ProbeFacts(Encounter.UNREACHABLE, name, error.strerror or str(error))
    if not certificate and encounter not in (Encounter.NO_TLS, Encounter.SILENT):
        certificate = _shown(endpoint, address, name, timeout)
    return ProbeFacts(encounter, name, said, certificate)


def _met(
    endpoint: Endpoint, address: Address, name: str, timeout: float
) -> tuple[Encounter, str, bytes]:
    """Return what a connection met, the reason in OpenSSL's words, and the certificate; raises OSError."""
    try:
        context = http2_client_context(
            endpoint.tls_roots, endpoint.client_certificate, endpoint.client_key
        )
    except (ssl.SSLError, ValueError) as error:
        return Encounter.WRONG_CA, f"the CA certificates cannot be read: {error}", b""
    with socket.create_connection((address.host, address.port), timeout) as connection:
        certificate = b""
        try:
            with context.wrap_socket(connection, server_hostname=name) as secured:
                certificate = _pem(secured)
                encounter = Encounter.ANSWERS if _answers(secured, timeout) else Encounter.CLOSED
                return encounter, "", certificate
        except ssl.SSLCertVerificationError as error:
            encounter = _X509.get(error.verify_code, Encounter.WRONG_CA)
            return encounter, error.verify_message.rstrip("."), certificate
        except ssl.SSLError as error:
            return _refused(error.reason or ""), error.reason or "", certificate
        except TimeoutError:
            return Encounter.SILENT, "", certificate
        except OSError as error:  # reset, or closed within the handshake
            return Encounter.CLOSED, error.strerror or str(error), certificate


def _answers(secured: ssl.SSLSocket, timeout: float) -> bool:
    """Return whether a server sends anything; raises OSError.

    One that misses a client certificate refuses at once, which is lost if something was sent meanwhile.
    """
    secured.settimeout(_REFUSAL_SECONDS)
    with suppress(TimeoutError):
        return bool(secured.recv(1))
    secured.settimeout(timeout)
    secured.sendall(_PREFACE)
    return bool(secured.recv(1))


def _refused(reason: str) -> Encounter:
    if any(one in reason for one in _CLIENT_WANTED):
        return Encounter.WANTS_CERTIFICATE
    return Encounter.NO_TLS if any(one in reason for one in _NOT_TLS) else Encounter.CLOSED


def _shown(endpoint: Endpoint, address: Address, name: str, timeout: float) -> bytes:
    """Return the certificate that the node shows, trusted or not; empty if it shows none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # to look at the certificate: nothing is sent
    try:
        with (
            socket.create_connection((address.host, address.port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=name) as secured,
        ):
            return _pem(secured)
    except (OSError, ValueError):
        return b""


def _pem(secured: ssl.SSLSocket) -> bytes:
    der = secured.getpeercert(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(der).encode() if der else b""
