"""Other encodings of a message: most readers of Protocol Buffers take them for the same message, or nearly the same."""

from collections.abc import Iterator

from tests.support.messages.mutation import fields, varint, written

_BYTES = 2


def others(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield other encodings, by what was done to the message."""
    parts = fields(raw)
    assert parts
    yield "an unknown field", raw + written([(500, 0, b"\1")])
    yield "an unknown field of bytes", raw + written([(500, _BYTES, b"x")])
    yield "an unknown field before", written([(500, 0, b"\1")]) + raw
    yield "the last field again", raw + written(parts[-1:])
    yield "bytes after it", raw + b"\0"
    if len({number for number, _, _ in parts}) > 1:
        yield "another order", written(list(reversed(parts)))
    for at, (number, kind, content) in enumerate(parts):
        before, after = written(parts[:at]), written(parts[at + 1 :])
        tag = varint(number << 3 | kind)
        length = varint(len(content)) if kind == _BYTES else b""
        yield f"field {at} with a long tag", before + _padded(tag) + length + content + after
        if kind == _BYTES:
            padded = _padded(length)
            yield f"field {at} with a long length", before + tag + padded + content + after
            if content:
                half = [(number, kind, content[:1]), (number, kind, content[1:])]
                yield f"field {at} in two parts", before + written(half) + after
        elif kind == 0:
            yield f"field {at} with a long number", before + tag + _padded(content) + after


def _padded(number: bytes) -> bytes:
    return bytes((*number[:-1], number[-1] | 0x80, 0))
