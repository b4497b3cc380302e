"""The conformance network under test, and the people in the tests."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyfabric_network.material.keys import make_material
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.departments import DepartmentPlan

from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import PrivateKey, PrivateKeySigner, generate_private_key
from pyfabric.identity.signing import Identity, SigningIdentity
from tests.support.network.programs import fabric_programs
from tests.support.paths import TESTS

TOPOLOGY = TESTS / "conformance" / "topology.yaml"
KEYS: dict[bytes, PrivateKey] = {}  # of everybody issued here, by certificate


def issue(
    ca: CertificateAuthority,
    msp_id: str,
    *,
    now: datetime,
    days: int = 30,
    attributes: Mapping[str, str] | None = None,
) -> SigningIdentity:
    """Return a client of that CA who says to be of that MSP."""
    key = generate_private_key()
    certificate = ca.issue(
        "somebody",
        unit="client",
        now=now,
        public_key=key.public_key(),
        days=days,
        attributes=attributes,
    )
    KEYS[certificate] = key
    return SigningIdentity(Identity(msp_id, certificate), PrivateKeySigner(key))


@dataclass
class Running:
    """A running network with the conformance contract, and the people in the features."""

    network: Network
    revoked: dict[str, SigningIdentity]

    def department(self, name: str) -> DepartmentPlan:
        """Return a department by name."""
        return self.network.plan.department(name)

    def msp_id(self, name: str) -> str:
        """Return a department's MSP id; one that is not there is named all the same."""
        found = self.network.plan.departments.get(name)
        return found.msp_id if found else f"{name}MSP"

    def ordering_msp_id(self, name: str) -> str:
        """Return the MSP id of a department's orderers."""
        return self.network.topology.ordering_msp_id(name)

    def ca(self, name: str) -> CertificateAuthority:
        """Return a department's CA for identities; nobody's is a stranger's."""
        if name == "nobody":
            return CertificateAuthority.create("stranger", "Stranger", now=datetime.now(UTC))
        return load_ca(self.department(name).ca)

    def user(self, department: str, *, claims: str | None = None) -> SigningIdentity:
        """Return a new user whose certificate the department issued."""
        msp_id = self.msp_id(claims or department)
        return issue(self.ca(department), msp_id, now=datetime.now(UTC))

    def expired_user(self, department: str) -> SigningIdentity:
        """Return a user whose certificate was good for the first minute of its CA."""
        ca = self.ca(department)
        end = ca.certificate.not_valid_before_utc + timedelta(minutes=1)
        return issue(ca, self.msp_id(department), now=end, days=0)


def demanding(topology: Path, folder: Path) -> Path:
    """Return a copy of a topology, with the contracts beside it, whose nodes demand client certificates."""
    folder.mkdir()
    for file in topology.parent.glob("*.py"):
        shutil.copy(file, folder)
    copied = folder / topology.name
    copied.write_text(f"{topology.read_text()}client_auth_required: true\n")
    return copied


@contextmanager
def started(
    folder: Path, runtime: RuntimeName = RuntimeName.EMBEDDED, topology: Path = TOPOLOGY
) -> Iterator[Running]:
    """Yield the conformance network, or that of another topology, with a revoked user of EconInfo."""
    network = Network.prepare(
        topology, folder, base_port=0, runtime=runtime, programs=fabric_programs()
    )
    now = datetime.now(UTC)
    make_material(network.plan, now=now)
    econinfo = network.plan.department("EconInfo")
    ca = load_ca(econinfo.ca)
    revoked = issue(ca, econinfo.msp_id, now=now)
    lists = econinfo.msp / "crls"
    lists.mkdir()
    (lists / "crl.pem").write_bytes(ca.revoke([revoked.identity.certificate], now=now))
    network.up()
    try:
        network.deploy()
        yield Running(network, {"EconInfo": revoked})
    finally:
        network.down(delete=True)
