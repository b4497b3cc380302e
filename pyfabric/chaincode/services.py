"""What a contract host is to serve: the models of its lines of JSON, and the TLS files that they name."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pyfabric.chaincode.server import TRANSACTIONS, ServerTLS
from pyfabric.errors import ConfigError


class Service(BaseModel):
    """One package id: where it is served, by which contract classes, and what their process may use.

    `transactions` is how many may run at once; the others wait. `memory` is how many bytes the process
    may allocate, `nice` lowers its priority (0 to 19), and `user` is whose rights it has: that takes a
    host of root's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    package_id: str
    address: str
    contracts: tuple[str, ...]
    digest: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_digest: str | None = None
    client_certificates: str | None = None
    msp_id: str | None = None
    transactions: Annotated[int, Field(ge=1)] = TRANSACTIONS
    memory: Annotated[int, Field(ge=1)] | None = None
    nice: Annotated[int, Field(ge=0, le=19)] = 0
    user: str | None = None


class OperationsService(BaseModel):
    """Where health and metrics of the whole host are served; always over TLS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    tls_certificate: Path
    tls_key: Path
    tls_digest: str | None = None
    client_roots: Path | None = None


class Program(BaseModel):
    """A program beside the contracts: its name, its module, and its settings (see `programs`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    module: str
    settings: dict[str, Any]


class Wanted(BaseModel):
    """All services that a host should offer, and the programs that run beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    services: tuple[Service, ...]
    operations: OperationsService | None = None
    programs: tuple[Program, ...] = ()


def server_tls(service: Service) -> ServerTLS | None:
    """Return the content of a service's TLS files, None for plaintext; raises ConfigError."""
    if service.tls_certificate is None and service.tls_key is None:
        if service.client_certificates is not None:
            raise ConfigError(
                f"{service.package_id}: client_certificates without a TLS certificate"
            )
        return None
    clients = service.client_certificates
    return ServerTLS(
        certificate_chain=_content(service.tls_certificate) or b"",
        key=_content(service.tls_key) or b"",
        client_roots=None if clients is None else clients.encode(),
    )


def _content(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
