"""Tar archives as Go's archive/tar reads them: the same entries, and the same text where one cannot be read.

Formats V7, USTAR, PAX, GNU and STAR, long names and sparse files. Source: archive/tar of Go 1.26. Names are bytes;
`text` shows them as Go prints them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric.admin.gunzip import END, TOO_EARLY, Unpacked

REGULAR: Final = ord("0")
FOLDER: Final = ord("5")

_LINK, _SYMLINK, _CHARACTER, _BLOCK, _FIFO = b"12346"
_WITHOUT_CONTENT: Final = {_LINK, _SYMLINK, _CHARACTER, _BLOCK, FOLDER, _FIFO}
_PAX_NEXT, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK, _SPARSE = b"xgLKS"
_SIZE: Final = 512
_ZEROS: Final = bytes(_SIZE)
_MAX_SPECIAL: Final = 1 << 20
_WIDE: Final = 1 << 56
_MAX_INTEGER: Final = (1 << 63) - 1
_INVALID: Final = "archive/tar: invalid tar header"
_TOO_LONG: Final = "archive/tar: header field too long"
_MISSING: Final = "archive/tar: sparse file references non-existent data"
_UNREFERENCED: Final = "archive/tar: sparse file contains unreferenced data"
_LONG_MAP: Final = "archive/tar: sparse map too long"
_OCTAL: Final = re.compile(rb"[0-7]+")
_DECIMAL: Final = re.compile(rb"[+-]?[0-9]+")
_PAX_TEXTS: Final = {b"path", b"linkpath", b"uname", b"gname"}
_PAX_NUMBERS: Final = {b"uid", b"gid", b"size"}
_PAX_TIMES: Final = {b"atime", b"mtime", b"ctime"}
_TIME: Final = re.compile(rb"([+-]?[0-9]+)(?:\.[0-9]*)?")
_GNU_SPARSE: Final = b"GNU.sparse."


class TarError(Exception):
    """What keeps an entry from being read, in Go's words."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """The archive's bytes."""

    unpacked: Unpacked
    position: list[int]

    def read(self, length: int) -> tuple[bytes, str | None]:
        """Return up to `length` bytes, and what ended the reading or came with its last byte."""
        data, start = self.unpacked.data, self.position[0]
        found = data[start : start + length]
        self.position[0] = start + len(found)
        if len(found) < length:
            return found, self.unpacked.end
        at_fault = self.position[0] == len(data) and self.unpacked.joined
        return (
            found,
            self.unpacked.end if length and at_fault and self.unpacked.end != END else None,
        )

    def block(self) -> bytes:
        """Return a whole block. The fault is "EOF" where there is not one byte."""
        found, fault = self.read(_SIZE)
        if len(found) < _SIZE:
            raise TarError(TOO_EARLY if found and fault == END else str(fault))
        return found


class _Content:
    """The stored bytes of the current entry."""

    def __init__(self, stream: _Stream, length: int) -> None:
        self._stream, self.left = stream, length

    def read(self, length: int) -> bytes:
        """Return as much of `length` bytes as the entry has."""
        found, fault = self._stream.read(min(length, self.left))
        self.left -= len(found)
        if fault:
            raise TarError(TOO_EARLY if fault == END else fault)
        return found

    def block(self) -> bytes:
        found = self.read(_SIZE)
        if len(found) < _SIZE:
            raise TarError(TOO_EARLY)
        return found

    def skip(self) -> None:
        found, fault = self._stream.read(self.left)
        if len(found) < self.left:
            raise TarError(TOO_EARLY if fault == END else str(fault))


@dataclass(slots=True)
class _Header:
    name: bytes
    type: int
    size: int
    block: bytes
    gnu: bool
    wide: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its name, its type as a byte, and its content, to be read before the next entry if at all."""

    name: bytes
    type: int
    _content: _Content
    _fragments: Sequence[tuple[int, int]] | None
    _size: int
    wide: bool
    """Whether a number of the header is too large for Go to write again: of its mode or of its device."""

    @property
    def sparse_size(self) -> int:
        """How many bytes the content has if it has holes, which need no bytes in the archive; else 0."""
        return 0 if self._fragments is None else self._size

    def read(self) -> bytes:
        """Return the content. Raises TarError."""
        if self._fragments is None:
            return self._content.read(self._content.left)
        content = bytearray()
        for offset, length in self._fragments:
            content += bytes(offset - len(content)) + self._content.read(length)
            if len(content) < offset + length:
                raise TarError(_MISSING)
        if self._content.left:
            raise TarError(_UNREFERENCED)
        return bytes(content) + bytes(self._size - len(content))


