"""Chaincode packages with faults of every kind: in gzip, in tar headers, in long names and sparse files, in JSON."""

import gzip
import random
import tarfile
import zlib
from collections.abc import Callable, Sequence
from typing import Final

_TYPES: Final = b"0123456789SgxKLVD\0 A"
_NUMBERS: Final = (
    b"7777777",
    b" 12 ",
    b"\x80\0\0\x01",
    b"\xff\xff\xff\xff",
    b"9",
    b"-1",
    b"\0",
    b"1\x005",
)
_FIELDS: Final = (
    (0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (148, 8), (156, 1), (157, 100), (257, 6), (263, 2),
    (265, 32), (297, 32), (329, 8), (337, 8), (345, 12), (357, 12), (386, 24), (482, 1), (483, 12), (345, 155), (508, 4),
)  # fmt: skip
_TEXTS: Final = (
    b"NaN", b"Infinity", b"-Infinity", b"null", b"true", b"tru", b"7", b"-", b"01", b"1.", b".5", b"1e", b"1E+", b"{}", b"[]", b"[1,]",
    b'{"a":1,}', b'"\\u12"', b'"\\x"', b'"\xff\xfe"', b'"\\ud800"', b"'a'", b'"\n"', b'"a', b"{a:1}", b'{"a" 1}', b'{"a":1 "b":2}',
    b"[1 2]", b"\xef\xbb\xbf{}", b"//", b"nulL", b"fals3", b"\\", b"\x7f", b"\xa0", b"\x80", b'{"label":1,"type":[]}', b"",
)  # fmt: skip
_PAX: Final = (
    ("path", "metadata.json"), ("path", "a\0b"), ("size", "12"), ("size", "-1"), ("size", "x"), ("size", ""), ("uid", "99999999999999999999"),
    ("mtime", "1.5"), ("mtime", "1.x"), ("mtime", "-1.25"), ("atime", "."), ("linkpath", "x"), ("SCHILY.xattr.a", "b"), ("comment", "a=b"),
    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.name", "metadata.json"),
    ("GNU.sparse.realsize", "40"), ("GNU.sparse.size", "40"), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "0,5"), ("GNU.sparse.map", "0,5,9"),
    ("GNU.sparse.offset", "0"), ("GNU.sparse.numbytes", "5"), ("GNU.sparse.offset", "1,2"), ("", "x"), ("a\0", "x"),
)  # fmt: skip


def make_mutant(seed: int) -> bytes:
    """Return a package that differs from a good one in some way."""
    random_ = random.Random(seed)
    code_files = [
        ("connection.json", b'{"address":"a:1"}'),
        ("META-INF/statedb/couchdb/indexes/i.json", b"{}"),
    ]
    metadata = b'{"label":"grades_1.0","path":"","type":"ccaas"}'
    where = random_.choice(["gzip", "tar", "json", "code", "code gzip", "shape", "shape"])
    if where == "json":
        metadata = _mutate_json(random_, metadata)
    code = _tar(random_, code_files, 0.5 if where == "shape" else 0)
    if where == "code":
        code = _mutate_tar(random_, code)
    packed = _gzip(random_, code)
    if where == "code gzip":
        packed = _mutate_gzip(random_, packed)
    files = [("metadata.json", metadata), ("code.tar.gz", packed)]
    random_.shuffle(files)
    outer = _tar(random_, files, 0.5 if where == "shape" else 0)
    if where == "tar":
        outer = _mutate_tar(random_, outer)
    whole = _gzip(random_, outer)
    return _mutate_gzip(random_, whole) if where == "gzip" else whole


def _mutate_json(random_: random.Random, metadata: bytes) -> bytes:
    part = random_.choice(_TEXTS)
    kind = random_.randrange(5)
    if kind == 0:
        return part
    if kind == 1:
        key = random_.choice(["label", "LABEL", "Path", "type", "x", "tYpE"])
        return metadata[:-1] + b',"' + key.encode() + b'":' + part + b"}"
    if kind == 2:
        return metadata + random_.choice([b" ", b"\n", part])
    at = random_.randrange(len(metadata))
    if kind == 3:
        return metadata[:at] + part + metadata[at:]
    return metadata[:at] + bytes([random_.randrange(256)]) + metadata[at + random_.randrange(2) :]


def _tar(random_: random.Random, files: Sequence[tuple[str, bytes]], odd: float) -> bytes:
    kind = random_.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    parts = []
    for name, content in files:
        parts += [_odd_entry(random_) for _ in range(2) if random_.random() < odd]
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        parts.append(entry.tobuf(kind) + _padded(content))
    end = random_.choice([1024, 1024, 1024, 512, 0, 100, 10_240])
    return b"".join(parts) + bytes(end)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def _odd_entry(random_: random.Random) -> bytes:
    """Return an entry of a kind that describes the next one, or that is sparse."""
    makers: Sequence[Callable[[random.Random], bytes]] = (
        _pax_entry,
        _pax_entry,
        _long_name,
        _sparse_entry,
    )
    return random_.choice(makers)(random_)


