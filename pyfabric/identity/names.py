"""Distinguished names: read from a certificate, and written in the ways that Fabric's parts write them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyfabric.errors import DecodeError
from pyfabric.messages import der

COMMON_NAME: Final = "2.5.4.3"
ORGANIZATION: Final = "2.5.4.10"
ORGANIZATIONAL_UNIT: Final = "2.5.4.11"

_SHORT_NAMES: Final = {
    "2.5.4.6": "C",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.17": "POSTALCODE",
}
# Go sorts a name's parts by type before it writes them (crypto/x509/pkix, Name.ToRDNSequence).
_GO_ORDER: Final = (
    "2.5.4.6",
    "2.5.4.8",
    "2.5.4.7",
    "2.5.4.9",
    "2.5.4.17",
    "2.5.4.10",
    "2.5.4.11",
    "2.5.4.3",
    "2.5.4.5",
)
_SLASH: Final = r"\/"  # the library escapes the first one only
_LAST_ONE_COUNTS: Final = (COMMON_NAME, "2.5.4.5")
_PRINTABLE: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?*&"
)
_GO_PRINTABLE: Final = _PRINTABLE - frozenset(b"*&")
_NUMERIC: Final = frozenset(b"0123456789 ")
_NOT_IN_BMP: Final = re.compile("[\ufdd0-\ufdef\ufffe\uffff\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One part of a name: its type (dotted) and its text."""

    type: str
    value: str


@dataclass(frozen=True)
class Name:
    """A distinguished name: the encoding as it stands in the certificate, and its parts in order."""

    raw: bytes
    attributes: tuple[Attribute, ...]

    def values(self, type_: str) -> list[str]:
        """Return all values of one type, in order."""
        return [part.value for part in self.attributes if part.type == type_]

    @cached_property
    def common_name(self) -> str:
        """The (last) common name; empty if there is none."""
        return (self.values(COMMON_NAME) or [""])[-1]

    @cached_property
    def go_text(self) -> str:
        """The name as Go writes it, e.g. `CN=ann,OU=client,O=Land,C=CN` (near RFC 2253)."""
        unknown = [[part] for part in self.attributes if part.type not in _GO_ORDER]
        return ",".join(reversed([_go_set(parts) for parts in (*unknown, *self.go_sets())]))

    @cached_property
    def node_text(self) -> str:
        """The name as the Node chaincode library writes it, e.g. `/C=CN/O=Land/OU=client/CN=ann`."""
        return "".join(
            f"/{_SHORT_NAMES.get(part.type, part.type)}={part.value.replace('/', _SLASH, 1)}"
            for part in self.attributes
        )

    def go_sets(self) -> Iterator[Sequence[Attribute]]:
        """Yield the parts of the types that Go knows as it puts them together, in its order."""
        for type_ in _GO_ORDER:
            values = self.values(type_)
            if type_ in _LAST_ONE_COUNTS:
                values = [value for value in values[-1:] if value]
            if values:
                yield [Attribute(type_, value) for value in values]


def read_name(element: der.Element) -> Name:
    """Read a Name (RFC 5280, 4.1.2.4); raises DecodeError with Fabric's text."""
    problem = "x509: invalid RDNSequence"
    attributes: list[Attribute] = []
    groups = der.Reader(element.content)
    while not groups.empty:
        members = der.Reader(groups.expect(der.SET, problem).content)
        while not members.empty:
            pair = members.expect(der.SEQUENCE, f"{problem}: invalid attribute")
            attributes.append(_attribute(der.Reader(pair.content), f"{problem}: invalid attribute"))
    return Name(element.raw, tuple(attributes))


def encode_name(attributes: Iterable[Attribute]) -> bytes:
    """Return a Name as Go writes it (Name.ToRDNSequence): of other types than those it knows nothing is left."""
    sets = Name(b"", tuple(attributes)).go_sets()
    return der.encode(der.SEQUENCE, b"".join(map(_encoded_set, sets)))


def _encoded_set(parts: Sequence[Attribute]) -> bytes:
    pairs = (
        der.encode(der.SEQUENCE, der.encode_type(part.type) + _encoded_text(part.value))
        for part in parts
    )
    return der.encode(der.SET, b"".join(sorted(pairs)))


def _encoded_text(value: str) -> bytes:
    """Return a text as Go encodes one: PrintableString where that can hold it."""
    content = value.encode()
    return der.encode(0x13 if _GO_PRINTABLE.issuperset(content) else 0x0C, content)


def _attribute(pair: der.Reader, problem: str) -> Attribute:
    type_ = pair.expect_type(f"{problem} type")
    value = pair.expect_any(f"{problem} value")
    try:
        return Attribute(type_, _text(value))
    except DecodeError as error:
        raise DecodeError(f"{problem} value: {error}") from error


def _text(element: der.Element) -> str:
    content = element.content
    match element.tag:
        case 0x0C:
            return _decoded(content, "utf-8", "invalid UTF-8 string")
        case 0x13:
            return _limited(content, _PRINTABLE, "invalid PrintableString")
        case 0x14:
            return content.decode("latin-1")
        case 0x16:
            return _decoded(content, "ascii", "invalid IA5String")
        case 0x12:
            return _limited(content, _NUMERIC, "invalid NumericString")
        case 0x1E:
            text = _decoded(content, "utf-16-be", "invalid BMPString")
            if _NOT_IN_BMP.search(text):
                raise DecodeError("invalid BMPString")
            return text.removesuffix("\0")
        case tag:
            raise DecodeError(f"unsupported string type: {tag}")


def _limited(content: bytes, allowed: frozenset[int], problem: str) -> str:
    if not allowed.issuperset(content):
        raise DecodeError(problem)
    return content.decode("ascii")


def _decoded(content: bytes, encoding: str, problem: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DecodeError(problem) from error


def _go_set(parts: Sequence[Attribute]) -> str:
    return "+".join(_go_part(part) for part in parts)


def _go_part(part: Attribute) -> str:
    short = _SHORT_NAMES.get(part.type)
    if short is None:
        return f"{part.type}=#{_encoded_text(part.value).hex()}"
    return f"{short}={_escaped(part.value)}"


def _escaped(value: str) -> str:
    last = len(value) - 1
    return "".join(
        "\\" + character
        if character in ',+"\\<>;'
        or (character == " " and at in (0, last))
        or (character == "#" and at == 0)
        else character
        for at, character in enumerate(value)
    )
