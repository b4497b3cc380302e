"""What one transaction may do in the collections of its chaincode.

Sources: core/chaincode/handler.go, core/common/privdata/store.go and txmgr/collection_val.go of Fabric
3.1; texts are the same. As on Fabric's peers, asking for a collection reads the chaincode's definition
within the transaction: it conflicts with a change of the definition.
"""

from dataclasses import dataclass, field
from typing import Final

from pyfabric.errors import ContractError, DecodeError, IdentityError
from pyfabric.rules.collections import ChannelMembers, Collection, Collections
from pyfabric.rules.lifecycle.definitions import Definition, committed_definition
from pyfabric.rules.requests.state_access import TransactionSimulator
from pyfabric.rules.state.versions import Version, VersionedValue

_PURGE_CAPABILITY: Final = "V2_5"
_METADATA_CAPABILITIES: Final = frozenset({"V1_3", "V1_4_2", "V2_0", "V2_5"})


@dataclass(frozen=True, slots=True)
class _RecordingState:
    """Committed state, read within the transaction."""

    simulation: TransactionSimulator

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        value = self.simulation.get_state(namespace, key)
        return None if value is None else VersionedValue(value, Version(0, 0))


@dataclass(slots=True)
class CollectionAccess:
    """The permissions of a transaction's creator in one chaincode; each check raises ContractError.

    `initializing` says that the call is the chaincode's Init, which has no private data.
    """

    config: ChannelMembers
    namespace: str
    msp_id: str
    creator: bytes
    simulation: TransactionSimulator
    initializing: bool = False
    _permissions: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _known: Collections | None = None
    _names: frozenset[str] | None = None

    def check_read(self, name: str) -> None:
        """Check that the creator may read the collection's values."""
        self._check(name, 0, "read")

    def check_write(self, name: str) -> None:
        """Check that the creator may write in the collection."""
        self._check(name, 1, "write")

    def check_hash(self) -> None:
        """Check that the call may ask for hashes, which anybody may except in Init."""
        if self.initializing:
            raise ContractError("private data APIs are not allowed in chaincode Init()")

    def check_name(self, name: str) -> None:
        """Check that the collection is the chaincode's, or the implicit one of a channel's member.

        "" passes too: Fabric's cache of names has it, which shows where a request does not ask for the
        collection (of a hash).
        """
        if self._names is None:
            self._names = frozenset({"", *self._collections.names(self.namespace)})
        if name not in self._names:
            raise ContractError(
                f"collection [{name}] not defined in the collection config for chaincode "
                f"[{self.namespace}]"
            )

    def check_purge(self) -> None:
        """Check that the channel is capable of purging."""
        if _PURGE_CAPABILITY not in self.config.capabilities.application:
            raise ContractError(
                "purge private data is not enabled, channel application capability of V2_5 or later "
                "is required"
            )

    def check_metadata(self) -> None:
        """Check that the channel is capable of endorsement policies of keys."""
        if _METADATA_CAPABILITIES.isdisjoint(self.config.capabilities.application):
            raise ContractError(
                "key level endorsement is not enabled, channel application capability of V1_3 or "
                "later is required"
            )

    def _check(self, name: str, index: int, verb: str) -> None:
        self.check_hash()
        if name not in self._permissions:
            self._permissions[name] = self._permission(name)
        if not self._permissions[name][index]:
            raise ContractError(
                f"tx creator does not have {verb} access permission on privatedata in "
                f"chaincodeName:{self.namespace} collectionName: {name}"
            )

    def _permission(self, name: str) -> tuple[bool, bool]:
        collection = self._collections.find(self.namespace, name)
        if collection is None:
            raise ContractError(
                f"collection {self.config.channel_id}/{self.namespace}/{name} could not be found"
            )
        read, write = not collection.member_only_read, not collection.member_only_write
        if (read and write) or self._is_member(collection):
            return True, True
        return read, write

    def _is_member(self, collection: Collection) -> bool:
        try:
            creator = self.config.msp_manager.deserialize(self.creator)
        except IdentityError:
            return False
        return collection.includes(creator)

    @property
    def _collections(self) -> Collections:
        if self._known is None:
            definition = self._read_definition()
            self._known = Collections(self.config, lambda _: definition, self.msp_id)
        return self._known

    def _read_definition(self) -> Definition | None:
        try:
            return committed_definition(self.namespace, _RecordingState(self.simulation))
        except DecodeError as error:
            raise ContractError(f"could not get chaincode: {error}") from error
