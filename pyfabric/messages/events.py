"""Events and blocks, as event streams yield them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Self

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import chaincode_event_pb2, events_pb2

from pyfabric.errors import ValidationCode
from pyfabric.messages.blocks import header_hash
from pyfabric.messages.decoding import decode


@dataclass(frozen=True, slots=True)
class ChaincodeEvent:
    """An event that a valid transaction's chaincode set. Filtered blocks leave `payload` empty."""

    block_number: int
    transaction_id: str
    chaincode: str
    name: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class BlockTransaction:
    """A transaction as it stands in a block: `kind` is a common.HeaderType, `envelope` its bytes.

    `transaction_id` is empty for what carries none, as a genesis block's configuration.
    """

    transaction_id: str
    kind: int
    code: ValidationCode
    envelope: bytes = field(repr=False)


@dataclass(frozen=True)
class Block:
    """A block; `raw` is the whole common.Block, hashes are 32 bytes (the first has none before it)."""

    number: int
    previous_hash: bytes
    data_hash: bytes
    raw: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read the bytes of a common.Block; raises DecodeError."""
        header = decode(common_pb2.Block, raw).header
        return cls(header.number, header.previous_hash, header.data_hash, raw)

    @cached_property
    def hash(self) -> bytes:
        """The hash of the block's header: the next block's `previous_hash`."""
        return header_hash(decode(common_pb2.Block, self.raw).header)

    @cached_property
    def transactions(self) -> tuple[BlockTransaction, ...]:
        """The block's transactions with their validation codes. Raises DecodeError.

        Codes are NOT_VALIDATED in a block that comes from an orderer.
        """
        block = decode(common_pb2.Block, self.raw)
        slots = block.metadata.metadata
        slot = common_pb2.TRANSACTIONS_FILTER
        codes = slots[slot] if slot < len(slots) else b""
        return tuple(
            _transaction(envelope, codes[index : index + 1])
            for index, envelope in enumerate(block.data.data)
        )


def _transaction(envelope: bytes, code: bytes) -> BlockTransaction:
    payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, envelope).payload)
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    verdict = ValidationCode(code[0]) if code else ValidationCode.NOT_VALIDATED
    return BlockTransaction(header.tx_id, header.type, verdict, envelope)


@dataclass(frozen=True, slots=True)
class FilteredTransaction:
    """A transaction of a filtered block; its events carry no payload."""

    transaction_id: str
    kind: int
    code: ValidationCode
    chaincode_events: tuple[ChaincodeEvent, ...]


@dataclass(frozen=True, slots=True)
class FilteredBlock:
    """A block without contents: ids, codes and names of events."""

    number: int
    channel: str
    transactions: tuple[FilteredTransaction, ...]


@dataclass(frozen=True, slots=True)
class PrivateWrites:
    """What a transaction did to a private collection; `raw` is the kvrwset.KVRWSet."""

    namespace: str
    collection: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BlockAndPrivateData:
    """A block, and by the transaction's index in it the private data that this peer may have."""

    block: Block
    private_data: Mapping[int, tuple[PrivateWrites, ...]]

    @property
    def number(self) -> int:
        """The block's number."""
        return self.block.number


def read_chaincode_events(raw: bytes) -> tuple[ChaincodeEvent, ...]:
    """Read the events of a gateway.ChaincodeEventsResponse; raises DecodeError."""
    response = decode(gateway_pb2.ChaincodeEventsResponse, raw)
    return tuple(_event(response.block_number, event) for event in response.events)


def block_of(message: common_pb2.Block) -> Block:
    """Return the value of a common.Block."""
    header = message.header
    return Block(header.number, header.previous_hash, header.data_hash, message.SerializeToString())


def filtered_block_of(message: events_pb2.FilteredBlock) -> FilteredBlock:
    """Return the value of a peer.FilteredBlock."""
    transactions = tuple(
        FilteredTransaction(
            each.txid,
            each.type,
            ValidationCode(each.tx_validation_code),
            tuple(
                _event(message.number, action.chaincode_event)
                for action in each.transaction_actions.chaincode_actions
                if action.HasField("chaincode_event")
            ),
        )
        for each in message.filtered_transactions
    )
    return FilteredBlock(message.number, message.channel_id, transactions)


def block_and_private_data_of(message: events_pb2.BlockAndPrivateData) -> BlockAndPrivateData:
    """Return the value of a peer.BlockAndPrivateData."""
    private = {index: _private_writes(writes) for index, writes in message.private_data_map.items()}
    return BlockAndPrivateData(block_of(message.block), MappingProxyType(private))


def _event(block_number: int, event: chaincode_event_pb2.ChaincodeEvent) -> ChaincodeEvent:
    return ChaincodeEvent(
        block_number, event.tx_id, event.chaincode_id, event.event_name, event.payload
    )


def _private_writes(message: rwset_pb2.TxPvtReadWriteSet) -> tuple[PrivateWrites, ...]:
    return tuple(
        PrivateWrites(namespace.namespace, each.collection_name, each.rwset)
        for namespace in message.ns_pvt_rwset
        for each in namespace.collection_pvt_rwset
    )
