"""JSON text, and the members that stand for what a message's own fields cannot show.

No field of Fabric has a name that begins so; configtxlator, which fails or drops instead, refuses them.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error
from typing import Any, Final, TypeAlias

from pyfabric.errors import DecodeError

JsonObject: TypeAlias = dict[str, Any]

UNDECODABLE: Final = "@undecodable"
"""Alone in an object: base64 of bytes that are not the message that should be there."""

UNKNOWN: Final = "@unknown"
"""Beside a message's fields: base64 of fields that this version of the message has not."""

EXACT: Final = "@bytes"
"""Beside the fields of a message in bytes: base64 of those bytes, where writing the fields would give
others. They are written again as long as the fields are what they were."""

MAX_DEPTH: Final = 100
"""The deepest nesting of messages, opened bytes included; deeper ones are undecodable."""


def encoded(raw: bytes) -> str:
    """Encode bytes as in any JSON of protobuf."""
    return b64encode(raw).decode()


def decoded(text: object, path: str) -> bytes:
    """Return the bytes that `encoded` made, or another JSON writer; raises DecodeError."""
    if not isinstance(text, str):
        raise DecodeError(f"{path}: base64 should be there, not {type(text).__name__}")
    try:
        standard = text.replace("-", "+").replace("_", "/")
        return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (Error, ValueError) as error:
        raise DecodeError(f"{path}: not base64: {error}") from error


def parse(text: str | bytes) -> Any:
    """Return what a JSON text holds; raises DecodeError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error
