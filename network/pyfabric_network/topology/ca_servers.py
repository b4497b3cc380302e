"""A department's CA server: where it listens, and the CAs that it serves. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyfabric.messages.addresses import Address
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.places import CA_OPERATIONS_PORT, CA_PORT, LOOPBACK, Place


@dataclass(frozen=True)
class ServedCA:
    """A CA by its name on the server. Its certificate and key are in `folder`; with `tls` it issues TLS certificates.

    `root` is the folder of the root above it, if it is an intermediate CA; `home` is where the server keeps what it
    remembers.
    """

    name: str
    msp_id: str
    folder: Path
    home: Path
    tls: bool
    root: Path | None = None

    @property
    def certificate(self) -> Path:
        """Its certificate."""
        return self.folder / "ca.pem"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.folder / "ca.key"

    @property
    def roots(self) -> Path:
        """The root that all of its certificates lead to."""
        return self.certificate if self.root is None else self.root / "ca.pem"

    @property
    def chain(self) -> Path:
        """Its certificate and those above it."""
        return self.certificate if self.root is None else self.home / "chain.pem"


@dataclass(frozen=True)
class CAServer:
    """The CA server of a department; clients reach it at `address`, `operations` serves its health.

    The first of `served` is for requests that name no CA.
    """

    member: Member
    address: Address
    operations: Address
    served: tuple[ServedCA, ...]

    @property
    def name(self) -> str:
        """The server's host name."""
        return self.member.name

    @property
    def registrar_secret(self) -> Path:
        """The file with the secret of the first registrar, who is the same at all of its CAs."""
        return self.member.folder / "registrar.secret"

    def listening(self) -> dict[str, Address]:
        """Return the addresses where it listens on this machine, each with what listens there."""
        return {self.name: self.address, f"{self.name} (operations)": self.operations}


def served_cas(
    domain: str, folder: Path, home: Path, msp_id: str, *, intermediate: bool
) -> tuple[ServedCA, ...]:
    """Return the CAs of the organisation in `folder`: for identities, and for TLS."""
    identities, tls = f"ca.{domain}", f"tlsca.{domain}"
    root = folder / "rootca" if intermediate else None
    return (
        ServedCA(identities, msp_id, folder / "ca", home / identities, tls=False, root=root),
        ServedCA(tls, msp_id, folder / "tlsca", home / tls, tls=True),
    )


def make_ca_server(domain: str, folder: Path, place: Place, served: Sequence[ServedCA]) -> CAServer:
    """Work out the CA server whose folder is `folder`; `domain` ends its name."""
    name = f"ca.{domain}"
    member = Member(name, "client", folder, (name, "localhost", LOOPBACK))
    return CAServer(
        member=member,
        address=Address(LOOPBACK, place.first_port + CA_PORT),
        operations=Address(LOOPBACK, place.first_port + CA_OPERATIONS_PORT),
        served=tuple(served),
    )
