"""A contract's writes: each kind is a request of its own and a record of a batch, with the same fields.

Source: peer/chaincode_shim.proto (PutState, DelState, PurgePrivateState, PutStateMetadata, WriteRecord).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from fabric_protos.peer import chaincode_shim_pb2 as shim

Record: TypeAlias = shim.WriteRecord
Kind: TypeAlias = shim.ChaincodeMessage.Type
Single: TypeAlias = shim.PutState | shim.DelState | shim.PurgePrivateState | shim.PutStateMetadata

_MESSAGE: Final = shim.ChaincodeMessage

KINDS: Final[Mapping[int, Kind]] = MappingProxyType(
    {
        Record.Type.PUT_STATE: _MESSAGE.PUT_STATE,
        Record.Type.DEL_STATE: _MESSAGE.DEL_STATE,
        Record.Type.PURGE_PRIVATE_DATA: _MESSAGE.PURGE_PRIVATE_DATA,
        Record.Type.PUT_STATE_METADATA: _MESSAGE.PUT_STATE_METADATA,
    }
)
"""The kind of request that makes the same write as a record of this type."""


def single_request(record: Record) -> tuple[Kind, bytes]:
    """Return the kind and the payload of the request that makes one write by itself."""
    kind = KINDS[record.type]
    key, collection = record.key, record.collection
    request: Single
    if kind == _MESSAGE.PUT_STATE:
        request = shim.PutState(key=key, value=record.value, collection=collection)
    elif kind == _MESSAGE.DEL_STATE:
        request = shim.DelState(key=key, collection=collection)
    elif kind == _MESSAGE.PURGE_PRIVATE_DATA:
        request = shim.PurgePrivateState(key=key, collection=collection)
    else:
        request = shim.PutStateMetadata(key=key, collection=collection, metadata=record.metadata)
    return kind, request.SerializeToString()
