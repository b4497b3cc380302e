"""google.rpc.Status read and written without its package."""

import pytest
from fabric_protos.gateway import gateway_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.any_pb2 import DESCRIPTOR as ANY
from google.protobuf.any_pb2 import Any
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import DecodeError, ErrorDetail
from pyfabric.messages.status_details import read_details, write_status

DETAILS = st.lists(st.builds(ErrorDetail, st.text(), st.text(), st.text()), max_size=5)
Field = descriptor_pb2.FieldDescriptorProto


def protobuf_status() -> type:
    """Return google.rpc.Status as a protobuf message class, to compare with our own decoder."""
    file = descriptor_pb2.FileDescriptorProto(
        name="status.proto",
        package="judge",
        syntax="proto3",
        dependency=["google/protobuf/any.proto"],
        message_type=[
            descriptor_pb2.DescriptorProto(
                name="Status",
                field=[
                    Field(name="code", number=1, type=Field.TYPE_INT32, label=Field.LABEL_OPTIONAL),
                    Field(
                        name="message", number=2, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL
                    ),
                    Field(
                        name="details",
                        number=3,
                        type=Field.TYPE_MESSAGE,
                        label=Field.LABEL_REPEATED,
                        type_name=".google.protobuf.Any",
                    ),
                ],
            )
        ],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(ANY.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("judge.Status"))


STATUS = protobuf_status()


@given(code=st.integers(0, 16), message=st.text(), details=DETAILS)
def test_what_is_written_is_protobufs_own(
    code: int, message: str, details: list[ErrorDetail]
) -> None:
    raw = write_status(code, message, details)
    status = STATUS.FromString(raw)
    assert (status.code, status.message) == (code, message)
    assert status.SerializeToString() == raw
    assert read_details(raw) == tuple(details)
    for packed, detail in zip(status.details, details, strict=True):
        assert packed.type_url == "type.googleapis.com/gateway.ErrorDetail"
        given_back = gateway_pb2.ErrorDetail.FromString(packed.value)
        assert (given_back.address, given_back.msp_id, given_back.message) == (
            detail.address,
            detail.msp_id,
            detail.message,
        )


def test_details_of_other_kinds_and_unknown_fields_are_passed_over() -> None:
    other = Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\x08\x01")
    ours = write_status(10, "m", [ErrorDetail("a", "b", "c")])
    unknown = (
        b"\x1a"
        + bytes([other.ByteSize()])
        + other.SerializeToString()  # another detail
        + b"\x21"
        + bytes(8)  # field 4, eight bytes
        + b"\x2d"
        + bytes(4)  # field 5, four bytes
        + b"\x30\xff\x01"  # field 6, a number
    )
    assert read_details(unknown + ours) == (ErrorDetail("a", "b", "c"),)


@pytest.mark.parametrize(
    "raw", [b"\x1a", b"\x1a\x05ab", b"\x1b", b"\xff" * 11, b"\x1a\x02\xff\xff", b"\x21\x00"]
)
def test_what_breaks_off_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        read_details(raw)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        details = read_details(raw)
    except DecodeError:
        return
    assert all(isinstance(detail, ErrorDetail) for detail in details)
