"""The CA servers of departments of this machine, asked by their first registrars."""

from functools import cached_property

from pyfabric.errors import GatewayError, NetworkError
from pyfabric.gateway import CertificateAuthority
from pyfabric.identity.signing import SigningIdentity
from pyfabric.identity.trust import read_certificate
from pyfabric.local.closing import Closing
from pyfabric_network.material.ca_server import REGISTRAR, registrar_secret
from pyfabric_network.topology.ca_servers import CAServer, ServedCA
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.organizations import Organization


class Authority(Closing):
    """One CA of a server: `client` asks it, `registrar` is who may register and revoke there. Close it."""

    def __init__(self, server: CAServer, served: ServedCA) -> None:
        self.served = served
        self.client = CertificateAuthority(
            f"https://{server.address}",
            msp_id=served.msp_id,
            name=served.name,
            tls_roots=server.member.tls_roots.read_bytes(),
            trusted=served.roots.read_bytes(),
            server_name=server.name,
        )
        self._server = server

    @cached_property
    def registrar(self) -> SigningIdentity:
        """The first registrar, enrolled now; raises NetworkError if the server does not answer, CAError if it refuses."""
        secret = registrar_secret(self._server)
        try:
            return self.client.enroll(REGISTRAR, secret).identity
        except GatewayError as error:
            raise NetworkError(
                f"{self._server.name} does not answer: start it (`pyfabric network up`): {error}"
            ) from error

    def has_issued(self, certificate: bytes) -> bool:
        """Return whether the CA has issued a certificate (PEM); what its key made without the server is not among these."""
        found = read_certificate(certificate)
        return bool(
            self.client.certificates(
                self.registrar,
                serial=f"{found.serial:x}",
                authority_key_id=found.authority_key_id.hex(),
            )
        )

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


def authority(department: DepartmentPlan, name: str | None = None) -> Authority:
    """Return a CA of a department's server by its name, by default the first; raises NetworkError."""
    server = department.cas
    if server is None:
        raise NetworkError(
            f"no CA server runs for {department.name}: set `ca_server: true` in the topology, or give identities by the "
            "CA's key (`pyfabric identity issue`)"
        )
    found = next((one for one in server.served if name in (None, one.name)), None)
    if found is None:
        known = ", ".join(one.name for one in server.served)
        raise NetworkError(f"{server.name} serves no CA named {name}; there are: {known}")
    return Authority(server, found)


def authority_of(department: DepartmentPlan, organization: Organization) -> Authority:
    """Return the CA of an organisation's identities at its department's server; raises NetworkError without a server."""
    served = () if department.cas is None else department.cas.served
    own = (one.name for one in served if one.msp_id == organization.msp_id and not one.tls)
    return authority(department, next(own, None))
