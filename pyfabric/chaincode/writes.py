"""A contract's writes: each a request of its own, or many in one where the peer takes batches.

Source: peer/chaincode_shim.proto (WriteBatchState), as peers offer it from Fabric 3.1 on. `collection`
names a collection of private data, "" public state.
"""

from collections.abc import Sequence
from typing import Final

from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.keys import require_key
from pyfabric.chaincode.requests import VALIDATION_PARAMETER, Request
from pyfabric.errors import ContractError
from pyfabric.rules.requests.writes import Record, single_request

_METADATA: Final = "metadata"


def put_state(key: str, value: bytes, collection: str) -> Record:
    """Write a key when the transaction commits."""
    if not value:
        raise ContractError("an empty value would delete the key: call delete_state to do so")
    return Record(
        key=require_key(key), value=value, collection=collection, type=Record.Type.PUT_STATE
    )


def delete_state(key: str, collection: str) -> Record:
    """Delete a key when the transaction commits."""
    return Record(key=require_key(key), collection=collection, type=Record.Type.DEL_STATE)


def purge(key: str, collection: str) -> Record:
    """Delete a private key and its history from the members' databases."""
    return Record(key=require_key(key), collection=collection, type=Record.Type.PURGE_PRIVATE_DATA)


def set_validation_parameter(key: str, policy: bytes, collection: str) -> Record:
    """Give a key an endorsement policy of its own."""
    return Record(
        key=require_key(key),
        collection=collection,
        metadata=shim.StateMetadata(metakey=VALIDATION_PARAMETER, value=policy),
        type=Record.Type.PUT_STATE_METADATA,
    )


def write(record: Record) -> Request[None]:
    """Return the request that makes one write by itself."""
    kind, payload = single_request(record)
    return Request(kind, payload, _nothing)


class WriteBatch:
    """The writes of a transaction that are held back; `most` a request, 0: the peer takes none.

    Of several writes to a key the last one counts, and a key's value and its policy are two.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._records: dict[tuple[str, str, bool], Record] = {}
        self._started = False

    def start(self) -> None:
        """Hold writes back from now on, if the peer takes batches."""
        self._started = self._most > 0

    def holds(self, record: Record) -> bool:
        """Take a write into the batch; False if it must be made at once."""
        if self._started:
            self._records[record.collection, record.key, record.HasField(_METADATA)] = record
        return self._started

    def finish(self) -> list[Request[None]]:
        """Return the requests that make the writes held back; those that come later are made at once."""
        records, self._records = list(self._records.values()), {}
        self._started = False
        starts = range(0, len(records), self._most or 1)
        return [_batch(records[at : at + self._most]) for at in starts]


def _batch(records: Sequence[Record]) -> Request[None]:
    request = shim.WriteBatchState(rec=records)
    return Request(shim.ChaincodeMessage.WRITE_BATCH_STATE, request.SerializeToString(), _nothing)


def _nothing(_payload: bytes) -> None:
    return None