def text(name: bytes) -> str:
    """Return a name as it is shown."""
    return name.decode(errors="replace")


def entries(unpacked: Unpacked) -> Iterator[Entry]:
    """Yield the entries of an archive. Raises TarError for the first that is invalid."""
    stream = _Stream(unpacked, [0])
    content, padding = _Content(stream, 0), 0
    records: Mapping[bytes, bytes] = {}
    long_name = b""
    while True:
        content.skip()
        _, fault = stream.read(padding)
        if fault == END:
            return
        if fault:
            raise TarError(fault)
        header = _next_header(stream)
        if header is None:
            return
        content, padding = _content(stream, header)
        if header.type in {_PAX_NEXT, _PAX_GLOBAL}:
            records = _pax_records(_special(content))
            if header.type == _PAX_GLOBAL:
                yield Entry(
                    _global_name(header, records), header.type, content, None, 0, header.wide
                )
                records, long_name = {}, b""
            continue
        if header.type in {_LONG_NAME, _LONG_LINK}:
            special = _until_null(_special(content))
            long_name = special if header.type == _LONG_NAME else long_name
            continue
        _merge(header, records, long_name)
        content, padding = _content(stream, header)
        fragments = _fragments(stream, header, records, content)
        yield Entry(header.name, header.type, content, fragments, header.size, header.wide)
        records, long_name = {}, b""


def _content(stream: _Stream, header: _Header) -> tuple[_Content, int]:
    """Return what is stored for an entry, and how many bytes fill its last block."""
    length = 0 if header.type in _WITHOUT_CONTENT else header.size
    if length < 0:
        raise TarError(_INVALID)
    return _Content(stream, length), -length % _SIZE


def _special(content: _Content) -> bytes:
    """Return the content of an entry that describes the next."""
    found = content.read(_MAX_SPECIAL + 1)
    if len(found) > _MAX_SPECIAL:
        raise TarError(_TOO_LONG)
    return found


def _next_header(stream: _Stream) -> _Header | None:
    try:
        block = stream.block()
        if block == _ZEROS:
            if stream.block() == _ZEROS:
                return None
            raise TarError(_INVALID)
    except TarError as fault:
        if str(fault) == END:
            return None
        raise
    return _read_header(block)


def _read_header(block: bytes) -> _Header:
    if _octal(block[148:156]) not in _checksums(block):
        raise TarError(_INVALID)
    size = _number(block[124:136])
    numbers = [_number(block[100:108])]
    for start, end in ((108, 116), (116, 124), (136, 148)):
        _number(block[start:end])
    prefix = b""
    gnu = block[257:265] == b"ustar  \0"
    if gnu or block[257:263] == b"ustar\0":
        numbers += [_number(block[329:337]), _number(block[337:345])]
        prefix = _gnu_prefix(block) if gnu else _prefix(block)
    name = _until_null(block[:100])
    wide = any(not -_WIDE <= number < _WIDE for number in numbers)
    return _Header(prefix + b"/" + name if prefix else name, block[156], size, block, gnu, wide)


