"""Endpoints whose certificates and keys are in files (PEM)."""

from pathlib import Path

from pyfabric.client.effects import Endpoint
from pyfabric.errors import ClientError
from pyfabric.identity.pem import not_certificates


def load_endpoint(
    address: str,
    tls_roots: str | Path,
    *,
    server_name: str | None = None,
    client_certificate: str | Path | None = None,
    client_key: str | Path | None = None,
) -> Endpoint:
    """Return an endpoint whose certificates and key are read from files (PEM).

    `address` is host:port; the others are what `Endpoint` says. Raises ClientError that names the file
    that cannot be read, or that holds no TLS roots.
    """
    return Endpoint(
        address,
        _roots(tls_roots),
        server_name,
        None if client_certificate is None else _content(client_certificate),
        None if client_key is None else _content(client_key),
    )


def _roots(file: str | Path) -> bytes:
    content = _content(file)
    problem = not_certificates(content)
    if problem is not None:
        raise ClientError(f"{file}: TLS roots of an endpoint: {problem}")
    return content


def _content(file: str | Path) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ClientError(f"{file}: cannot read a PEM file of an endpoint: {error}") from error
