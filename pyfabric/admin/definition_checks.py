"""What is wrong with a chaincode definition before anything is sent: what peers refuse, and what will not work.

Peers refuse names, versions, sequences and collections (core/chaincode/lifecycle/scc.go of Fabric 3.1). They
take policies that nobody can meet, and collections that no endorser can serve.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fabric_protos.peer import collection_pb2

from pyfabric.admin.channel_policies import channel_endorsers
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.errors import ConfigError, ContractError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle import inputs
from pyfabric.rules.policies.application import application_policy, describe_policy
from pyfabric.rules.policies.endorsers import (
    ChannelEndorsers,
    endorsing_organizations,
    roles_without_peers,
)
from pyfabric.rules.policies.evaluation import MissingPolicy
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.policies.syntax import format_signature_policy


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a definition: peers refuse it, or accept it although it will not work.

    `unusable`: no transaction, or none with the collection, can become valid.
    """

    message: str
    refused: bool
    unusable: bool = False


def check_definition(
    definition: ChaincodeDefinition,
    *,
    channel: str,
    config: bytes,
    committed: ChaincodeDefinition | None,
    peers: Mapping[str, int],
) -> tuple[Finding, ...]:
    """Return what is wrong with a definition on a channel with this configuration (bytes of common.Config).

    `committed` is the one in force, and `peers` counts the peers that live, by MSP id. Raises ConfigError for a
    configuration that peers do not take.
    """
    checked = _Checked(
        definition,
        ChannelConfig.from_bytes(config, channel_id=channel),
        committed,
        peers,
    )
    refusals = [Finding(message, refused=True) for message in checked.refusals()]
    if refusals:
        return tuple(refusals)
    return tuple(checked.warnings())


def unusable_parts(
    definition: ChaincodeDefinition, *, channel: str, config: bytes, peers: Mapping[str, int]
) -> tuple[str, ...]:
    """Return why a definition in force could not be used on a channel with this configuration and these peers.

    Takes what `check_definition` takes, and raises as it does.
    """
    read = ChannelConfig.from_bytes(config, channel_id=channel)
    found = _Checked(definition, read, None, peers).warnings()
    return tuple(one.message for one in found if one.unusable)


def left_out(definition: ChaincodeDefinition, msp_id: str) -> tuple[str, ...]:
    """Return the policies of a definition that name organisations, and not this one, each with what it is of."""
    policy = _text(definition.validation_parameter() or application_policy(ENDORSEMENT))
    found = []
    if policy is not None and "(" in policy and msp_id not in _members(policy):
        found.append(f"the endorsement policy {policy}")
    for entry in inputs.static_collections(_package(definition.collections)):
        members = _keeping(entry)
        if members is not None and msp_id not in _members(members):
            found.append(f"collection {entry.name} of {members}")
    return tuple(found)


