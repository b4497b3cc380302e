"""The organisations of a test ledger's channel: MSPs that trust every certificate that names them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final

from fabric_protos.common import policies_pb2

from pyfabric.chaincode.testing.identities import identity
from pyfabric.errors import IdentityError, PolicyError
from pyfabric.identity import parsing
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.msp import MSP, MemberIdentity, MSPManager
from pyfabric.identity.names import ORGANIZATIONAL_UNIT
from pyfabric.identity.units import Unit
from pyfabric.rules.access import unsatisfied
from pyfabric.rules.configuration.channel_config import Capabilities
from pyfabric.rules.policies.evaluation import ImplicitMetaPolicy, SignaturePolicy
from pyfabric.rules.policies.paths import WRITERS
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.policies.usual import member_policies

_REMEMBERED: Final = 256
_CAPABILITIES: Final = Capabilities(
    channel=frozenset({"V3_0"}), orderer=frozenset({"V2_0"}), application=frozenset({"V2_5"})
)


class UnverifiedIdentity(MemberIdentity):
    """An identity whose certificate nobody checks: its organizational units say what it is."""

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The OUs of the subject."""
        return tuple(Unit(name, b"") for name in self.parsed.subject.values(ORGANIZATIONAL_UNIT))

    def validate(self) -> None:
        """Check that exactly one OU gives a role; raises IdentityError."""
        self.msp.rules.check(self.units)


class UnverifiedMSP(MSP):
    """An organisation whose members are all certificates that name it."""

    def identity(self, certificate_pem: bytes) -> MemberIdentity:
        """Return the identity with this certificate; raises IdentityError for other bytes."""
        certificate = parsing.read_pem(certificate_pem)
        if certificate is None:
            raise IdentityError("could not decode the PEM structure")
        return UnverifiedIdentity(self, certificate)


class TestMembers:
    """The organisations of a channel, and what else private data need of it (`ChannelMembers`).

    With `anybody`, an organisation joins when it is first asked for.
    """

    __test__ = False
    capabilities = _CAPABILITIES

    def __init__(self, channel_id: str, organizations: Iterable[str], *, anybody: bool) -> None:
        self.channel_id = channel_id
        self._anybody = anybody
        self.msp_manager = MSPManager([])
        self._msps: dict[str, MSP] = {}
        for msp_id in organizations:
            self.join(msp_id)

    def fork(self) -> "TestMembers":
        """Return the same organisations, whom later ones join without joining these."""
        return TestMembers(self.channel_id, self._msps, anybody=self._anybody)

    @property
    def application_organizations(self) -> tuple[str, ...]:
        """The MSP ids of the organisations."""
        return tuple(self._msps)

    def admits(self, msp_id: str) -> bool:
        """Return whether an organisation is on the channel."""
        if self._anybody:
            self.join(msp_id)
        return msp_id in self._msps

    def join(self, msp_id: str) -> None:
        """Add an organisation, if it is not there yet."""
        if msp_id not in self._msps:
            self._msps[msp_id] = _msp(msp_id)
            self.msp_manager = MSPManager(self._msps.values())

    def check_writer(self, creator: bytes) -> None:
        """Check that a serialized identity is one of the channel's Writers; raises PolicyError."""
        try:
            identities = [self.msp_manager.deserialize(creator)]
        except IdentityError:
            identities = []
        rule = policies_pb2.ImplicitMetaPolicy
        writers = ImplicitMetaPolicy(
            rule(sub_policy="Writers", rule=rule.ANY),
            [
                SignaturePolicy(
                    parse_signature_policy(member_policies(each)["Writers"]), self.msp_manager
                )
                for each in self._msps
            ],
            self.msp_manager,
        )
        try:
            writers.evaluate_identities(identities)
        except PolicyError as error:
            raise unsatisfied(self.channel_id, WRITERS, error) from error

    def peer(self, msp_id: str) -> MemberIdentity:
        """Return the identity of an organisation's peer."""
        return self.msp_manager.deserialize(_peer(msp_id))


@lru_cache(maxsize=_REMEMBERED)
def _msp(msp_id: str) -> UnverifiedMSP:
    authority = CertificateAuthority.create(
        f"ca.{msp_id}", msp_id, now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return UnverifiedMSP(
        MSPDefinition(
            msp_id=msp_id,
            root_certificates=(authority.certificate_pem,),
            node_units=NodeUnits.standard(),
        )
    )


@lru_cache(maxsize=_REMEMBERED)
def _peer(msp_id: str) -> bytes:
    return identity(msp_id, "peer0", unit="peer").serialized()
