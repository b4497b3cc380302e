"""What there is of certificates, definitions and configurations: all that the steps of a renewal are worked out from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509

from pyfabric.identity.definition import MSPDefinition
from pyfabric.local.sockets import listens
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.channels.carrying import configurations
from pyfabric_network.renewing.holders import (
    Authority,
    Certificate,
    authorities,
    certificates,
)
from pyfabric_network.runtimes.contract_hosts import former_client
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan


@dataclass(frozen=True, slots=True)
class Local:
    """What one member of an organisation accepts: the definition in its MSP folder, and its TLS roots (PEM)."""

    definition: MSPDefinition | None
    tls_roots: bytes

    def certificates(self) -> list[x509.Certificate]:
        """Return the TLS roots, one by one."""
        return x509.load_pem_x509_certificates(self.tls_roots)


@dataclass(frozen=True)
class World:
    """What there is on this machine, and in the configurations of the channels that its peers have.

    `definitions` are the organisations' own, by MSP id, `local` what members accept, by name. `configs` are known while
    the network runs. `stopped` are nodes that take no connections, `changed` those that would be started otherwise now
    than they were. `served` are departments whose contract hosts still accept the certificate that their peers had before.
    """

    plan: Plan
    certificates: tuple[Certificate, ...]
    authorities: Mapping[str, tuple[Authority, ...]]
    definitions: Mapping[str, MSPDefinition]
    local: Mapping[str, Local]
    configs: Mapping[str, ChannelConfig]
    stopped: frozenset[str]
    changed: frozenset[str]
    running: bool
    served: frozenset[str] = frozenset()

    @cached_property
    def serials(self) -> frozenset[str]:
        """The serial numbers of the certificates in use."""
        return frozenset(one.serial for one in self.certificates)

    def organization(self, msp_id: str) -> Organization:
        """Return an organisation of this machine."""
        return next(one for one in self.plan.own_organizations if one.msp_id == msp_id)


def look(plan: Plan, runtime: Runtime) -> World:
    """Return what there is; raises NetworkError if the network runs and its peers do not answer."""
    running = runtime.running()
    return World(
        plan=plan,
        certificates=certificates(plan),
        authorities={one.msp_id: authorities(one) for one in plan.own_organizations},
        definitions={
            one.msp_id: MSPDefinition.from_folder(one.msp, one.msp_id)
            for one in plan.own_organizations
        },
        local={
            member.name: _local(member, one.msp_id)
            for one in plan.own_organizations
            for member in (*one.members(), *one.tls_only)
        },
        configs=configurations(plan) if running else {},
        stopped=frozenset(
            one.name for one in plan.own_nodes if running and not listens(one.outside)
        ),
        changed=frozenset(runtime.outdated(plan)) if running else frozenset(),
        running=running,
        served=frozenset(
            one.name for one in plan.own_with_peers if former_client(one.contract_client).exists()
        ),
    )


def _local(member: Member, msp_id: str) -> Local:
    has_msp = (member.msp / "cacerts").is_dir()
    roots = member.tls_roots
    return Local(
        MSPDefinition.from_folder(member.msp, msp_id) if has_msp else None,
        roots.read_bytes() if roots.exists() else b"",
    )
