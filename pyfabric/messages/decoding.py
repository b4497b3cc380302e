"""Bytes to Fabric's messages, and their times, with our own error when they are something else."""

from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import DecodeError

M = TypeVar("M", bound=Message)
# Go's text for bytes that are not a message.
INVALID_WIRE_FORMAT: Final = "proto: cannot parse invalid wire-format data"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def decode(kind: type[M], raw: bytes) -> M:
    """The message of that kind; raises DecodeError."""
    try:
        return kind.FromString(raw)
    except ProtobufDecodeError as error:
        raise DecodeError(f"{len(raw)} bytes are not a {kind.DESCRIPTOR.full_name}") from error


def read_time(stamp: Timestamp) -> datetime:
    """The time of a timestamp (UTC, whole microseconds); raises DecodeError if no calendar has it."""
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError as error:
        raise DecodeError(f"{stamp.seconds} seconds after 1970 is no time") from error
