"""What peers and orderers have in common: a name, an address, and how to trust the node behind it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pyfabric.client.effects import Endpoint
from pyfabric.errors import ClientError
from pyfabric.local.fields import FieldError, Fields
from pyfabric.profile import nodes, pem_fields

Options = Iterable[tuple[str, object]]
_SCHEMES: Final = ("grpcs://", "grpc://")


class Node:
    """A peer or an orderer; its certificates are read when it is called for the first time."""

    section: str
    """The part of a profile that has such nodes: "peers" or "orderers"."""

    def __init__(
        self,
        name: str,
        endpoint: str,
        tls_ca_cert_file: str | bytes | None = None,
        client_key_file: str | bytes | None = None,
        client_cert_file: str | bytes | None = None,
        opts: Options | None = None,
    ) -> None:
        self._name = name
        self._endpoint = _address(endpoint)
        self._moved = False
        self._found: Endpoint | None = None
        entry = {
            "url": f"{_SCHEMES[0]}{self._endpoint}",
            "tlsCACerts": _source(tls_ca_cert_file),
            "grpcOptions": dict(opts or ()),
            "clientKey": _source(client_key_file),
            "clientCert": _source(client_cert_file),
        }
        self._read = self._reader({self.section: {name: entry}}, Path())

    @property
    def name(self) -> str:
        """The node's name in the profile."""
        return self._name

    @property
    def endpoint(self) -> str:
        """The node's address, host:port; it can be set."""
        return self._endpoint

    @endpoint.setter
    def endpoint(self, endpoint: str) -> None:
        self._endpoint, self._moved, self._found = _address(endpoint), True, None

    @property
    def target(self) -> Endpoint:
        """The node to connect to. Raises ClientError that names what the profile lacks or has wrong."""
        if self._found is None:
            try:
                found = self._read()
            except FieldError as error:
                raise ClientError(f"cannot connect to {self._name}: {error}") from error
            self._found = replace(found, address=self._endpoint) if self._moved else found
        return self._found

    def init_with_bundle(self, info: Mapping[str, Any]) -> bool:
        """Take address and certificates from a node's entry in a profile; relative paths start at this folder."""
        return self.init_from({self.section: {self._name: dict(info)}}, Path())

    def init_from(self, document: Mapping[str, Any], file: Path) -> bool:
        """Take address and certificates from a whole profile, of which `file` is the place."""
        self._read, self._found = self._reader(document, file), None
        entry = Fields(document).named(self.section).part(self._name, {})
        self._endpoint = _address(entry.optional_text("url") or self._endpoint)
        self._moved = False
        return True

    def set_tls_client_cert_and_key(
        self, client_key_file: str | None = None, client_cert_file: str | None = None
    ) -> bool:
        """Set the files of the certificate and key by which the program shows who it is; return whether they are usable."""
        pair = Fields({"cert": _source(client_cert_file), "key": _source(client_key_file)})
        try:
            certificate = pem_fields.certificates(pair, "cert", Path())
            key = pem_fields.private_key(pair, "key", Path())
        except FieldError:
            return False
        read, self._found = self._read, None
        self._read = lambda: replace(read(), client_certificate=certificate, client_key=key)
        return True

    def get_attrs(self) -> str:
        """Return the name and the address as text."""
        return f"name={self._name},endpoint={self._endpoint}"

    def __str__(self) -> str:
        return f"[{type(self).__name__}:{self.get_attrs()}]"

    def _reader(self, document: Mapping[str, Any], file: Path) -> Callable[[], Endpoint]:
        def read() -> Endpoint:
            fields = Fields(document)
            (found,) = nodes.endpoints(fields, self.section, [self._name], file)
            entry = fields.named(self.section).part(self._name)
            if not entry.holds("clientCert"):
                return found
            return replace(
                found,
                client_certificate=pem_fields.certificates(entry, "clientCert", file.parent),
                client_key=pem_fields.private_key(entry, "clientKey", file.parent),
            )

        return read


def endpoints_of(named: Sequence[Node]) -> list[Endpoint]:
    """Return the nodes to connect to."""
    return [one.target for one in named]


def _address(url: str) -> str:
    return url.removeprefix(_SCHEMES[0]).removeprefix(_SCHEMES[1])


def _source(given: str | bytes | None) -> Mapping[str, str] | None:
    """Return a certificate or key as a profile has it: a file's path, or what it holds."""
    if isinstance(given, bytes):
        return {"pem": given.decode()}
    return None if given is None else {"path": str(given)}
