"""A TLS connection to a node, to see what it meets. Nothing but HTTP/2's first words is sent."""

import socket
import ssl
from typing import Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import ConfigError
from pyfabric.local.tls import answers_http2, http2_client_context, is_client_refusal
from pyfabric.messages.addresses import Address
from pyfabric_network.diagnosis.facts import Encounter, ProbeFacts

SECONDS: Final = 4.0
_X509: Final = {
    9: Encounter.NOT_YET,
    10: Encounter.EXPIRED,
    62: Encounter.WRONG_NAME,
    64: Encounter.WRONG_NAME,
}
"""OpenSSL's verdicts (X509_V_ERR_…) on a certificate; every other one means its CA."""
_UNSAID: Final = "it closed the connection right after the TLS handshake"
"""So a server refuses a client's certificate whose alert is lost, or that sends none, as the development ledger."""
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")


def probe(endpoint: Endpoint, timeout: float = SECONDS, *, http2: bool = True) -> ProbeFacts:
    """Connect to a node as a client does, and return what that met; without `http2` the handshake alone is an answer."""
    try:
        address = Address.parse(endpoint.address)
    except ConfigError as error:
        return ProbeFacts(Encounter.UNKNOWN_HOST, said=str(error))
    name = endpoint.server_name or address.host
    try:
        encounter, said, certificate = _met(endpoint, address, name, timeout, http2=http2)
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
    endpoint: Endpoint, address: Address, name: str, timeout: float, *, http2: bool
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
                if not http2 or answers_http2(secured, timeout):
                    return Encounter.ANSWERS, "", certificate
                return _refusal(endpoint), _UNSAID, certificate
        except ssl.SSLCertVerificationError as error:
            encounter = _X509.get(error.verify_code, Encounter.WRONG_CA)
            return encounter, error.verify_message.rstrip("."), certificate
        except ssl.SSLError as error:
            return _refused(endpoint, error.reason or ""), error.reason or "", certificate
        except TimeoutError:
            return Encounter.SILENT, "", certificate
        except OSError as error:  # reset, or closed within the handshake
            encounter = _refusal(endpoint) if certificate else Encounter.CLOSED
            return encounter, error.strerror or str(error), certificate


def _refused(endpoint: Endpoint, reason: str) -> Encounter:
    """Return what an alert means, or an error of OpenSSL's."""
    if is_client_refusal(reason):
        return _refusal(endpoint)
    return Encounter.NO_TLS if any(one in reason for one in _NOT_TLS) else Encounter.CLOSED


def _refusal(endpoint: Endpoint) -> Encounter:
    """Return what a node refuses that closes the connection to a client whose handshake was complete."""
    shown = endpoint.client_certificate is not None
    return Encounter.REFUSES_CERTIFICATE if shown else Encounter.WANTS_CERTIFICATE


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
