"""google.rpc.Status in the trailer grpc-status-details-bin, read and written without its package.

The message has three fields (code, message, details: repeated google.protobuf.Any); Fabric puts
gateway.ErrorDetail into the third.
"""

from collections.abc import Iterator, Sequence

from fabric_protos.gateway import gateway_pb2
from google.protobuf.any_pb2 import Any

from pyfabric.errors import RESPONSE, DecodeError, ErrorDetail, Refusal
from pyfabric.messages.decoding import decode
from pyfabric.messages.refusals import read_refusal

TRAILER = "grpc-status-details-bin"

_TYPE_URL = "type.googleapis.com/" + gateway_pb2.ErrorDetail.DESCRIPTOR.full_name
_CODE, _MESSAGE, _DETAILS = 1, 2, 3
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(raw[position : position + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise DecodeError("a google.rpc.Status breaks off in a number")


def _length(raw: bytes, wire_type: int, position: int) -> tuple[int, int]:
    match wire_type:
        case _ if wire_type == _LENGTH:
            return _varint(raw, position)
        case _ if wire_type == _FIXED64:
            return 8, position
        case _ if wire_type == _FIXED32:
            return 4, position
        case _:
            raise DecodeError(f"a google.rpc.Status has a field of wire type {wire_type}")


def _fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each field that is not a varint, as its number and its bytes."""
    position = 0
    while position < len(raw):
        tag, position = _varint(raw, position)
        if tag & 7 == _VARINT:
            _, position = _varint(raw, position)
            continue
        size, position = _length(raw, tag & 7, position)
        if position + size > len(raw):
            raise DecodeError("a google.rpc.Status breaks off in a field")
        yield tag >> 3, raw[position : position + size]
        position += size


def read_details(raw: bytes) -> tuple[ErrorDetail, ...]:
    """Return the gateway.ErrorDetail messages of a google.rpc.Status, with refusals in them; others are left out.

    Raises DecodeError.
    """
    packed = [decode(Any, value) for number, value in _fields(raw) if number == _DETAILS]
    return tuple(
        ErrorDetail(detail.address, detail.msp_id, detail.message, _refusal(detail.message))
        for detail in (
            decode(gateway_pb2.ErrorDetail, each.value)
            for each in packed
            if each.type_url == _TYPE_URL
        )
    )


def _refusal(message: str) -> Refusal | None:
    """Return a contract's refusal, which the peer has put behind its status."""
    response = RESPONSE.fullmatch(message)
    return None if response is None else read_refusal(response[2])


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _write_field(number: int, value: bytes) -> bytes:
    return _write_varint(number << 3 | _LENGTH) + _write_varint(len(value)) + value


def write_status(code: int, message: str, details: Sequence[ErrorDetail]) -> bytes:
    """Return the bytes of a google.rpc.Status whose details are gateway.ErrorDetail messages."""
    packed = (
        Any(
            type_url=_TYPE_URL,
            value=gateway_pb2.ErrorDetail(
                address=detail.address, msp_id=detail.msp_id, message=detail.message
            ).SerializeToString(),
        ).SerializeToString()
        for detail in details
    )
    head = (_write_varint(_CODE << 3 | _VARINT) + _write_varint(code)) if code else b""
    text = _write_field(_MESSAGE, message.encode()) if message else b""
    return head + text + b"".join(_write_field(_DETAILS, each) for each in packed)
