"""TLS contexts of Python's own sockets from certificates and keys in memory (PEM)."""

import ssl
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import Final

_REFUSAL_SECONDS: Final = 0.3
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_REFUSED: Final = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "HANDSHAKE_FAILURE",
    "UNKNOWN_CA",
    "CERTIFICATE_EXPIRED",
    "UNSUPPORTED_CERTIFICATE",
)


def load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Give a context its own certificate chain and key; raises ssl.SSLError if they do not match."""
    # Python reads a key only from a file: this one has mode 0600 and is deleted after the block.
    with NamedTemporaryFile() as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)


def http2_server_context(
    certificate_chain: bytes, key: bytes, client_roots: bytes | None
) -> ssl.SSLContext:
    """Return a context of an HTTP/2 server, TLS 1.2 or newer; with `client_roots` TLS is mutual.

    Raises ssl.SSLError or ValueError when a certificate or key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    load_pair(context, certificate_chain, key)
    if client_roots is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_roots.decode())
    return context


def http2_client_context(
    roots: bytes, certificate_chain: bytes | None, key: bytes | None
) -> ssl.SSLContext:
    """Return a context of an HTTP/2 client, TLS 1.2 or newer, with its own certificate if given.

    As in Go, every certificate of `roots` is trusted, self-signed or not. Raises ssl.SSLError or
    ValueError when a certificate or key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["h2"])
    context.load_verify_locations(cadata=roots.decode())
    if certificate_chain is not None and key is not None:
        load_pair(context, certificate_chain, key)
    return context


def answers_http2(secured: ssl.SSLSocket, timeout: float) -> bool:
    """Return whether a server sends anything, to HTTP/2's preface at the latest, or closes; raises OSError.

    One that refuses the client's certificate does so at once, and what it says is lost if something was sent meanwhile.
    """
    secured.settimeout(_REFUSAL_SECONDS)
    with suppress(TimeoutError):
        return bool(secured.recv(1))
    secured.settimeout(timeout)
    secured.sendall(_PREFACE)
    return bool(secured.recv(1))


def is_client_refusal(reason: str) -> bool:
    """Return whether an alert, in OpenSSL's words, refuses a client for its certificate, or for want of one."""
    return any(one in reason for one in _REFUSED)
