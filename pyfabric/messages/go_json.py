"""JSON as Go's encoding/json reads it into a struct of strings, with its texts for what is invalid.

Source: scanner.go and decode.go of encoding/json (Go 1.26): keys are compared without regard to case, the last of
several counts, null changes nothing, bytes that are not UTF-8 are replaced, and NaN and Infinity are not JSON.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')
_ESCAPE: Final = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?")
_DIGITS: Final = re.compile(rb"[0-9]*")
_LITERALS: Final = {b"t": b"true", b"f": b"false", b"n": b"null"}
_KINDS: Final = {b'"': "string", b"[": "array", b"{": "object", b"t": "bool", b"f": "bool"}
_CLOSING: Final = {b"{": b"}", b"[": b"]"}
_AFTER: Final = {b"{": "after object key:value pair", b"[": "after array element"}
_KEY: Final = "looking for beginning of object key string"
_VALUE: Final = "looking for beginning of value"
_COLON: Final = "after object key"
_STRING_BYTE: Final = "in string literal"
_BLANKS_PASS: Final = {_KEY, _VALUE, _COLON, _STRING_BYTE, *_AFTER.values()}
_MAX_DEPTH: Final = 10_000
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_QUOTED: Final = dict(
    zip(
        "'\\\a\b\f\n\r\t\v",
        [r"\'", r"\\", r"\a", r"\b", r"\f", r"\n", r"\r", r"\t", r"\v"],
        strict=True,
    )
)


class InvalidJsonError(ValueError):
    """What encoding/json refuses, in its words."""


def read_strings(data: bytes, struct: str, fields: Iterable[str]) -> Mapping[str, str]:
    """Return the fields of a JSON object that Go reads into a struct whose fields are all strings.

    `struct` is the type with its package (persistence.ChaincodePackageMetadata), `fields` are in lower case; a
    field that is missing is "". Raises InvalidJsonError with Go's text.
    """
    scanner = _Scanner(data)
    kind = scanner.check()
    if kind not in {"object", "null"}:
        raise InvalidJsonError(f"json: cannot unmarshal {kind} into Go value of type {struct}")
    strings = dict.fromkeys(fields, "")
    refused = []
    for key, start in scanner.members:
        name = _decode(key).lower()
        kind = _kind(data[start : start + 1])
        if name not in strings or kind == "null":
            continue
        if kind == "string":
            strings[name] = _decode(_string(data, start))
        else:
            refused.append((kind, name))
    for kind, name in refused[:1]:
        field = f"{struct.rpartition('.')[2]}.{name}"
        raise InvalidJsonError(
            f"json: cannot unmarshal {kind} into Go struct field {field} of type string"
        )
    return strings


def check_json(data: bytes) -> str:
    """Return the kind of a JSON text (object, array, string, number, bool, null); raises InvalidJsonError with Go's text."""
    return _Scanner(data).check()


def replace_invalid(data: bytes) -> str:
    """Return UTF-8 with U+FFFD for each byte that is invalid, as Go converts it."""
    return _SURROGATES.sub("\ufffd", data.decode(errors="surrogateescape"))


def _kind(first: bytes) -> str:
    return "null" if first == b"n" else _KINDS.get(first, "number")


def _string(data: bytes, start: int) -> bytes:
    """Return the string that begins at `start`, without its closing quote."""
    found = _STRING.match(data, start)
    return found[0] if found else b""


def _decode(string: bytes) -> str:
    return _SURROGATES.sub("\ufffd", json.loads(replace_invalid(string) + '"'))


class _Scanner:
    """A position in a JSON text that moves over what is valid, and the members of the outermost object."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self.members: list[tuple[bytes, int]] = []

    def check(self) -> str:
        """Move over the whole text and return its kind; raise InvalidJsonError where it is invalid."""
        self._space()
        kind = _kind(self._next())
        self._value()
        self._space()
        if self._at < len(self._data):
            self._fail("after top-level value")
        return kind

    def _value(self) -> None:
        """Move over a value, however deep it is, without recursion."""
        within: list[bytes] = []
        while True:
            opened = self._next() if self._next() in _CLOSING else None
            if opened:
                within.append(opened)
                if len(within) > _MAX_DEPTH:
                    self._fail("exceeded max depth")
                self._step()
                if self._next() != _CLOSING[opened]:
                    self._key(within)
                    continue
            else:
                self._scalar()
            if not self._another(within):
                return

    def _another(self, within: list[bytes]) -> bool:
        """Move behind a comma and return True, or over all that is closed until nothing is open."""
        while within:
            self._space()
            if self._next() == b",":
                self._step()
                self._key(within)
                return True
            if self._next() != _CLOSING[within[-1]]:
                self._fail(_AFTER[within[-1]])
            self._at += 1
            within.pop()
        return False

    def _key(self, within: list[bytes]) -> None:
        """Move over a key and its colon, where the innermost value is an object."""
        if within[-1] != b"{":
            return
        if self._next() != b'"':
            self._fail(_KEY)
        start = self._at
        self._text()
        key = self._data[start : self._at - 1]
        self._space()
        if self._next() != b":":
            self._fail(_COLON)
        self._step()
        if len(within) == 1:
            self.members.append((key, self._at))

    def _scalar(self) -> None:
        first = self._next()
        if first == b'"':
            self._text()
        elif first in _LITERALS:
            self._literal(_LITERALS[first].decode())
        elif first.isdigit() or first == b"-":
            self._number()
        else:
            self._fail(_VALUE)

    def _text(self) -> None:
        self._at += len(_string(self._data, self._at))
        if self._next() == b'"':
            self._at += 1
            return
        escape = _ESCAPE.match(self._data, self._at)
        if escape is None:
            self._fail(_STRING_BYTE)
        self._at = escape.end()
        unicode = len(escape[0]) > 1
        self._fail("in \\u hexadecimal character escape" if unicode else "in string escape code")

    def _literal(self, literal: str) -> None:
        for wanted in literal:
            if self._next() != wanted.encode():
                self._fail(f"in literal {literal} (expecting '{wanted}')")
            self._at += 1

    def _number(self) -> None:
        if self._next() == b"-":
            self._at += 1
        if self._next() == b"0":
            self._at += 1
        else:
            self._digits("in numeric literal")
        if self._next() == b".":
            self._at += 1
            self._digits("after decimal point in numeric literal")
        if self._next() in {b"e", b"E"}:
            self._at += 1
            self._at += self._next() in {b"+", b"-"}
            self._digits("in exponent of numeric literal")

    def _digits(self, place: str) -> None:
        found = _DIGITS.match(self._data, self._at)
        if found is None or not found[0]:
            self._fail(place)
        self._at = found.end()

    def _step(self) -> None:
        self._at += 1
        self._space()

    def _space(self) -> None:
        found = _SPACE.match(self._data, self._at)
        self._at = found.end() if found else self._at

    def _next(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _fail(self, place: str) -> NoReturn:
        """Raise InvalidJsonError. Go tries a blank at the end, which fails within literals, numbers and escapes only."""
        found = self._next() or (b"" if place in _BLANKS_PASS else b" ")
        if not found:
            raise InvalidJsonError("unexpected end of JSON input")
        raise InvalidJsonError(f"invalid character {_quote(chr(found[0]))} {place}")


def _quote(character: str) -> str:
    """Return a byte's character as Go quotes it in its texts."""
    if character in _QUOTED:
        return f"'{_QUOTED[character]}'"
    if character.isprintable():
        return f"'{character}'"
    return f"'\\x{ord(character):02x}'" if character < "\x80" else f"'\\u{ord(character):04x}'"
