"""Messages of the vectors' blocks by type, including nested ones, as real Fabric wrote them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from fabric_protos.common import common_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from pyfabric.messages.translation.decoding import is_map
from pyfabric.messages.translation.places import Place, View
from pyfabric.messages.translation.table import COMPLETE
from tests.support.rules import history

VECTORS = history.FOLDER.parent
M = TypeVar("M", bound=Message)


def read_all(kind: type[M]) -> list[M]:
    """Return the real messages of a type."""
    return [kind.FromString(raw) for raw in real_messages()[kind]]


@cache
def real_messages() -> Mapping[type[Message], list[bytes]]:
    """Return the bytes of all messages by type; a type that no block has is missing."""
    found: dict[type[Message], dict[bytes, None]] = defaultdict(dict)
    for block in (*history.blocks(), *_other_blocks()):
        for message in _inside(View(common_pb2.Block), block):
            found[type(message)][message.SerializeToString(deterministic=True)] = None
    return {kind: [raw for raw in raws if raw] for kind, raws in found.items()}


def _other_blocks() -> Iterator[common_pb2.Block]:
    files = [
        *(VECTORS / "5-bft-blocks" / "blocks").glob("*.block"),
        *VECTORS.rglob("genesis.block"),
    ]
    for file in sorted(files):
        yield common_pb2.Block.FromString(file.read_bytes())


def _inside(view: View, message: Message) -> Iterator[Message]:
    """Yield a message, and all that are in it."""
    yield message
    for field, value in message.ListFields():
        choose = COMPLETE.get(type(message), {}).get(field.name)
        for key, entry in _entries(value, mapping=is_map(field)):
            chosen = choose(Place(message, view.role, key)) if choose else None
            if isinstance(entry, Message):
                yield from _inside(chosen or View(type(entry)), entry)
            elif chosen is not None:
                with suppress(ProtobufDecodeError):
                    yield from _inside(chosen, chosen.kind.FromString(entry))


def _entries(value: Any, *, mapping: bool) -> list[tuple[Any, Any]]:
    if mapping:
        return [(str(key), value[key]) for key in value]
    if isinstance(value, (Message, bytes, str, int)):
        return [(None, value)]
    return list(enumerate(value))
