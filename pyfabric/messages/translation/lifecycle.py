"""What arguments of system chaincodes hold, and what the lifecycle writes into state."""

from collections.abc import Mapping
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import chaincode_pb2
from google.protobuf.message import Message

from pyfabric.messages.lifecycle import ARGUMENTS, LIFECYCLE, record_message
from pyfabric.messages.translation.places import Place, View

_ARGUMENTS: Final[Mapping[tuple[str, bytes], type[Message]]] = {
    ("cscc", b"JoinChain"): common_pb2.Block,
    **{(LIFECYCLE, name.encode()): kind for name, kind in ARGUMENTS.items()},
}


def chaincode_input(place: Place) -> View:
    """Return the arguments of a call; their role is the chaincode called."""
    return View(chaincode_pb2.ChaincodeInput, place.message.chaincode_id.name)


def argument(place: Place) -> View | None:
    """Return an argument: only a system chaincode's second one is a message."""
    if place.key != 1:
        return None
    kind = _ARGUMENTS.get((place.role, place.message.args[0]))
    return None if kind is None else View(kind)


def public_set(place: Place) -> View:
    """Return what was read and written in a namespace, which is its role."""
    return View(kv_rwset_pb2.KVRWSet, place.message.namespace)


def private_collection(place: Place) -> View:
    """Return what was written in a collection of a namespace, which is its role."""
    return View(rwset_pb2.CollectionPvtReadWriteSet, place.message.namespace)


def private_set(place: Place) -> View:
    """Return the content of a collection's set, in the same role."""
    return View(kv_rwset_pb2.KVRWSet, place.role)


def write(place: Place) -> View:
    """Return a write, in the role of its set."""
    return View(kv_rwset_pb2.KVWrite, place.role)


def state_record(place: Place) -> View | None:
    """Return a written value: in the lifecycle's namespace, a record's type or one of its fields."""
    found = record_message(place.message.key) if place.role == LIFECYCLE else None
    return None if found is None else View(*found)
