"""PEM blocks, found as Fabric finds them: text around a block does not matter."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

# A block runs from the last BEGIN line before an END line to that END line.
_END = b"\n-----END "
_BEGIN = b"-----BEGIN "
_DASHES = b"-----"


@dataclass(frozen=True, slots=True)
class Block:
    """One PEM block: its label (whatever it is) and the bytes inside."""

    label: str
    content: bytes


def find(data: bytes) -> Block | None:
    """Return the first well-formed block of `data`; None if there is none."""
    return next(find_all(data), None)


def find_all(data: bytes) -> Iterator[Block]:
    """Yield the well-formed blocks of `data` in their order."""
    at = 0
    while (end := data.find(_END, at)) >= 0:
        begin = data.rfind(_BEGIN, at, end + 1)
        if begin >= 0 and (begin == 0 or data[begin - 1 : begin] == b"\n"):
            block = _read_block(data, begin + len(_BEGIN), end)
            if block is not None:
                yield block
        at = end + len(_END)


def split(data: bytes) -> list[bytes]:
    """Return the well-formed blocks of `data` one by one, each as PEM."""
    return [encode(block.label, block.content) for block in find_all(data)]


def not_certificates(data: bytes) -> str | None:
    """Return why these are no certificates in PEM and what to do, or None if they are."""
    block = find(data)
    if block is not None and block.label == "CERTIFICATE":
        return None
    if block is not None:
        return f"the PEM block is a {block.label}, not a CERTIFICATE"
    if b"\\n" in data and find(data.replace(b"\\n", b"\n")) is not None:
        return "no PEM: its line ends are written out as \\n: write them as line ends"
    if find(_from_base64(data)) is not None:
        return "no PEM but base64 of it: decode it first"
    if b"\n" not in data.strip() and data.strip().endswith((b".pem", b".crt", b".cer")):
        return "no PEM but the name of a file: give the file's content, or its path where that is taken"
    return "no PEM certificate (-----BEGIN CERTIFICATE-----)"


def _from_base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        return b""


def encode(label: str, content: bytes) -> bytes:
    """Return a PEM block with lines of 64 characters."""
    text = base64.b64encode(content)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    name = label.encode()
    return b"\n".join((b"-----BEGIN " + name + _DASHES, *lines, b"-----END " + name + b"-----\n"))


def _read_block(data: bytes, start: int, end: int) -> Block | None:
    first_line = data.find(b"\n", start)
    label_line = data[start:first_line].rstrip(b" \t\r")
    if not label_line.endswith(_DASHES):
        return None
    label = label_line[: -len(_DASHES)]
    tail = data[end + len(_END) :].partition(b"\n")[0].rstrip(b" \t\r")
    if tail != label + _DASHES:
        return None
    content = _decode(data[first_line + 1 : end + 1])
    return None if content is None else Block(label.decode(errors="replace"), content)


def _decode(body: bytes) -> bytes | None:
    lines = body.split(b"\n")
    while lines and b":" in lines[0]:
        del lines[0]
    try:
        return binascii.a2b_base64(re.sub(rb"[ \t\r]", b"", b"".join(lines)), strict_mode=True)
    except binascii.Error:
        return None
