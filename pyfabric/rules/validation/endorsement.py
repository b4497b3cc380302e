"""Whether a transaction's endorsers satisfy every policy that stands over what it writes.

Source: core/common/validation/statebased (v20.go, validator_keylevel.go) and
core/policy/application.go of Fabric 3.1. A key's own policy comes before its collection's, and that
before the chaincode's, which is asked at least if no other was. A key whose policy an earlier
transaction of the same block changes may not be written. Policies and metadata are those of the
committed state, never those of the block itself.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache, partial

from fabric_protos.peer import policy_pb2

from pyfabric.errors import ConfigError, DecodeError, PolicyError, ValidationCode
from pyfabric.identity.msp import MemberIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, VALIDATION_PLUGIN, implicit_owner
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.definitions import (
    Definition,
    committed_definition,
)
from pyfabric.rules.lifecycle.endorsement import implicit_collection_policy, lifecycle_policy
from pyfabric.rules.policies.evaluation import (
    Policy,
    SignaturePolicy,
    valid_identities,
)
from pyfabric.rules.policies.syntax import format_signature_policy
from pyfabric.rules.state.rwset import NamespaceSet, decode_metadata
from pyfabric.rules.state.versions import StateReader, hashed_namespace
from pyfabric.rules.validation.form import Action, InvalidTransactionError

PARAMETER = "VALIDATION_PARAMETER"
_POLICIES = 1024
"""How many compiled policies a channel's configuration remembers."""


class ChannelPolicies:
    """The policies that one version of a channel's configuration gives a meaning to."""

    def __init__(self, config: ChannelConfig) -> None:
        self.config = config
        self.application = lru_cache(_POLICIES)(self._application)
        self.signature = lru_cache(_POLICIES)(self._signature)

    @cached_property
    def lifecycle(self) -> Policy:
        """Who endorses changes of chaincode definitions."""
        return self.application(lifecycle_policy(self.config).SerializeToString())

    def implicit_collection(self, msp_id: str) -> Policy:
        """Return the policy of a member's implicit collection; raises PolicyError."""
        return self.application(implicit_collection_policy(self.config, msp_id).SerializeToString())

    def _application(self, raw: bytes) -> Policy:
        """Return the policy of an ApplicationPolicy's bytes; raises PolicyError if it makes none."""
        try:
            message = decode(policy_pb2.ApplicationPolicy, raw)
            if message.HasField("signature_policy"):
                return SignaturePolicy(message.signature_policy, self.config.msp_manager)
        except (ConfigError, DecodeError) as error:
            raise PolicyError(str(error)) from error
        if message.HasField("channel_config_policy_reference"):
            return self.config.policy(message.channel_config_policy_reference)
        raise PolicyError("unsupported policy type")

    def _signature(self, raw: bytes) -> Policy:
        """Return the policy of a SignaturePolicyEnvelope's bytes; raises PolicyError if it makes none."""
        try:
            return SignaturePolicy.from_bytes(raw, self.config.msp_manager)
        except ConfigError as error:
            raise PolicyError(str(error)) from error


class EndorsementCheck:
    """Checks the transactions of one block, in their order."""

    def __init__(self, policies: ChannelPolicies, state: StateReader) -> None:
        self._policies = policies
        self._state = state
        self._changed: set[tuple[str, str]] = set()
        self._definition = lru_cache(None)(partial(committed_definition, reader=state))

    def check(self, action: Action) -> None:
        """Check one transaction; raises InvalidTransactionError."""
        identities = valid_identities(action.endorsements, self._policies.config.msp_manager)
        written = {entry.namespace: entry for entry in action.namespaces if _writes(entry)}
        for namespace in sorted({action.chaincode, *written}):
            entry = written.get(namespace)
            definition, policy = self._rules(namespace)
            try:
                _NamespaceCheck(
                    self._policies, self._state, self._changed, definition, policy, identities
                ).check(entry)
            except PolicyError as error:
                endorsers = ", ".join(identity.msp_id for identity in identities) or "nobody"
                raise InvalidTransactionError(
                    ValidationCode.ENDORSEMENT_POLICY_FAILURE,
                    f"chaincode {namespace}: {error}; validly endorsed by {endorsers}",
                ) from error
            if entry is not None:
                self._changed.update(_metadata_places(entry))

    def _rules(self, namespace: str) -> tuple[Definition | None, Policy]:
        if namespace == LIFECYCLE:
            return None, self._policies.lifecycle
        code = ValidationCode.INVALID_CHAINCODE
        try:
            definition = self._definition(namespace)
        except DecodeError as error:
            raise InvalidTransactionError(
                code, f"could not get chaincode {namespace}: {error}"
            ) from error
        if definition is None or not definition.endorsement_policy:
            raise InvalidTransactionError(code, f"chaincode {namespace} is not defined")
        plugin = definition.validation.validation_plugin
        if plugin != VALIDATION_PLUGIN:
            raise InvalidTransactionError(code, f"no validation plugin {plugin!r}")
        try:
            return definition, self._policies.application(definition.endorsement_policy)
        except PolicyError as error:
            raise InvalidTransactionError(
                ValidationCode.ENDORSEMENT_POLICY_FAILURE, str(error)
            ) from error


