"""What transactions find on the channel of a test ledger: state, history, private data, chaincodes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.results import Response
from pyfabric.chaincode.testing.members import TestMembers
from pyfabric.chaincode.testing.private_data import Place, PrivateStates
from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import ENDORSEMENT_PLUGIN, LIFECYCLE, VALIDATION_PLUGIN
from pyfabric.rules.collection_configs import CollectionConfig, collection_package
from pyfabric.rules.collections import Collections
from pyfabric.rules.lifecycle.definitions import Definition, committed_definition, write_definition
from pyfabric.rules.policies.application import application_policy
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue

Callee: TypeAlias = Callable[[Sequence[bytes]], Response]


@dataclass(slots=True)
class History:
    """What valid transactions wrote to each key (a `HistoryReader`)."""

    past: dict[tuple[str, str], list[kv_query_result_pb2.KeyModification]] = field(
        default_factory=dict
    )

    def fork(self) -> "History":
        """Return the same history, to which later changes are added apart."""
        return History({place: list(changes) for place, changes in self.past.items()})

    def add(self, namespace: str, key: str, change: kv_query_result_pb2.KeyModification) -> None:
        """Record the newest change of a key."""
        self.past.setdefault((namespace, key), []).append(change)

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        """Return the changes of a key, newest first."""
        return reversed(self.past.get((namespace, key), []))


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as its peers have it.

    `functions` play chaincodes, by "name" or "name/channel"; `others` are channels on which contracts
    can call, by id. `lifetimes` has blockToLive of each collection.
    """

    members: TestMembers
    state: MemoryState
    history: History
    private: PrivateStates
    chaincodes: Mapping[str, Chaincode]
    definitions: Mapping[str, Definition]
    functions: Mapping[str, Callee]
    others: Mapping[str, "Channel"]
    lifetimes: Mapping[Place, int]

    def fork(self) -> "Channel":
        """Return the channel as it is, which goes on by itself; `others` are shared."""
        members, state = self.members.fork(), self.state.fork()
        definition = partial(committed_definition, reader=state)
        private = self.private.fork(members, state, definition)
        return replace(
            self, members=members, state=state, history=self.history.fork(), private=private
        )


def make_channel(
    channel_id: str,
    name: str,
    chaincode: Chaincode,
    *,
    collections: Sequence[CollectionConfig],
    organizations: Sequence[str] | None,
    init_required: bool,
    callees: Mapping[str, Callee | Chaincode | Channel],
) -> Channel:
    """Return a new channel, on which a chaincode and those that it calls are defined.

    The channel's members are `organizations`; None: those that the collections name, and
    those that are asked for.
    Raises PolicySyntaxError for a collection's policy, ConfigError for a callee that is elsewhere.
    """
    chaincodes = {
        name: chaincode,
        **{key: one for key, one in callees.items() if isinstance(one, Chaincode)},
    }
    definitions = {
        one: _definition(
            collections if one == name else (), init_required=init_required and one == name
        )
        for one in chaincodes
    }
    state = MemoryState()
    state.commit(_definitions_block(definitions))
    definition = partial(committed_definition, reader=state)
    members = TestMembers(channel_id, organizations or (), anybody=organizations is None)
    known = Collections(members, definition, "")
    for one in collections if organizations is None else ():
        found = known.find(name, one.name)
        for msp_id in sorted(found.member_organizations) if found is not None else ():
            members.join(msp_id)
    return Channel(
        members,
        state,
        History(),
        PrivateStates(members, state, definition),
        chaincodes,
        definitions,
        {key: one for key, one in callees.items() if not isinstance(one, Chaincode | Channel)},
        dict(_other(key, one) for key, one in callees.items() if isinstance(one, Channel)),
        {(name, one.name): one.block_to_live for one in collections if one.block_to_live},
    )


def _definition(collections: Sequence[CollectionConfig], *, init_required: bool) -> Definition:
    return Definition(
        1,
        chaincode_definition_pb2.ChaincodeEndorsementInfo(
            version="1", init_required=init_required, endorsement_plugin=ENDORSEMENT_PLUGIN
        ),
        chaincode_definition_pb2.ChaincodeValidationInfo(
            validation_plugin=VALIDATION_PLUGIN,
            validation_parameter=application_policy(ENDORSEMENT),
        ),
        decode(collection_pb2.CollectionConfigPackage, collection_package(collections)),
    )


@dataclass(frozen=True, slots=True)
class _Genesis:
    """The state of `_lifecycle` in block 0 (a `WritableState`)."""

    updates: Updates

    def get(self, key: str) -> bytes | None:
        found = self.updates.changes.get((LIFECYCLE, key))
        return None if found is None else found.value

    def put(self, key: str, value: bytes) -> None:
        self.updates.put((LIFECYCLE, key), VersionedValue(value, Version(0, 0)))


def _definitions_block(definitions: Mapping[str, Definition]) -> Updates:
    updates = Updates()
    for name, definition in definitions.items():
        write_definition(name, definition, _Genesis(updates))
    return updates


def _other(key: str, channel: Channel) -> tuple[str, Channel]:
    """Return a channel by its id; raises ConfigError unless `key` names a chaincode on it."""
    channel_id = channel.members.channel_id
    names = [f"{name}/{channel_id}" for name in channel.chaincodes]
    if key not in names:
        raise ConfigError(
            f"callees: {key!r} is a test ledger that does not have this chaincode: name it "
            f"{' or '.join(names)}"
        )
    return channel_id, channel
