"""Corrupted copies of real bytes, as a broken or hostile sender may send them.

A mutant is a function of its seed and the corpus alone. Half of the ways know protobuf's wire format
and work on a field at any depth, so that what is around it stays readable; the others know nothing.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeAlias

Field: TypeAlias = tuple[int, int, bytes]
"""Number, wire type, and content: of a length-delimited field what is in it, else as it stands."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}
_NUMBERS: Final = (0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1)


def mutant(seed: int, corpus: Sequence[bytes]) -> bytes:
    """Return one message of the corpus, corrupted in one to three ways."""
    random = Random(seed)
    data = random.choice(corpus)
    for _ in range(random.randint(1, 3)):
        data = random.choice(_WAYS)(random, data, corpus)
    return data


def varint(value: int) -> bytes:
    """Return a number as protobuf writes it."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def fields(data: bytes) -> list[Field] | None:
    """Return the fields of a message; None if the bytes are no message."""
    found: list[Field] = []
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            start = position
            _, position = _read_varint(data, position)
            content = data[start:position]
        elif kind == _BYTES:
            length, position = _read_varint(data, position)
            content = data[position : position + length]
            position += length
        elif kind in _SIZES:
            content = data[position : position + _SIZES[kind]]
            position += _SIZES[kind]
        else:
            return None
        if not number or position > len(data):
            return None
        found.append((number, kind, content))
    return found


def written(message: Sequence[Field]) -> bytes:
    """Return the bytes of a message's fields."""
    parts = []
    for number, kind, content in message:
        length = varint(len(content)) if kind == _BYTES else b""
        parts.append(varint(number << 3 | kind) + length + content)
    return b"".join(parts)


def nested(depth: int, number: int = 1, core: bytes = b"") -> bytes:
    """Return a message in a message in a message …"""
    for _ in range(depth):
        core = varint(number << 3 | _BYTES) + varint(len(core)) + core
    return core


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        value |= (data[position] & 0x7F) << shift
        position += 1
        if data[position - 1] < 0x80:
            return value, position
        shift += 7
    return 0, len(data) + 1


def _flip(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    spoilt = bytearray(data)
    for _ in range(random.randint(1, 8)):
        if spoilt:
            spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def _cut(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    first, last = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return random.choice((data[:last], data[first:], data[:first] + data[last:]))


def _insert(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    position = random.randrange(len(data) + 1)
    size = random.choice((1, 4, 32, 1000))
    extra = random.choice((random.randbytes(size), b"\0" * size, b"\xff" * size, data[:size]))
    return data[:position] + extra + data[position:]


def _splice(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    other = random.choice(corpus)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _noise(random: Random, _: bytes, __: Sequence[bytes]) -> bytes:
    return random.randbytes(random.choice((0, 1, 2, 8, 64, 1024)))


def _text(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Replace a digit, a word or a bracket of what may be text."""
    position = random.randrange(len(data) + 1)
    extra = random.choice(
        (
            b"9" * 5000,
            b"-1",
            b"1e999",
            b"\xed\xa0\x80",
            b"\xf0\x9f\x98\x80",
            b"(" * 3000,
            b"null",
            b"\0",
        )
    )
    return data[:position] + extra + data[position + random.randrange(4) :]


def _in_a_field(change: Callable[[Random, list[Field], Sequence[bytes]], None]) -> "_Way":
    """Change the fields of a message somewhere in the data."""

    def way(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
        message = fields(data)
        if not message:
            return _flip(random, data, corpus)
        inside = [
            index
            for index, (_, kind, content) in enumerate(message)
            if kind == _BYTES and len(content) > 1 and fields(content)
        ]
        if inside and random.random() < 0.85:
            index = random.choice(inside)
            number, kind, content = message[index]
            message[index] = (number, kind, way(random, content, corpus))
        else:
            change(random, message, corpus)
        return written(message)

    return way


def _drop(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    del message[random.randrange(len(message))]


def _repeat(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    message.insert(random.randrange(len(message) + 1), random.choice(message))


def _shuffle(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    random.shuffle(message)


def _swap(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    """Exchange the content of two fields."""
    one, other = (random.randrange(len(message)) for _ in range(2))
    first, second = message[one], message[other]
    message[one] = (first[0], second[1], second[2])
    message[other] = (second[0], first[1], first[2])


def _renumber(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    index = random.randrange(len(message))
    _, kind, content = message[index]
    message[index] = (random.choice((1, 2, 3, 4, 15, 16, 1000, 2**29 - 1)), kind, content)


def _absurd(random: Random, message: list[Field], _: Sequence[bytes]) -> None:
    index = random.randrange(len(message))
    number, kind, _content = message[index]
    if kind == _VARINT:
        message[index] = (number, kind, varint(random.choice(_NUMBERS)))
    else:
        junk = random.choice(
            (b"", b"\xff", b"\0" * 40, random.randbytes(33), nested(120), b"A" * 9999)
        )
        message[index] = (number, _BYTES, junk)


def _graft(random: Random, message: list[Field], corpus: Sequence[bytes]) -> None:
    """Replace a field's content by another complete message."""
    index = random.randrange(len(message))
    message[index] = (message[index][0], _BYTES, random.choice(corpus)[:20_000])


def _huge(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Return a length without the data."""
    number = random.choice((1, 2, 3))
    return data + varint(number << 3 | _BYTES) + varint(random.choice(_NUMBERS))


def _deep(random: Random, _: bytes, __: Sequence[bytes]) -> bytes:
    return nested(random.choice((50, 99, 101, 1000)), random.choice((1, 2, 3)))


_Way: TypeAlias = Callable[[Random, bytes, Sequence[bytes]], bytes]
_WAYS: Final[tuple[_Way, ...]] = (
    _flip,
    _cut,
    _insert,
    _splice,
    _noise,
    _text,
    _huge,
    _deep,
    *map(_in_a_field, (_drop, _repeat, _shuffle, _swap, _renumber, _absurd, _absurd, _graft)),
)
