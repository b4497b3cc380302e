"""Bytes to Fabric's messages and timestamps to times; what is neither raises an error of this project."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import DecodeError
from pyfabric.messages.wire_format import fault

M = TypeVar("M", bound=Message)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def decode(
    kind: type[M],
    raw: bytes,
    error: Callable[[str], Exception] | None = None,
    prefix: str | None = None,
) -> M:
    """Return the message of that kind that the bytes hold.

    Raises DecodeError in our words, or `error` in Fabric's: the prefix (left out, the one of
    protoutil/unmarshalers.go) and Go's own text.
    """
    try:
        return kind.FromString(raw)
    except ProtobufDecodeError as cause:
        if error is None:
            name = kind.DESCRIPTOR.full_name
            raise DecodeError(f"{len(raw)} bytes are not a {name}") from cause
        if prefix is None:
            prefix = f"error unmarshalling {kind.DESCRIPTOR.name}"
        text = fault(kind, raw)
        raise error(f"{prefix}: {text}" if prefix else text) from cause


def read_time(stamp: Timestamp) -> datetime:
    """Return a timestamp's time (UTC, whole microseconds); raises DecodeError if no calendar has it."""
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError as error:
        raise DecodeError(f"{stamp.seconds} seconds after 1970 is no time") from error
