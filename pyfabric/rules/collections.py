"""Private data collections as a channel has agreed on them, and who belongs to each.

Explicit collections are in chaincodes' committed definitions; beside them each member of the channel
has an implicit one in every chaincode. Sources: core/common/privdata and
core/chaincode/lifecycle/deployedcc_infoprovider.go of Fabric 3.1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2

from pyfabric.errors import ConfigError, DecodeError, IdentityError, PolicyError
from pyfabric.identity.msp import MemberIdentity, MSPManager
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, implicit_collection, implicit_owner
from pyfabric.messages.policies import signed_by_members
from pyfabric.rules.configuration.channel_config import Capabilities
from pyfabric.rules.lifecycle.definitions import Definition, committed_definition, defined_names
from pyfabric.rules.policies.evaluation import SignaturePolicy
from pyfabric.rules.state.versions import StateReader, hashed_namespace

IMPLICIT_MAXIMUM = 1
"""To how many other peers of its department a peer gives what goes into their own collection."""


@dataclass(frozen=True)
class Collection:
    """One collection, with what its definition says."""

    name: str
    members: policies_pb2.SignaturePolicyEnvelope
    manager: MSPManager
    required_peer_count: int = 0
    maximum_peer_count: int = 0
    block_to_live: int = 0
    member_only_read: bool = False
    member_only_write: bool = False

    def includes(self, identity: MemberIdentity) -> bool:
        """Return whether an identity satisfies the policy of the members."""
        try:
            self._policy.evaluate_identities([identity])
        except (ConfigError, PolicyError):
            return False
        return True

    def stored_by(self, identity: MemberIdentity) -> bool:
        """Return whether a peer keeps the data: its department is named, or the policy includes it."""
        return identity.msp_id in self.member_organizations or self.includes(identity)

    @cached_property
    def member_organizations(self) -> frozenset[str]:
        """The MSP ids that the policy names."""
        named = (_organization(one, self.manager) for one in self.members.identities)
        return frozenset(msp_id for msp_id in named if msp_id is not None)

    @cached_property
    def _policy(self) -> SignaturePolicy:
        return SignaturePolicy(self.members, self.manager)


def block_lifetimes(state: StateReader) -> Mapping[str, int]:
    """Return blockToLive by hashed namespace, of all collections whose data expire."""
    definitions = {name: committed_definition(name, state) for name in defined_names(state)}
    return {
        hashed_namespace(chaincode, name): collection.block_to_live
        for chaincode, definition in definitions.items()
        if definition is not None
        for name, collection in definition.explicit_collections.items()
        if collection.block_to_live
    }


class ChannelMembers(Protocol):
    """What collections need of a channel's configuration; `ChannelConfig` has it."""

    @property
    def channel_id(self) -> str:
        """The channel's name."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities in force."""
        ...

    @property
    def msp_manager(self) -> MSPManager:
        """The MSPs of the channel."""
        ...

    @property
    def application_organizations(self) -> Iterable[str]:
        """The MSP ids of the organisations that have implicit collections."""
        ...


class Collections:
    """The collections of a channel.

    `definition` answers a chaincode's committed definition; `msp_id` is the department of the peer that
    asks: only for its own implicit collection does it give data to others.
    """

    def __init__(
        self,
        config: ChannelMembers,
        definition: Callable[[str], Definition | None],
        msp_id: str,
    ) -> None:
        self._config = config
        self._definition = definition
        self._msp_id = msp_id

    def find(self, namespace: str, name: str) -> Collection | None:
        """Return a collection of a chaincode, the implicit one of any MSP id included."""
        definition = None
        if namespace != LIFECYCLE:
            definition = self._definition(namespace)
            if definition is None:
                return None
        owner = implicit_owner(name)
        if owner is not None:
            return self._implicit(owner)
        static = None if definition is None else definition.explicit_collections.get(name)
        return None if static is None else _explicit(static, self._config.msp_manager)

    def names(self, namespace: str) -> Sequence[str]:
        """Return the explicit and the members' implicit collections of a chaincode."""
        definition = None if namespace == LIFECYCLE else self._definition(namespace)
        explicit = () if definition is None else tuple(definition.explicit_collections)
        implicit = tuple(
            implicit_collection(msp_id) for msp_id in self._config.application_organizations
        )
        return explicit + implicit

    def _implicit(self, msp_id: str) -> Collection:
        return Collection(
            implicit_collection(msp_id),
            signed_by_members(1, [msp_id]),
            self._config.msp_manager,
            maximum_peer_count=IMPLICIT_MAXIMUM if msp_id == self._msp_id else 0,
        )


def _explicit(static: collection_pb2.StaticCollectionConfig, manager: MSPManager) -> Collection:
    return Collection(
        static.name,
        static.member_orgs_policy.signature_policy,
        manager,
        static.required_peer_count,
        static.maximum_peer_count,
        static.block_to_live,
        static.member_only_read,
        static.member_only_write,
    )


def _organization(principal: msp_principal_pb2.MSPPrincipal, manager: MSPManager) -> str | None:
    kind, raw = principal.principal_classification, principal.principal
    try:
        if kind == msp_principal_pb2.MSPPrincipal.ROLE:
            return decode(msp_principal_pb2.MSPRole, raw).msp_identifier
        if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
            return decode(msp_principal_pb2.OrganizationUnit, raw).msp_identifier
        if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
            return manager.deserialize(raw).msp_id
    except (DecodeError, IdentityError):
        return None
    return None
