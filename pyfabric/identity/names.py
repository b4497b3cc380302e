"""Distinguished names: read from a certificate, and written in the ways that Fabric's parts write them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyfabric.errors import DecodeError
from pyfabric.identity import der

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
        """All values of one type, in order."""
        return [part.value for part in self.attributes if part.type == type_]

    @cached_property
    def common_name(self) -> str:
        """The (last) common name; empty if there is none."""
        return (self.values(COMMON_NAME) or [""])[-1]

    @cached_property
    def go_text(self) -> str:
        """The name as Go writes it, e.g. `CN=ann,OU=client,O=Land,C=CN` (near RFC 2253)."""
        return ",".join(reversed([_go_set(parts) for parts in self._go_sets()]))

    @cached_property
    def node_text(self) -> str:
        """The name as the Node chaincode library writes it, e.g. `/C=CN/O=Land/OU=client/CN=ann`."""
        return "".join(
            f"/{_SHORT_NAMES.get(part.type, part.type)}={part.value.replace('/', _SLASH, 1)}"
            for part in self.attributes
        )

    def _go_sets(self) -> Iterator[Sequence[Attribute]]:
        for part in self.attributes:
            if part.type not in _GO_ORDER:
                yield [part]
        for type_ in _GO_ORDER:
            values = self.values(type_)
            if type_ in _LAST_ONE_COUNTS:
                values = [value for value in values[-1:] if value]
            if values:
                yield [Attribute(type_, value) for value in values]


def read_name(element: der.Element) -> Name:
    """Read a Name (RFC 5280, 4.1.2.4); raises DecodeError with Fabric's text."""
    attributes: list[Attribute] = []
    try:
        for group in der.Reader(element.content).rest():
            if group.tag != der.SET:
                raise DecodeError("asn1: structure error: tags don't match")
            members = der.Reader(group.content)
            while not members.empty:
                pair = der.Reader(members.read(der.SEQUENCE).content)
                type_ = der.object_identifier(pair.read(der.OBJECT_IDENTIFIER))
                attributes.append(Attribute(type_, _text(pair.any())))
    except DecodeError as error:
        raise DecodeError(f"x509: invalid RDNSequence: {error}") from error
    return Name(element.raw, tuple(attributes))


def _text(element: der.Element) -> str:
    problem = "invalid attribute value: "
    match element.tag:
        case 0x0C:
            return _decoded(element.content, "utf-8", problem + "invalid UTF-8 string")
        case 0x13:
            if not _PRINTABLE.issuperset(element.content):
                raise DecodeError(problem + "invalid PrintableString")
            return element.content.decode("ascii")
        case 0x14:
            return element.content.decode("latin-1")
        case 0x16:
            return _decoded(element.content, "ascii", problem + "invalid IA5String")
        case 0x12:
            if not frozenset(b"0123456789 ").issuperset(element.content):
                raise DecodeError(problem + "invalid NumericString")
            return element.content.decode("ascii")
        case 0x1E:
            text = _decoded(element.content, "utf-16-be", problem + "invalid BMPString")
            return text.removesuffix("\0")
        case tag:
            raise DecodeError(f"{problem}unsupported string type: {tag}")


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
        printable = _PRINTABLE - frozenset(b"*&")
        content = part.value.encode()
        tag = 0x13 if printable.issuperset(content) else 0x0C
        return f"{part.type}=#{der.encode(tag, content).hex()}"
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
