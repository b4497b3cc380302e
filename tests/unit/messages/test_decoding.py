"""Bytes to messages: what is no message raises the caller's error in Fabric's words."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2, policies_pb2
from fabric_protos.peer import chaincode_shim_pb2, collection_pb2, proposal_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, ContractError, DecodeError
from pyfabric.messages.decoding import decode, read_time

UTF8 = "string field contains invalid UTF-8"
GO = "proto: cannot parse invalid wire-format data"
SOURCES = ("pyfabric", "network/pyfabric_network", "cli/pyfabric_cli", "chaincode")


@given(channel_id=st.text(), number=st.integers(0, 2**31 - 1))
def test_what_a_message_holds_is_read_back(channel_id: str, number: int) -> None:
    header = common_pb2.ChannelHeader(channel_id=channel_id, type=number)
    assert decode(common_pb2.ChannelHeader, header.SerializeToString()) == header


@pytest.mark.parametrize("kind", [common_pb2.Block, common_pb2.Payload, proposal_pb2.Proposal])
def test_bytes_that_are_no_message_raise_what_the_caller_asked_for(kind: type[Message]) -> None:
    name = kind.DESCRIPTOR.name
    for arguments, error, text in (
        ((), DecodeError, f"2 bytes are not a {kind.DESCRIPTOR.full_name}"),
        ((ConfigError,), ConfigError, f"error unmarshalling {name}: {GO}"),
        ((ContractError, "unmarshal failed"), ContractError, f"unmarshal failed: {GO}"),
        ((ConfigError, ""), ConfigError, GO),
    ):
        with pytest.raises(error) as caught:
            decode(kind, b"\xff\xff", *arguments)
        assert type(caught.value) is error
        assert str(caught.value) == text
        assert caught.value.__cause__ is not None


def _size(data: bytes) -> bytes:
    low, high = len(data) & 0x7F, len(data) >> 7
    return bytes([low | 0x80, high]) if high else bytes([low])


def _nested(depth: int) -> str:
    """Return a policy in a policy and so on, in hexadecimal digits."""
    policy = policies_pb2.SignaturePolicy(signed_by=1).SerializeToString()
    for _ in range(depth):
        for tag in (b"\x12", b"\x12"):  # n_out_of, and its rules
            policy = tag + _size(policy) + policy
    return policy.hex()


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        (common_pb2.ChannelHeader, "220361c328", UTF8),
        (common_pb2.ChannelHeader, "220361c3a9", None),
        (common_pb2.ChannelHeader, "220461c328", GO),  # shorter than it says
        (common_pb2.ChannelHeader, "08012202c32808", UTF8),  # the first of two faults
        (common_pb2.ChannelHeader, "08012201610b2202c328", GO),  # a group that has no end
        (common_pb2.ChannelHeader, "ffffffffffffffffffff012202c328", GO),  # a tag without end
        (common_pb2.ChannelHeader, "a20602c3282202c328", UTF8),  # an unknown field may hold any
        (common_pb2.ChannelHeader, "a1060102030405060708a506010203042202c328", UTF8),
        (common_pb2.ChannelHeader, "a106010203", GO),
        (collection_pb2.CollectionConfigPackage, "0a060a040a02c328", UTF8),
        (collection_pb2.CollectionConfigPackage, "0a040a02ff010a060a040a02c328", GO),
        (collection_pb2.CollectionConfigPackage, "0a040a020a0008", GO),
        (common_pb2.ChannelHeader, "0801" * 150 + "2202c328", UTF8),
        (common_pb2.ChannelHeader, "0801" * 100_000 + "2202c328", GO),  # looked at no further
        (policies_pb2.SignaturePolicy, _nested(20) + "08", GO),
        (policies_pb2.SignaturePolicy, _nested(500), GO),
        (chaincode_shim_pb2.PutState, "0a01611202c328", None),  # bytes may be any
        (proposal_pb2.ChaincodeProposalPayload, "12040a02c328", UTF8),  # a key of a map
    ],
)
def test_what_go_says_of_the_first_fault(kind: type[Message], raw: str, text: str | None) -> None:
    if text is None:
        decode(kind, bytes.fromhex(raw), ContractError, "")
        return
    with pytest.raises(ContractError) as caught:
        decode(kind, bytes.fromhex(raw), ContractError, "")
    assert str(caught.value) == text


def test_times_are_utc_and_those_beyond_the_calendar_are_refused() -> None:
    assert read_time(Timestamp(seconds=1, nanos=1999)) == datetime(
        1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC
    )
    with pytest.raises(DecodeError, match="seconds after 1970"):
        read_time(Timestamp(seconds=2**60))


def test_only_decode_reads_protocol_buffers() -> None:
    found = []
    for source in SOURCES:
        for file in Path(source).rglob("*.py"):
            if file.match("pyfabric/messages/decoding.py"):
                continue
            found += [
                f"{file}:{node.lineno}"
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Attribute)
                and node.attr in {"FromString", "ParseFromString", "MergeFromString"}
            ]
    assert found == []
