"""What a development ledger runs: its peers, orderers, CA servers and contract hosts, as one JSON file.

Paths are taken as they are written (absolute, or relative to the ledger's working directory).
`address` is where a node listens (host:port); `gateway_address` is how it is known inside the
network (channel configuration, details of errors) and defaults to `address`. `operations_address` is
where health and metrics are served, over TLS with the node's certificate; `operations_client_roots` (PEM
bundle) signs who may see metrics and change levels of the log.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pyfabric.errors import LedgerError


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TLSFiles(_Model):
    """A server's certificate chain and key.

    With `client_roots` (PEM bundle) TLS is mutual: every client must show a certificate of these CAs, or of a TLS CA
    of the channels that the node has joined.
    """

    certificate: Path
    key: Path
    client_roots: Path | None = None


class PeerConfig(_Model):
    """One department's peer. `builder` fills the templates of connection.json in packages (with a key)."""

    name: str
    msp_id: str
    address: str
    msp: Path
    tls: TLSFiles
    builder: dict[str, str] = Field(default_factory=dict, repr=False)
    gateway_address: str | None = None
    operations_address: str | None = None
    operations_client_roots: Path | None = None

    @property
    def inside_address(self) -> str:
        """How other nodes know this peer."""
        return self.gateway_address or self.address


class OrdererConfig(_Model):
    """One orderer; `admin_client_roots` (PEM bundle) signs who may use its participation API."""

    name: str
    msp_id: str
    address: str
    msp: Path
    tls: TLSFiles
    admin_address: str
    admin_client_roots: Path
    operations_address: str | None = None
    operations_client_roots: Path | None = None


class AuthorityConfig(_Model):
    """A CA by its name: its certificate, key and chain (PEM), and the file of its registry.

    With `tls` its certificates are for connections, unless a request names another profile.
    """

    name: str
    certificate: Path
    key: Path
    chain: Path
    registry: Path
    tls: bool = False


class CAConfig(_Model):
    """One CA server; `registrar` is the name of the first registrar of its CAs, `secret` the file with its secret."""

    name: str
    address: str
    tls: TLSFiles
    registrar: str
    secret: Path
    authorities: list[AuthorityConfig]
    operations_address: str | None = None
    operations_client_roots: Path | None = None
    certificates: str = ""
    """The digest of its certificates and those of its CAs: with others it is started again, which reads them."""


class HostConfig(_Model):
    """One contract host: the child's `argv`, and `services`, the object sent as a line to its stdin.

    `services` is the whole line: {"services": [{"package_id", "address", "contracts", …}, …]}.
    """

    name: str
    argv: list[str]
    services: dict[str, Any]


class LedgerConfig(_Model):
    """The whole process. `folder` holds everything that outlives it.

    `development` is the path of the socket where the development tools are offered.
    """

    folder: Path
    peers: list[PeerConfig]
    orderers: list[OrdererConfig] = Field(default_factory=list)
    cas: list[CAConfig] = Field(default_factory=list)
    hosts: list[HostConfig] = Field(default_factory=list)
    development: Path | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises LedgerError that names the file and each wrong key."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise LedgerError(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
                for item in error.errors(include_url=False)
            )
            raise LedgerError(f"{path}: {problems}") from error
