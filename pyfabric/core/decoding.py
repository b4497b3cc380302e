"""Bytes to Fabric's messages, with our own error when they are something else."""

from typing import TypeVar

from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from pyfabric.errors import DecodeError

M = TypeVar("M", bound=Message)


def decode(kind: type[M], raw: bytes) -> M:
    """The message of that kind; raises DecodeError."""
    try:
        return kind.FromString(raw)
    except ProtobufDecodeError as error:
        raise DecodeError(f"{len(raw)} bytes are not a {kind.DESCRIPTOR.full_name}") from error
