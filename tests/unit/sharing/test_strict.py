"""The strict reader: it reads exactly what Protocol Buffers write deterministically, whatever the message."""

import pytest
from fabric_protos.common import common_pb2, policies_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2
from google.protobuf import struct_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import DecodeError
from pyfabric.sharing import strict
from tests.support.sharing.encodings import others

texts = st.text(st.characters(codec="utf-8"), max_size=5)
small = st.integers(-(2**31), 2**31 - 1)
numbers = st.integers(0, 2**64 - 1)

headers = st.builds(
    common_pb2.ChannelHeader,
    type=small,
    version=small,
    channel_id=texts,
    epoch=numbers,
    extension=st.binary(max_size=200),
)
inputs = st.builds(
    chaincode_pb2.ChaincodeInput,
    args=st.lists(st.binary(max_size=5), max_size=3),
    decorations=st.dictionaries(texts, st.binary(max_size=5), max_size=3),
    is_init=st.booleans(),
)
reads = st.builds(
    kv_rwset_pb2.KVRead,
    key=texts,
    version=st.none() | st.builds(kv_rwset_pb2.Version, block_num=numbers, tx_num=numbers),
)
read_sets = st.builds(kv_rwset_pb2.KVRWSet, reads=st.lists(reads, max_size=3))
rules = st.builds(policies_pb2.SignaturePolicy, signed_by=small)
numbers_in_json = st.builds(struct_pb2.Value, number_value=st.floats(allow_nan=False))
messages = headers | inputs | read_sets | rules | numbers_in_json


@given(messages)
def test_what_is_written_deterministically_is_read(message: Message) -> None:
    raw = message.SerializeToString(deterministic=True)
    assert strict.read(type(message), raw) == message


@given(messages, st.binary(max_size=12), st.integers(0, 300))
def test_what_is_read_has_no_other_encoding(message: Message, noise: bytes, at: int) -> None:
    raw = message.SerializeToString(deterministic=True)
    changed = raw[:at] + noise + raw[at + len(noise) :]
    try:
        found = strict.read(type(message), changed)
    except DecodeError:
        return
    assert found.SerializeToString(deterministic=True) == changed


def example() -> common_pb2.ChannelHeader:
    header = common_pb2.ChannelHeader(type=3, channel_id="tax", tx_id="t", extension=b"e")
    header.timestamp.seconds = 5
    return header


OTHERS = dict(others(example().SerializeToString()))


@pytest.mark.parametrize("name", OTHERS)
def test_another_encoding_of_the_same_message_is_refused(name: str) -> None:
    with pytest.raises(DecodeError):
        strict.read(common_pb2.ChannelHeader, OTHERS[name])


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        (common_pb2.ChannelHeader, "0800", "only form"),  # a default
        (common_pb2.ChannelHeader, "08ffffffff7f", "only form"),  # a number with too many bits
        (common_pb2.ChannelHeader, "08808000", "minimally"),
        (common_pb2.ChannelHeader, "1a021000", "only form"),  # a default inside
        (common_pb2.ChannelHeader, "1a03a80601", "field 101 of a google.protobuf.Timestamp"),
        (common_pb2.ChannelHeader, "1a0208011a021001", "field 3 of a common.ChannelHeader is re"),
        (common_pb2.ChannelHeader, "0d01000000", "field 1 of a common.ChannelHeader is unknown"),
        (chaincode_pb2.ChaincodeInput, "1802", "only form"),  # true is 1
        (proposal_pb2.ChaincodeProposalPayload, "12040a00120012040a001200", "only form"),
        (proposal_pb2.ChaincodeProposalPayload, "12030a016212030a0161", "only form"),
        (common_pb2.ChannelHeader, "2203ffffff", "are not a"),
        (common_pb2.ChannelHeader, "22", "are not a"),
    ],
)
def test_forms_that_readers_take_otherwise(kind: type[Message], raw: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        strict.read(kind, bytes.fromhex(raw))


def test_numbers_of_a_fixed_width_and_lists_of_numbers_are_read() -> None:
    number = struct_pb2.Value(number_value=2.5)
    assert strict.read(struct_pb2.Value, number.SerializeToString()) == number
    listed = struct_pb2.Value(list_value=struct_pb2.ListValue(values=[number]))
    assert strict.read(struct_pb2.Value, listed.SerializeToString()) == listed
