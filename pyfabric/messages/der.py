"""A small reader and writer of DER (ITU-T X.690), as strict as Fabric's own.

Only what certificates, revocation lists and signatures need. A refusal is a DecodeError; nothing
here recurses on the input or copies more than it is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pyfabric.errors import DecodeError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag octet, its content, and the whole encoding `raw`."""

    tag: int
    content: bytes
    raw: bytes


class Reader:
    """Reads the elements of `data` one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def empty(self) -> bool:
        """Whether everything has been read."""
        return self._at >= len(self._data)

    def peek(self) -> int | None:
        """Return the tag octet that comes next; None at the end."""
        return None if self.empty else self._data[self._at]

    def any(self) -> Element:
        """Return the next element, whatever its tag."""
        data, start = self._data, self._at
        if len(data) - start < 2:
            raise DecodeError("asn1: syntax error: data truncated")
        tag, length = data[start], data[start + 1]
        if tag & 0x1F == 0x1F:
            raise DecodeError("asn1: structure error: high-tag-number form")
        body = start + 2
        if length & 0x80:
            length, body = self._long_length(length & 0x7F, body)
        end = body + length
        if end > len(data):
            raise DecodeError("asn1: syntax error: data truncated")
        self._at = end
        return Element(tag, data[body:end], data[start:end])

    def _long_length(self, size: int, at: int) -> tuple[int, int]:
        if not 1 <= size <= 4 or at + size > len(self._data):
            raise DecodeError("asn1: syntax error: bad length")
        length = int.from_bytes(self._data[at : at + size])
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise DecodeError("asn1: structure error: non-minimal length")
        return length, at + size

    def read(self, tag: int) -> Element:
        """Return the next element, which must have this tag."""
        if self.peek() != tag:
            raise DecodeError("asn1: structure error: tags don't match")
        return self.any()

    def optional(self, tag: int) -> Element | None:
        """Return the next element if it has this tag."""
        return self.any() if self.peek() == tag else None

    def expect(self, tag: int, problem: str) -> Element:
        """Do what `read` does; an error has the text `problem`."""
        try:
            return self.read(tag)
        except DecodeError as error:
            raise DecodeError(problem) from error

    def expect_any(self, problem: str) -> Element:
        """Do what `any` does; an error has the text `problem`."""
        try:
            return self.any()
        except DecodeError as error:
            raise DecodeError(problem) from error

    def expect_type(self, problem: str) -> str:
        """Return the next element, an OBJECT IDENTIFIER, in dotted form; a refusal says `problem`."""
        try:
            return object_identifier(self.read(OBJECT_IDENTIFIER))
        except DecodeError as error:
            raise DecodeError(problem) from error

    def rest(self) -> Iterator[Element]:
        """Yield the elements that are left."""
        while not self.empty:
            yield self.any()


def integer(element: Element) -> int:
    """Return the value of an INTEGER, which must be minimally encoded."""
    content = element.content
    if not content:
        raise DecodeError("asn1: structure error: empty integer")
    if len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80:
        raise DecodeError("asn1: structure error: integer not minimally-encoded")
    return int.from_bytes(content, signed=True)


def integers(data: bytes, count: int) -> list[int]:
    """Return the first `count` integers of the SEQUENCE at the start of `data`; more may follow."""
    sequence = Reader(Reader(data).read(SEQUENCE).content)
    return [integer(sequence.read(INTEGER)) for _ in range(count)]


def boolean(element: Element) -> bool:
    """Return the value of a BOOLEAN: one octet, 0x00 or 0xFF."""
    if element.content not in (b"\x00", b"\xff"):
        raise DecodeError("asn1: syntax error: invalid boolean")
    return element.content == b"\xff"


def bits(element: Element) -> tuple[bytes, int]:
    """Return the octets of a BIT STRING and how many bits of the last one are unused."""
    content = element.content
    if not content:
        raise DecodeError("asn1: syntax error: zero length BIT STRING")
    unused, octets = content[0], content[1:]
    if unused > 7 or (unused and (not octets or octets[-1] & ((1 << unused) - 1))):
        raise DecodeError("asn1: syntax error: invalid padding bits in BIT STRING")
    return octets, unused


def object_identifier(element: Element) -> str:
    """Return an OBJECT IDENTIFIER in dotted form."""
    content = element.content
    if not content or content[-1] & 0x80:
        raise DecodeError("asn1: syntax error: bad object identifier")
    arcs: list[int] = []
    value = 0
    for octet in content:
        if value == 0 and octet == 0x80:
            raise DecodeError("asn1: syntax error: integer is not minimally encoded")
        value = value << 7 | octet & 0x7F
        if value >= 1 << 31:
            raise DecodeError("asn1: structure error: base 128 integer too large")
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def encode_integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def encode_type(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER given in dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    return encode(OBJECT_IDENTIFIER, b"".join(map(_base_128, (40 * first + second, *rest))))


def encode_time(moment: datetime) -> bytes:
    """Return a time of a certificate, to the second: UTCTime before the year 2050 (RFC 5280, 4.1.2.5)."""
    text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
    return (
        encode(UTC_TIME, text[2:])
        if b"1950" <= text[:4] < b"2050"
        else encode(GENERALIZED_TIME, text)
    )


def encode_bits(content: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING; `unused` bits at its end count for nothing."""
    return encode(BIT_STRING, bytes((unused,)) + content)


def encode(tag: int, content: bytes) -> bytes:
    """Return one element."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size) + content


def _base_128(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(value & 0x7F | 0x80)
    return bytes(reversed(septets))
