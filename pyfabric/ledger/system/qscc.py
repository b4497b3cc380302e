"""`qscc`: blocks and transactions of a channel, by number, hash and transaction id.

Source: core/scc/qscc/query.go of Fabric 3.1; texts are Fabric's.
"""

from collections.abc import Callable

from fabric_protos.common import common_pb2, ledger_pb2
from fabric_protos.peer import proposal_response_pb2, transaction_pb2

from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.system.calls import SystemCall, failure, success, text
from pyfabric.messages.decoding import decode

NAME = "qscc"
_LARGEST = 2**64 - 1


def invoke(call: SystemCall) -> proposal_response_pb2.Response:
    """Run one query."""
    arguments = call.arguments
    if len(arguments) < 2:
        return failure(f"Incorrect number of arguments, {len(arguments)}")
    function = call.text(0)
    if function != "GetChainInfo" and len(arguments) < 3:
        return failure(f"missing 3rd argument for {function}")
    channel_id = call.text(1)
    joined = call.peer.channel(channel_id)
    if joined is None:
        return failure(f"Invalid chain ID, {channel_id}")
    if call.invoked != NAME:
        return failure(
            "Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, "
            f"original invocation for '{call.invoked}'"
        )
    refusal = call.refusal(f"qscc/{function}", channel_id, joined.config)
    if refusal is not None:
        return failure(f"access denied for [{function}][{channel_id}]: [{refusal}]")
    query = QUERIES.get(function)
    if query is None:
        return failure(f"Requested function {function} not found.")
    return query(joined.channel, arguments[2] if len(arguments) > 2 else b"")


def _chain_info(channel: Channel, _argument: bytes) -> proposal_response_pb2.Response:
    info = channel.chain_info()
    return success(
        ledger_pb2.BlockchainInfo(
            height=info.height,
            currentBlockHash=info.current_hash,
            previousBlockHash=info.previous_hash,
        ).SerializeToString()
    )


def _block_by_number(channel: Channel, argument: bytes) -> proposal_response_pb2.Response:
    written = argument.decode(errors="backslashreplace")
    problem = _not_a_number(written)
    if problem is not None:
        return failure(
            f"Failed to parse block number with error strconv.ParseUint: parsing "
            f'"{written}": {problem}'
        )
    number = int(written.lstrip("0") or "0")
    block = channel.block(number) if number < channel.height else None
    if block is None:
        return failure(
            f"Failed to get block number {number}, error no such block number [{number}] in index"
        )
    return success(block.SerializeToString())


def _not_a_number(text: str) -> str | None:
    if not (text.isascii() and text.isdigit()):
        return "invalid syntax"
    digits = text.lstrip("0")
    too_large = len(digits) > len(str(_LARGEST)) or int(digits or "0") > _LARGEST
    return "value out of range" if too_large else None


def _block_by_hash(channel: Channel, argument: bytes) -> proposal_response_pb2.Response:
    block = channel.block_by_hash(argument)
    if block is None:
        return failure(
            f"Failed to get block hash {text(argument)}, "
            f"error no such block hash [{argument.hex()}] in index"
        )
    return success(block.SerializeToString())


def _transaction_by_id(channel: Channel, argument: bytes) -> proposal_response_pb2.Response:
    transaction_id = text(argument)
    record = channel.transaction(transaction_id)
    if record is None:
        return failure(
            f"Failed to get transaction with id {transaction_id}, "
            f"error no such transaction ID [{transaction_id}] in index"
        )
    processed = transaction_pb2.ProcessedTransaction(validationCode=record.code)
    processed.transactionEnvelope.CopyFrom(decode(common_pb2.Envelope, record.envelope))
    return success(processed.SerializeToString())


def _block_by_transaction(channel: Channel, argument: bytes) -> proposal_response_pb2.Response:
    transaction_id = text(argument)
    block = channel.block_by_transaction(transaction_id)
    if block is None:
        return failure(
            f"Failed to get block for txID {transaction_id}, "
            f"error no such transaction ID [{transaction_id}] in index"
        )
    return success(block.SerializeToString())


QUERIES: dict[str, Callable[[Channel, bytes], proposal_response_pb2.Response]] = {
    "GetChainInfo": _chain_info,
    "GetBlockByNumber": _block_by_number,
    "GetBlockByHash": _block_by_hash,
    "GetTransactionByID": _transaction_by_id,
    "GetBlockByTxID": _block_by_transaction,
}
