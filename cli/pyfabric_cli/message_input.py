"""The bytes of a message from a file: as they are, or as the command prints bytes (hexadecimal, base64)."""

import binascii
import re
from collections.abc import Iterator

from fabric_protos.common import common_pb2
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode

_HEXADECIMAL = re.compile(rb"(?:0x)?((?:[0-9a-fA-F]{2})+)")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def read_message(name: str, content: bytes, kind: type[Message]) -> Message:
    """Return the message that a file holds; `name` is the file's, for errors.

    Raises DecodeError for an empty file, and for what is not a message of this kind.
    """
    if not content.strip():
        raise DecodeError(f"{name} is empty: it holds no message")
    failure: DecodeError | None = None
    for candidate in _candidates(content):
        try:
            message = decode(kind, candidate)
            if isinstance(message, common_pb2.Block):
                _check_block(name, message)
        except DecodeError as error:
            failure = failure or error
        else:
            return message
    raise failure or DecodeError(f"{name} holds no message")


def _candidates(content: bytes) -> Iterator[bytes]:
    """Yield what the bytes of the message may be, the likeliest first."""
    text = content.strip().strip(b'"')
    found = _HEXADECIMAL.fullmatch(text)
    if found is not None:
        yield bytes.fromhex(found[1].decode())
    if _BASE64.fullmatch(text):
        yield binascii.a2b_base64(text)
    yield content
    if content.endswith(b"\n"):
        yield content[:-1]


def _check_block(name: str, block: common_pb2.Block) -> None:
    """Raise DecodeError for another message: its bytes can often be read as a block of unknown fields."""
    whole = block.HasField("header") and block.HasField("data")
    parts = (block, block.header, block.data, block.metadata)
    if not whole or any(len(UnknownFieldSet(part)) for part in parts):
        raise DecodeError(
            f"{name} is not a common.Block but, perhaps, a message of another type: name it by --type; "
            "`pyfabric message types` lists them"
        )