def _pax_entry(random_: random.Random) -> bytes:
    body = b""
    for key, value in random_.sample(_PAX, random_.choice([1, 1, 2, 3, 4, 6])):
        text = f" {key}={value}\n".encode()
        length = len(text)
        while len(str(length)) + len(text) != length:
            length = len(str(length)) + len(text)
        body += str(length + random_.choice([0] * 20 + [1, -1, 400])).encode() + text
    if random_.random() < 0.1:
        body = body[:-1] + b"!"
    header = _header("PaxHeaders/x", len(body), random_.choice(b"xxxxxxg"))
    entry = header + _padded(body)
    if random_.random() < 0.3:
        entry += _map_in_content(random_)
    return entry


def _map_in_content(random_: random.Random) -> bytes:
    text = random_.choice(
        [b"1\n0\n5\n", b"2\n0\n5\n10\n2\n", b"x\n", b"1\n5\n", b"-1\n", b"0\n", b"1\n9\n99\n"]
    )
    content = _padded(text) + b"hello"[: random_.randrange(6)]
    return _header("sparse", len(content), ord("0")) + _padded(content)


def _long_name(random_: random.Random) -> bytes:
    name = random_.choice([b"metadata.json\0", b"x" * 300 + b"\0", b"", b"\xff\0", b"../up", b"d/"])
    size = random_.choice([len(name)] * 5 + [1 << 21])
    return _header("././@LongLink", size, random_.choice(b"LK")) + _padded(name)


def _sparse_entry(random_: random.Random) -> bytes:
    content = b"hello"
    block = bytearray(_header("sparse", len(content), ord("S")))
    block[257:265] = b"ustar  \0" if random_.random() < 0.9 else b"ustar\x0000"
    block[345:] = bytes(167)
    for at, (offset, length) in enumerate(
        [(0, 5), (7, random_.choice([0, 1, -1]))][: random_.randrange(3)]
    ):
        start = 386 + 24 * at
        block[start : start + 24] = f"{offset:011o}\0{length:011o}\0".encode()[:24]
    block[482] = random_.random() < 0.2
    block[483:495] = f"{random_.choice([5, 20, 3]):011o}\0".encode()
    more = bytes(504) + bytes([random_.random() < 0.1]) + bytes(7) if block[482] else b""
    return _with_checksum(block) + more + _padded(content)


def _header(name: str, size: int, kind: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    block = bytearray(entry.tobuf(tarfile.USTAR_FORMAT)[:512])
    block[156] = kind
    return _with_checksum(block)


def _with_checksum(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def _mutate_tar(random_: random.Random, data: bytes) -> bytes:
    kind = random_.randrange(4)
    if kind == 0:
        return data[: random_.randrange(len(data) + 1)]
    if kind == 1:
        return _mutate_bytes(random_, data)
    starts = [0] * (len(data) >= 512) + [
        at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"
    ]
    if not starts:
        return data
    at = random_.choice(starts)
    block = bytearray(data[at : at + 512])
    start, length = random_.choice(_FIELDS)
    if start == 156:
        block[156] = random_.choice(_TYPES)
    else:
        given = random_.choice(
            [*_NUMBERS, random_.randbytes(random_.randrange(1, 5)), b"ustar  \0", b"tar\0"]
        )
        block[start : start + length] = given[:length].ljust(
            length, random_.choice([b"\0", b"0", b" "])
        )
    fixed = bytes(block) if random_.random() < 0.1 else _with_checksum(block)
    return data[:at] + fixed + data[at + 512 :]


def _gzip(random_: random.Random, data: bytes) -> bytes:
    kind = random_.randrange(4)
    if kind == 0:
        at = random_.randrange(len(data) + 1)
        return gzip.compress(data[:at], 9, mtime=0) + gzip.compress(data[at:], 1, mtime=0)
    strategy = random_.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY])
    packer = zlib.compressobj(random_.randrange(10), zlib.DEFLATED, 31, 9, strategy)
    return packer.compress(data) + packer.flush()


def _mutate_gzip(random_: random.Random, data: bytes) -> bytes:
    kind = random_.randrange(5)
    if kind == 0:
        return data[: random_.randrange(len(data) + 1)]
    if kind == 1:
        flags = random_.randrange(32)
        extra = b"\x03\0xyz" if random_.random() < 0.8 else b"\xff\xff"
        names = random_.choice([b"n\0", b"n\0c\0", b"n" * 600 + b"\0c\0", b""])
        check = zlib.crc32(data[:3] + bytes([flags]) + data[4:10]) & 0xFFFF
        return (
            data[:3]
            + bytes([flags])
            + data[4:10]
            + extra
            + names
            + check.to_bytes(2, "little")
            + data[10:]
        )
    if kind == 2:
        return data + random_.choice(
            [b"\0", b"\x1f\x8b\x08", bytes(10), data[:10], b"garbage that is long"]
        )
    if kind == 3 and len(data) > 18:
        at = len(data) - random_.randrange(1, 9)
        return data[:at] + random_.randbytes(1) + data[at + 1 :]
    return _mutate_bytes(random_, data)


def _mutate_bytes(random_: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(min(len(changed), random_.choice([1, 1, 1, 2, 5]))):
        at = random_.randrange(len(changed))
        kind = random_.randrange(3)
        if kind == 0:
            changed[at] ^= 1 << random_.randrange(8)
        elif kind == 1:
            changed[at : at + 1] = random_.randbytes(random_.randrange(3))
        else:
            changed[at] = random_.randrange(256)
    return bytes(changed)