def _checksums(block: bytes) -> tuple[int, int]:
    """Return the sums of a header's bytes, unsigned and (as old programs have it) signed."""
    counted = block[:148] + b" " * 8 + block[156:]
    total = sum(counted)
    return total, total - 256 * sum(byte > 127 for byte in counted)


def _prefix(block: bytes) -> bytes:
    if block[508:512] != b"tar\0":
        return _until_null(block[345:500])
    _number(block[476:488])
    _number(block[488:500])
    return _until_null(block[345:476])


def _gnu_prefix(block: bytes) -> bytes:
    """Return what an old program wrote into the place of two times: GNU's format has no prefix."""
    try:
        for start in (345, 357):
            if block[start]:
                _number(block[start : start + 12])
    except TarError:
        prefix = _until_null(block[345:500])
        return prefix if prefix.isascii() else b""
    return b""


def _until_null(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _octal(field: bytes) -> int:
    digits = _until_null(field.strip(b" \0"))
    if not field.strip(b" \0"):
        return 0
    if not _OCTAL.fullmatch(digits) or int(digits, 8) > 2 * _MAX_INTEGER + 1:
        raise TarError(_INVALID)
    return int(digits, 8)


def _number(field: bytes) -> int:
    """Return a number in octal, or in base 256 where its first bit is set."""
    if not field[0] & 0x80:
        return _octal(field)
    negative = bool(field[0] & 0x40)
    inverted = bytes(byte ^ 0xFF for byte in field) if negative else field
    value = int.from_bytes(bytes([inverted[0] & 0x7F]) + inverted[1:])
    if value > _MAX_INTEGER:
        raise TarError(_INVALID)
    return ~value if negative else value


def _decimal(value: bytes) -> int:
    if not _DECIMAL.fullmatch(value) or len(value) > _SIZE:
        raise TarError(_INVALID)
    number = int(value)
    if not -_MAX_INTEGER - 1 <= number <= _MAX_INTEGER:
        raise TarError(_INVALID)
    return number


def _pax_records(data: bytes) -> Mapping[bytes, bytes]:
    records: dict[bytes, bytes] = {}
    sparse: list[bytes] = []
    while data:
        key, value, data = _pax_record(data)
        if key in {_GNU_SPARSE + b"offset", _GNU_SPARSE + b"numbytes"}:
            wanted = b"numbytes" if len(sparse) % 2 else b"offset"
            if key != _GNU_SPARSE + wanted or b"," in value:
                raise TarError(_INVALID)
            sparse.append(value)
        else:
            records[key] = value
    if sparse:
        records[_GNU_SPARSE + b"map"] = b",".join(sparse)
    return records


def _pax_record(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return key and value of the first record, and what follows it."""
    digits, space, _ = data.partition(b" ")
    length = _decimal(digits) if space else 0
    if length < 5 or length > len(data) or length <= len(digits) + 1:
        raise TarError(_INVALID)
    record = data[len(digits) + 1 : length]
    key, equals, value = record[:-1].partition(b"=")
    if record[-1:] != b"\n" or not equals or not key:
        raise TarError(_INVALID)
    if b"\0" in (value if key in _PAX_TEXTS else key):
        raise TarError(_INVALID)
    return key, value, data[length:]


def _merge(header: _Header, records: Mapping[bytes, bytes], long_name: bytes) -> None:
    """Change a header to what the entries before it say. Raises TarError."""
    for key, value in records.items():
        if not value:
            continue
        if key in _PAX_NUMBERS:
            number = _decimal(value)
            header.size = number if key == b"size" else header.size
        elif key in _PAX_TIMES:
            seconds = _TIME.fullmatch(value)
            if seconds is None:
                raise TarError(_INVALID)
            _decimal(seconds[1])
    header.name = long_name or records.get(b"path") or header.name
    if header.type == 0:
        header.type = FOLDER if header.name.endswith(b"/") else REGULAR


def _global_name(header: _Header, records: Mapping[bytes, bytes]) -> bytes:
    return records.get(b"path") or header.name


def _fragments(
    stream: _Stream, header: _Header, records: Mapping[bytes, bytes], content: _Content
) -> Sequence[tuple[int, int]] | None:
    """Return offset and length of what a sparse file holds, or None for a file without holes."""
    if header.type == _SPARSE:
        found = _old_sparse_map(stream, header)
    else:
        version = records.get(_GNU_SPARSE + b"major", b""), records.get(_GNU_SPARSE + b"minor", b"")
        first = version in {(b"0", b"0"), (b"0", b"1")} or (
            version == (b"", b"") and bool(records.get(_GNU_SPARSE + b"map"))
        )
        if not first and version != (b"1", b"0"):
            return None
        _merge_sparse(header, records)
        found = _map_in_records(records) if first else _map_in_content(content)
    if header.type in _WITHOUT_CONTENT or not _are_in_order(found, header.size):
        raise TarError(_INVALID)
    return [one for one in found if one[1]]


def _are_in_order(fragments: Sequence[tuple[int, int]], size: int) -> bool:
    end = 0
    for offset, length in fragments:
        if length < 0 or offset < end or offset + length > size:
            return False
        end = offset + length
    return size >= 0


def _old_sparse_map(stream: _Stream, header: _Header) -> list[tuple[int, int]]:
    """Return the map in GNU's header and the blocks that follow it."""
    if not header.gnu:
        raise TarError(_INVALID)
    header.size = _number(header.block[483:495])
    part, total = header.block[386:483], 97
    found: list[tuple[int, int]] = []
    while total < _MAX_SPECIAL:
        count = len(part) // 24
        for start in range(0, count * 24, 24):
            if not part[start]:
                break
            found.append(
                (_number(part[start : start + 12]), _number(part[start + 12 : start + 24]))
            )
        if not part[count * 24]:
            return found
        try:
            part = stream.block()
        except TarError as fault:
            raise TarError(TOO_EARLY if str(fault) == END else str(fault)) from None
        total += len(part)
    raise TarError(_LONG_MAP)


def _merge_sparse(header: _Header, records: Mapping[bytes, bytes]) -> None:
    header.name = records.get(_GNU_SPARSE + b"name") or header.name
    size = records.get(_GNU_SPARSE + b"size") or records.get(_GNU_SPARSE + b"realsize")
    if size:
        header.size = _decimal(size)


def _map_in_records(records: Mapping[bytes, bytes]) -> list[tuple[int, int]]:
    count = _decimal(records.get(_GNU_SPARSE + b"numblocks", b""))
    listed = records.get(_GNU_SPARSE + b"map", b"")
    numbers = listed.split(b",") if listed else []
    if count < 0 or len(numbers) != 2 * count:
        raise TarError(_INVALID)
    return _pairs(numbers)


def _map_in_content(content: _Content) -> list[tuple[int, int]]:
    """Return the map that stands before the data: lines of decimal numbers, filled up to whole blocks."""
    lines = _Lines(content)
    count = _decimal(lines.read(1)[0])
    if count < 0 or 2 * count > _MAX_INTEGER:
        raise TarError(_INVALID)
    return _pairs(lines.read(2 * count))


class _Lines:
    """Lines from blocks, of which no more are read than needed."""

    def __init__(self, content: _Content) -> None:
        self._content, self._read, self._total = content, b"", 0

    def read(self, count: int) -> list[bytes]:
        parts, have = [self._read], self._read.count(b"\n")
        while have < count:
            self._total += _SIZE
            if self._total > _MAX_SPECIAL:
                raise TarError(_LONG_MAP)
            block = self._content.block()
            have += block.count(b"\n")
            parts.append(block)
        *lines, self._read = b"".join(parts).split(b"\n", count)
        return lines


def _pairs(numbers: Sequence[bytes]) -> list[tuple[int, int]]:
    decoded = [_decimal(number) for number in numbers]
    return list(zip(decoded[::2], decoded[1::2], strict=True))
