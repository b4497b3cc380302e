"""Messages of Fabric's protocol by their names, as values of JSON and back."""

from typing import Any

from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.kinds import kind_named
from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE


def decode_message(kind: str, raw: bytes, *, complete: bool = False) -> dict[str, Any]:
    """Return a message (such as "common.Config") as configtxlator shows it: dicts, lists, text, numbers.

    Messages inside of bytes are opened; other bytes are base64, and 64-bit numbers are text. `complete`
    also opens what configtxlator leaves in base64. Raises DecodeError for an unknown name and for bytes
    that are not such a message.
    """
    return to_json(decode(kind_named(kind), raw), opened=COMPLETE if complete else AS_FABRIC)


def encode_message(kind: str, document: object) -> bytes:
    """Return the bytes of a message that `decode_message` or configtxlator shows so.

    Equal documents give equal bytes. Raises DecodeError, which names the place, for what the message
    cannot hold.
    """
    return from_json(kind_named(kind), document).SerializeToString(deterministic=True)