class _NamespaceCheck:
    """The policies over one transaction's writes in one namespace, each asked once."""

    def __init__(
        self,
        policies: ChannelPolicies,
        state: StateReader,
        changed: set[tuple[str, str]],
        definition: Definition | None,
        policy: Policy,
        identities: Sequence[MemberIdentity],
    ) -> None:
        self._policies = policies
        self._state = state
        self._changed = changed
        self._definition = definition
        self._policy = policy
        self._identities = identities
        self._asked: set[str] = set()
        self._any_asked = False

    def check(self, entry: NamespaceSet | None) -> None:
        """Check every written place; raises PolicyError."""
        if entry is not None:
            for collection, stored, key in _written_places(entry):
                self._check_key(collection, stored, key)
        if not self._any_asked:
            self._ask("", self._policy)

    def _check_key(self, collection: str, stored: str, key: str) -> None:
        if (stored, key) in self._changed:
            raise PolicyError(
                f"validation parameters for key {key} of {stored} have been changed in this block"
            )
        found = self._state.get(stored, key)
        own = decode_metadata(found.metadata).get(PARAMETER) if found and found.metadata else None
        if own:
            self._evaluate(f"the policy of key {key!r}", self._policies.signature(own))
        elif collection not in self._asked:
            policy = self._collection_policy(collection) if collection else None
            if policy is not None:
                self._ask(collection, policy)
            elif "" not in self._asked:
                self._ask("", self._policy)

    def _ask(self, name: str, policy: Policy) -> None:
        what = f"the policy of collection {name}" if name else "the chaincode's policy"
        self._evaluate(what, policy)
        self._asked.add(name)

    def _evaluate(self, what: str, policy: Policy) -> None:
        try:
            policy.evaluate_identities(self._identities)
        except PolicyError as error:
            raise PolicyError(f"{what}{_expression(policy)}: {error}") from error
        self._any_asked = True

    def _collection_policy(self, collection: str) -> Policy | None:
        owner = implicit_owner(collection)
        if owner is not None:
            return self._policies.implicit_collection(owner)
        known = self._definition.explicit_collections if self._definition else {}
        if collection not in known:
            raise PolicyError(f"no such collection '{collection}'")
        if not known[collection].HasField("endorsement_policy"):
            return self._policy
        raw = known[collection].endorsement_policy.SerializeToString()
        return self._policies.application(raw) if raw else None


def _expression(policy: Policy) -> str:
    if not isinstance(policy, SignaturePolicy):
        return ""
    try:
        return f", {format_signature_policy(policy.envelope)}"
    except ConfigError:
        return ""


def _writes(entry: NamespaceSet) -> bool:
    return next(_written_places(entry), None) is not None


def _written_places(entry: NamespaceSet) -> Iterator[tuple[str, str, str]]:
    """Yield collection, namespace in the state and key of all that is written, in the order of checks."""
    for write in entry.public.writes:
        yield "", entry.namespace, write.key
    for change in entry.public.metadata_writes:
        yield "", entry.namespace, change.key
    for collection in entry.collections:
        stored = hashed_namespace(entry.namespace, collection.name)
        for hashed in collection.hashed.hashed_writes:
            yield collection.name, stored, hashed.key_hash.hex()
    for collection in entry.collections:
        stored = hashed_namespace(entry.namespace, collection.name)
        for hashed_change in collection.hashed.metadata_writes:
            yield collection.name, stored, hashed_change.key_hash.hex()


def _metadata_places(entry: NamespaceSet) -> Iterator[tuple[str, str]]:
    for change in entry.public.metadata_writes:
        yield entry.namespace, change.key
    for collection in entry.collections:
        stored = hashed_namespace(entry.namespace, collection.name)
        for hashed_change in collection.hashed.metadata_writes:
            yield stored, hashed_change.key_hash.hex()
