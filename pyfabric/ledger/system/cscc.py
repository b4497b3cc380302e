"""`cscc`: joining channels, and what a channel's configuration is.

Source: core/scc/cscc/configure.go and core/peer of Fabric 3.1; texts are Fabric's. Joining from a snapshot
is refused: the development ledger makes no snapshots of Fabric's form.
"""

from collections.abc import Callable

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.peer import proposal_response_pb2, query_pb2

from pyfabric.errors import FabricError
from pyfabric.ledger.system.calls import SystemCall, failure, success
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name

NAME = "cscc"
NO_SNAPSHOTS = "cannot join from a snapshot: not supported by the development ledger"


def invoke(call: SystemCall) -> proposal_response_pb2.Response:
    """Run one call."""
    arguments = call.arguments
    function = call.text(0) if arguments else ""
    needs_argument = function not in ("GetChannels", "JoinBySnapshotStatus")
    if not arguments or (needs_argument and len(arguments) < 2):
        return failure(f"Incorrect number of arguments, {len(arguments)}")
    if call.invoked != NAME:
        return failure(
            "Rejecting invoke of CSCC from another chaincode, original invocation for "
            f"'{call.invoked}'"
        )
    handler = FUNCTIONS.get(function)
    if handler is None:
        return failure(f"Requested function {function} not found.")
    return handler(call)


def _join(call: SystemCall) -> proposal_response_pb2.Response:
    try:
        block = decode(common_pb2.Block, call.arguments[1], ValueError)
    except ValueError as error:
        return failure(f"Failed to reconstruct the genesis block, {error}")
    try:
        channel_id = _channel_of(block)
    except ValueError as error:
        return failure(
            f'"JoinChain" request failed to extract channel id from the block due to [{error}]'
        )
    problem = _config_problem(block)
    if problem is not None:
        return failure(
            f'"JoinChain" for channelID = {channel_id} failed because of validation of '
            f"configuration block, because of {problem}"
        )
    refusal = call.refusal("cscc/JoinChain")
    if refusal is not None:
        return failure(f"access denied for [JoinChain][{channel_id}]: [{refusal}]")
    try:
        call.peer.join(channel_id, call.arguments[1])
    except FabricError as error:
        return failure(str(error))
    return success()


def _channel_of(block: common_pb2.Block) -> str:
    if not block.HasField("data") or not block.data.data:
        raise ValueError("failed to retrieve channel id - block is empty")
    envelope = decode(common_pb2.Envelope, block.data.data[0], ValueError)
    payload = decode(common_pb2.Payload, envelope.payload, ValueError)
    if not payload.HasField("header"):
        raise ValueError("failed to retrieve channel id - payload header is empty")
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header, ValueError)
    return header.channel_id


def _config_problem(block: common_pb2.Block) -> str | None:
    envelope = decode(common_pb2.Envelope, block.data.data[0])
    payload = decode(common_pb2.Payload, envelope.payload)
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    problem = "Bad configuration envelope"
    if header.type != common_pb2.HeaderType.CONFIG:
        return f"{problem}: invalid type {enum_name(common_pb2.HeaderType.DESCRIPTOR, header.type)}, expected CONFIG"
    unreadable = "error unmarshalling message for type CONFIG"
    try:
        config = decode(configtx_pb2.ConfigEnvelope, payload.data, ValueError, unreadable)
    except ValueError as error:
        return f"{problem}: {error}"
    if not config.HasField("config"):
        return "Nil config envelope Config"
    if not config.config.HasField("channel_group"):
        return "Nil channel group"
    groups = config.config.channel_group.groups
    if not groups:
        return "No channel configuration groups are available"
    if "Application" not in groups:
        return "Invalid configuration block, missing Application configuration group"
    return None


def _join_by_snapshot(call: SystemCall) -> proposal_response_pb2.Response:
    if not call.arguments[1]:
        return failure("Cannot join the channel, no snapshot directory provided")
    refusal = call.refusal("cscc/JoinChainBySnapshot")
    if refusal is not None:
        return failure(f"access denied for [JoinChainBySnapshot]: [{refusal}]")
    return failure(NO_SNAPSHOTS)


def _snapshot_status(call: SystemCall) -> proposal_response_pb2.Response:
    refusal = call.refusal("cscc/JoinBySnapshotStatus")
    if refusal is not None:
        return failure(f"access denied for [JoinBySnapshotStatus]: {refusal}")
    return success(query_pb2.JoinBySnapshotStatus().SerializeToString())


def _config_block(call: SystemCall) -> proposal_response_pb2.Response:
    channel_id = call.text(1)
    joined = call.peer.channel(channel_id)
    config = None if joined is None else joined.config
    refusal = call.refusal("cscc/GetConfigBlock", channel_id, config)
    if refusal is not None:
        return failure(f"access denied for [GetConfigBlock][{channel_id}]: {refusal}")
    if joined is None:
        return failure(f"Unknown channel ID, {channel_id}")
    block = joined.channel.block(joined.channel.last_config_block())
    return success(b"" if block is None else block.SerializeToString())


def _channel_config(call: SystemCall) -> proposal_response_pb2.Response:
    channel_id = call.text(1)
    if not channel_id:
        return failure("empty channel name provided")
    joined = call.peer.channel(channel_id)
    config = None if joined is None else joined.config
    refusal = call.refusal("cscc/GetChannelConfig", channel_id, config)
    if refusal is not None:
        return failure(f"access denied for [GetChannelConfig][{channel_id}]: {refusal}")
    if config is None:
        return failure(f"unknown channel ID, {channel_id}")
    return success(config.raw.SerializeToString())


def _channels(call: SystemCall) -> proposal_response_pb2.Response:
    refusal = call.refusal("cscc/GetChannels")
    if refusal is not None:
        return failure(f"access denied for [GetChannels]: {refusal}")
    answer = query_pb2.ChannelQueryResponse(
        channels=[query_pb2.ChannelInfo(channel_id=name) for name in sorted(call.peer.joined)]
    )
    return success(answer.SerializeToString())


FUNCTIONS: dict[str, Callable[[SystemCall], proposal_response_pb2.Response]] = {
    "JoinChain": _join,
    "JoinChainBySnapshot": _join_by_snapshot,
    "JoinBySnapshotStatus": _snapshot_status,
    "GetConfigBlock": _config_block,
    "GetChannelConfig": _channel_config,
    "GetChannels": _channels,
}
