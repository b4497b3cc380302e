"""Bytes to messages: what is no message raises the caller's error in Fabric's words."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, ContractError, DecodeError
from pyfabric.messages.decoding import decode, read_time

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
