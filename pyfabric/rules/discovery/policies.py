"""Which policies an endorsement must satisfy: of the chaincode, of collections, as signature policies.

Sources: core/chaincode/lifecycle/metadata_provider.go, discovery/support/chaincode and
common/policies/convert.go of Fabric 3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fabric_protos.common import policies_pb2
from fabric_protos.peer import collection_pb2, policy_pb2

from pyfabric.errors import DecodeError, PolicyError
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, implicit_owner
from pyfabric.messages.policies import signed_by_members
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.endorsement import lifecycle_policy
from pyfabric.rules.policies.evaluation import ImplicitMetaPolicy, Policy, SignaturePolicy


@dataclass(frozen=True, slots=True)
class DefinedChaincode:
    """What a channel agreed on a chaincode; `endorsement_policy` is bytes of ApplicationPolicy."""

    name: str
    sequence: int
    endorsement_policy: bytes
    collections: collection_pb2.CollectionConfigPackage = field(
        default_factory=collection_pb2.CollectionConfigPackage, repr=False
    )

    @property
    def version(self) -> str:
        """What peers tell each other as the version: the sequence."""
        return str(self.sequence)


def lifecycle_chaincode(config: ChannelConfig) -> DefinedChaincode:
    """Return how the chaincode lifecycle itself is endorsed on a channel."""
    return DefinedChaincode(LIFECYCLE, 1, lifecycle_policy(config).SerializeToString())


def with_implicit(
    collections: collection_pb2.CollectionConfigPackage, names: Sequence[str]
) -> collection_pb2.CollectionConfigPackage:
    """Return the collections, and those departments' own collections that are among the names."""
    everything = collection_pb2.CollectionConfigPackage()
    everything.CopyFrom(collections)
    for name in names:
        owner = implicit_owner(name)
        if owner is not None:
            member = signed_by_members(1, [owner])
            own = everything.config.add().static_collection_config
            own.name = name
            own.member_orgs_policy.signature_policy.CopyFrom(member)
            own.endorsement_policy.signature_policy.CopyFrom(member)
    return everything


def required_policies(
    chaincode: DefinedChaincode, collections: Sequence[str], config: ChannelConfig
) -> list[policies_pb2.SignaturePolicyEnvelope]:
    """Return the distinct policies of what a call touches; raises PolicyError with Fabric's text.

    Without collections it is the chaincode's. A collection without a policy of its own has the
    chaincode's, and so has one that does not exist.
    """
    own = _usable(_convert_parameter(chaincode.endorsement_policy, config))
    if not collections:
        return [own]
    special = _collection_policies(chaincode, collections, config)
    found: dict[bytes, policies_pb2.SignaturePolicyEnvelope] = {}
    for name in collections:
        policy = _usable(special.get(name, own))
        found.setdefault(policy.SerializeToString(), policy)
    return list(found.values())


def check_convertible(
    chaincode: DefinedChaincode, collections: Sequence[str], config: ChannelConfig
) -> None:
    """Raise PolicyError unless all policies of what a call touches are signature policies or become so."""
    _convert_parameter(chaincode.endorsement_policy, config)
    _collection_policies(chaincode, collections, config)


def _collection_policies(
    chaincode: DefinedChaincode, names: Sequence[str], config: ChannelConfig
) -> dict[str, policies_pb2.SignaturePolicyEnvelope]:
    policies = {}
    for entry in with_implicit(chaincode.collections, names).config:
        collection = entry.static_collection_config
        if collection.name in names and collection.HasField("endorsement_policy"):
            parameter = collection.endorsement_policy.SerializeToString()
            policies[collection.name] = _convert_parameter(parameter, config)
    return policies


def _usable(policy: policies_pb2.SignaturePolicyEnvelope) -> policies_pb2.SignaturePolicyEnvelope:
    if not policy.identities or not policy.HasField("rule"):
        raise PolicyError("policy not found")
    return policy


def _convert_parameter(
    parameter: bytes, config: ChannelConfig
) -> policies_pb2.SignaturePolicyEnvelope:
    try:
        policy = decode(policy_pb2.ApplicationPolicy, parameter)
    except DecodeError as error:
        raise PolicyError("failed to unmarshal ApplicationPolicy bytes") from error
    kind = policy.WhichOneof("Type")
    if kind == "signature_policy":
        return policy.signature_policy
    if kind is None:
        raise PolicyError(f"unsupported policy type <nil> on channel '{config.channel_id}'")
    reference = policy.channel_config_policy_reference
    try:
        return as_signature_policy(config.policy(reference))
    except PolicyError as error:
        raise PolicyError(
            f"could not retrieve policy for reference '{reference}' on channel "
            f"'{config.channel_id}': {error}"
        ) from error


def as_signature_policy(policy: Policy) -> policies_pb2.SignaturePolicyEnvelope:
    """Return a policy as one rule over principals, an implicit one's parts joined; raises PolicyError."""
    if isinstance(policy, SignaturePolicy):
        return policy.envelope
    if not isinstance(policy, ImplicitMetaPolicy):
        raise PolicyError("it is not convertible to SignaturePolicyEnvelope")
    joined = policies_pb2.SignaturePolicyEnvelope()
    joined.rule.n_out_of.n = policy.threshold
    places: dict[tuple[int, bytes], int] = {}
    for part in policy.sub_policies:
        converted = as_signature_policy(part)
        renumbered = []
        for principal in converted.identities:
            key = (principal.principal_classification, principal.principal)
            if key not in places:
                places[key] = len(joined.identities)
                joined.identities.append(principal)
            renumbered.append(places[key])
        joined.rule.n_out_of.rules.append(_renumber(converted.rule, renumbered))
    return joined


def _renumber(
    rule: policies_pb2.SignaturePolicy, places: Sequence[int]
) -> policies_pb2.SignaturePolicy:
    if not rule.HasField("n_out_of"):
        return policies_pb2.SignaturePolicy(signed_by=places[rule.signed_by])
    renumbered = policies_pb2.SignaturePolicy()
    renumbered.n_out_of.n = rule.n_out_of.n
    renumbered.n_out_of.rules.extend(_renumber(part, places) for part in rule.n_out_of.rules)
    return renumbered
