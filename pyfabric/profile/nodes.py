"""Peers and orderers of a connection profile, as endpoints to connect to."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pyfabric.client.effects import Endpoint
from pyfabric.local.fields import FieldError, Fields
from pyfabric.profile import matchers, pem_fields

SCHEME: Final = "grpcs://"
_ADDRESS: Final = re.compile(r"(\[[^\]]+\]|[^:/\s]+):[1-9][0-9]{0,4}")
_SERVER_NAMES: Final = (
    "ssl-target-name-override",
    "grpc.ssl_target_name_override",
    "hostnameOverride",
)
"""The option with the name in a node's certificate: as most SDKs write it, as gRPC does, as Java does."""


def endpoints(
    document: Fields, section: str, names: Sequence[str], file: Path, own: Path | None = None
) -> tuple[Endpoint, ...]:
    """Return the nodes with these names; `section` is "peers" or "orderers". Raise FieldError.

    `own` is the folder with a user's own TLS certificate, which nodes are shown instead of the profile's, if it is there.
    """
    folder, entries = file.parent, document.named(section)
    pair = _client_pair(document.part("client", {}), folder, own)
    found = {name: matchers.match(document, section.removesuffix("s"), name) for name in names}
    return tuple(_endpoint(entries, name, found[name], folder, pair) for name in names)


def _endpoint(
    entries: Fields,
    name: str,
    found: matchers.Match | None,
    folder: Path,
    pair: tuple[bytes, bytes] | None,
) -> Endpoint:
    entry = entries.part(found.entry if found and entries.holds(found.entry) else name)
    url, options = found and found.url, entry.part("grpcOptions", {})
    return Endpoint(
        address=_address(url or entry.text("url"), entry.at("url")),
        tls_roots=pem_fields.certificates(entry, "tlsCACerts", folder),
        server_name=(found and found.server_name) or _server_name(options),
        client_certificate=pair and pair[0],
        client_key=pair and pair[1],
    )


def _address(url: str, where: str) -> str:
    """Return host:port of a URL, whose scheme may be left out, as the Go SDK has it."""
    scheme, separator, rest = url.rpartition("://")
    if separator and f"{scheme}{separator}" != SCHEME:
        raise FieldError(f"{where}: {url} must begin with {SCHEME}: nodes speak TLS only")
    if not _ADDRESS.fullmatch(address := rest.removesuffix("/")):
        raise FieldError(f"{where}: {url} must be {SCHEME}HOST:PORT")
    return address


def _server_name(options: Fields) -> str | None:
    return next((found for key in _SERVER_NAMES if (found := options.optional_text(key))), None)


def _client_pair(client: Fields, folder: Path, own: Path | None) -> tuple[bytes, bytes] | None:
    """Return the certificate and key with which the department's programs show who they are (mutual TLS).

    They are at `client.tlsCerts.client`: `cert` and `key`. None without them.
    """
    given = client.part("tlsCerts", {}).part("client", {})
    if not given.holds("cert") and not given.holds("key"):
        return None
    certificate = None if own is None else own / "client.crt"
    try:
        if certificate is not None and certificate.is_file():
            return certificate.read_bytes(), certificate.with_suffix(".key").read_bytes()
    except OSError as error:
        raise FieldError(f"{error.filename}: {error.strerror}") from error
    return (
        pem_fields.certificates(given, "cert", folder),
        pem_fields.private_key(given, "key", folder),
    )
