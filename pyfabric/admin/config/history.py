"""The configurations that a channel has had: which blocks brought them, who submitted and signed each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.differences import Difference, differences
from pyfabric.admin.config.update import config_of_block
from pyfabric.admin.signatures import CheckedSignature, SignatureCheck
from pyfabric.errors import DecodeError
from pyfabric.messages.blocks import last_config_index, parse_block
from pyfabric.messages.decoding import decode, read_time

Read: TypeAlias = Callable[[int], bytes]
"""Returns the block of a number (bytes of common.Block)."""


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """A configuration block: when an orderer made it, who submitted its update and who signed that.

    `differences` are those to the configuration before, under which signatures are verified. The genesis block has
    neither, nor a submitter.
    """

    block_number: int
    sequence: int
    timestamp: datetime
    submitter: CheckedSignature | None
    signatures: tuple[CheckedSignature, ...]
    differences: tuple[Difference, ...]


def config_block_at(read: Read, number: int) -> int:
    """Return the number of the block whose configuration was in force for a block; 0 for the genesis block.

    Raises DecodeError.
    """
    if not number:
        return 0
    return _newest_config(read, number - 1)


def config_block_numbers(read: Read, start: int, height: int) -> list[int]:
    """Return the numbers of the configuration blocks among blocks `start` to `height` - 1, ascending.

    Each block names the newest one, so that only two blocks are read for each. Raises DecodeError.
    """
    numbers: list[int] = []
    end = height
    while end > start:
        end = _newest_config(read, end - 1)
        if end >= start:
            numbers.append(end)
    return numbers[::-1]


def describe_change(block: bytes, before: bytes | None) -> ConfigurationChange:
    """Describe a configuration block; `before` is the configuration block before it, None if it is not there.

    Without it, differences are empty and signatures not verified. Raises DecodeError, and ConfigError.
    """
    found = parse_block(block)
    payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, found.data.data[0]).payload)
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    envelope = decode(configtx_pb2.ConfigEnvelope, payload.data)
    update = envelope.last_update.SerializeToString()
    is_update = bool(found.header.number)
    check = SignatureCheck() if before is None else SignatureCheck.from_block(before)
    return ConfigurationChange(
        block_number=found.header.number,
        sequence=envelope.config.sequence,
        timestamp=read_time(header.timestamp),
        submitter=check.transaction(update).creator if is_update else None,
        signatures=check.update(update) if is_update else (),
        differences=differences(config_of_block(before), config_of_block(block)) if before else (),
    )


def _newest_config(read: Read, number: int) -> int:
    newest = last_config_index(parse_block(read(number)))
    if newest > number:
        raise DecodeError(f"block {number} names block {newest} as its newest configuration block")
    return newest