@dataclass(frozen=True)
class _Checked:
    definition: ChaincodeDefinition
    config: ChannelConfig
    committed: ChaincodeDefinition | None
    peers: Mapping[str, int]

    def refusals(self) -> Iterator[str]:
        """Yield why peers refuse the definition, in Fabric's words."""
        one, committed = self.definition, self.committed
        collections = self._collections()
        checks: list[Callable[[], None]] = [
            lambda: inputs.check_names(one.name, one.version),
            lambda: inputs.check_sequence(committed.sequence if committed else 0, one.sequence),
            *(
                lambda entry=entry: inputs.check_collections([entry], self.config.msp_manager)
                for entry in collections
            ),
        ]
        if committed is not None:
            before = _package(committed.collections)
            checks.append(lambda: inputs.check_against_committed(collections, before))
        for check in checks:
            try:
                check()
            except ContractError as error:
                yield str(error)
        for name, count in Counter(entry.name for entry in collections).items():
            if count > 1:
                yield f"collection-name: {name} -- found duplicate in collection configuration"
        if not one.validation_parameter() and self._lacks(ENDORSEMENT):
            yield f"policy '{ENDORSEMENT}' must be defined for channel '{self.config.channel_id}'"

    def warnings(self) -> Iterator[Finding]:
        """Yield what peers accept and will not work."""
        policy = _text(self.definition.validation_parameter() or application_policy(ENDORSEMENT))
        yield from self._of_policy(policy, "the endorsement policy")
        for entry in self._collections():
            yield from self._of_collection(entry, policy)

    def _of_policy(self, policy: str | None, what: str) -> Iterator[Finding]:
        if policy is None:
            return
        if "(" not in policy:
            if self._lacks(policy):
                yield _unusable(
                    f"{what} is {policy}, which the channel does not have: no transaction would be valid"
                )
                return
        else:
            for msp_id in sorted(_members(policy) - self._msp_ids()):
                yield _doubtful(f"{what} names {msp_id}, which is not part of the channel")
        if not self._endorsers.can_meet(policy):
            roles = roles_without_peers(policy)
            why = (
                f"peers have the roles member and peer alone, not {roles[0]}"
                if roles
                else f"of the peers that live ({_counts(self.peers)}) no choice meets {policy}"
            )
            yield _unusable(f"{what} cannot be met: {why}")

    def _of_collection(
        self, entry: collection_pb2.StaticCollectionConfig, policy: str | None
    ) -> Iterator[Finding]:
        place, members = f"collection {entry.name}", _keeping(entry)
        if members is None:  # nobody can be counted
            return
        keepers = self._endorsers.keepers(members)
        others = self._endorsers.receivers(members)
        if not _members(members) & self._msp_ids():
            yield _unusable(f"{place}: none of its members is part of the channel: {members}")
            return
        if entry.required_peer_count > others:
            yield _unusable(
                f"{place}: requiredPeerCount is {entry.required_peer_count}, and {others} of its members' peers live "
                "that can get the data from another one: no transaction would be endorsed"
            )
        if entry.HasField("endorsement_policy"):
            policy = _text(entry.endorsement_policy.SerializeToString())
            yield from self._of_policy(policy, f"{place}: its endorsementPolicy")
        elif policy is not None and not self._endorsers.can_meet(policy, of=keepers):
            yield _doubtful(
                f"{place}: its members' peers cannot meet the endorsement policy {policy}, so that a transaction with "
                "private data needs endorsers that do not have the data: give the collection an endorsementPolicy, "
                "or more members"
            )
        if policy is not None and "(" in policy:
            for msp_id in sorted(_members(members) - _members(policy)):
                yield _doubtful(
                    f"{place}: {msp_id} reads it, and is no endorser of what is written there ({policy})"
                )

    @property
    def _endorsers(self) -> ChannelEndorsers:
        return channel_endorsers(self.config.raw, self.peers)

    def _collections(self) -> inputs.Collections:
        return inputs.static_collections(_package(self.definition.collections))

    def _lacks(self, path: str) -> bool:
        return isinstance(self.config.policy(path), MissingPolicy)

    def _msp_ids(self) -> set[str]:
        return set(self.config.application_organizations)


def _unusable(message: str) -> Finding:
    return Finding(message, refused=False, unusable=True)


def _doubtful(message: str) -> Finding:
    return Finding(message, refused=False)


def _keeping(entry: collection_pb2.StaticCollectionConfig) -> str | None:
    """Return the policy of a collection's members; None for members by organisational unit."""
    try:
        return format_signature_policy(entry.member_orgs_policy.signature_policy)
    except ConfigError:
        return None


def _text(raw: bytes) -> str | None:
    """Return the text of a policy, paths from the root on; None for one that no text describes."""
    try:
        text = describe_policy(raw)
    except ConfigError:
        return None
    return text if "(" in text or text.startswith("/") else f"/Channel/{text}"


def _package(raw: bytes) -> collection_pb2.CollectionConfigPackage:
    return decode(collection_pb2.CollectionConfigPackage, raw)


def _members(policy: str) -> set[str]:
    return {one for one in endorsing_organizations(policy) if one is not None}


def _counts(peers: Mapping[str, int]) -> str:
    return ", ".join(f"{msp_id} {count}" for msp_id, count in sorted(peers.items())) or "none"
