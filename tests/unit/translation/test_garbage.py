"""Broken messages and broken JSON: shown as far as they can be read, kept, or refused; never a fault."""

import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import events_pb2, proposal_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.kinds import KINDS, kind_named
from pyfabric.messages.translation.marks import (
    EXACT,
    MAX_DEPTH,
    UNDECODABLE,
    UNKNOWN,
    encoded,
    parse,
)
from pyfabric.messages.translation.places import Table
from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE
from tests.support.messages.mutation import mutant, nested
from tests.support.rules import history

BLOCKS = [block.SerializeToString() for block in history.blocks()]
ODD = (
    None,
    True,
    -1,
    10**40,
    1.5,
    "",
    "AAA",
    "\ud800",
    [[None]],
    {},
    {UNDECODABLE: 1},
    {UNDECODABLE: "/w=="},
    {EXACT: "AA"},
    {UNKNOWN: "/w=="},
    "9999999999-01-01T00:00:00Z",
)
NAMES = ("nothing", "\ud800", EXACT, UNKNOWN, "type", "channelGroup")


def comparable(tree: Any) -> Any:
    """Return a document without what may be written in another order: maps in unknown fields."""
    if isinstance(tree, dict):
        return {
            name: len(value) if name == UNKNOWN else comparable(value)
            for name, value in tree.items()
        }
    return [comparable(value) for value in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("table", [AS_FABRIC, COMPLETE], ids=["as Fabric", "complete"])
@given(seed=st.integers(0, 2**64))
def test_a_broken_block_is_shown_and_nothing_is_lost(table: Table, seed: int) -> None:
    try:
        block = decode(common_pb2.Block, mutant(seed, BLOCKS))
    except DecodeError:
        return
    tree = to_json(block, opened=table)
    again = from_json(common_pb2.Block, parse(json.dumps(tree)))
    assert comparable(to_json(again, opened=table)) == comparable(tree)
    assert again.ByteSize() == block.ByteSize()


@given(seed=st.integers(0, 2**64))
def test_broken_json_is_refused_or_a_message(seed: int) -> None:
    random = Random(seed)
    tree = to_json(random.choice(history.blocks()), opened=COMPLETE)
    places = list(inner(tree))
    for _ in range(random.randint(1, 3)):
        around, name = random.choice(places)
        if isinstance(around, dict) and random.random() < 0.2:
            name = random.choice(NAMES)
        around[name] = random.choice(ODD)
    with suppress(DecodeError):
        from_json(common_pb2.Block, tree).SerializeToString()


def inner(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every member of a document, with what it stands in."""
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, name
        if isinstance(value, (dict, list)):
            yield from inner(value)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_of_message_empty(kind: type[Message]) -> None:
    for table in (AS_FABRIC, COMPLETE):
        tree = to_json(kind(), opened=table)
        assert from_json(kind, tree) == kind()
        fields = {field.name for field in kind.DESCRIPTOR.fields if not field.containing_oneof}
        assert set(tree) == fields


def test_there_are_messages() -> None:
    assert len(KINDS) == 294


def test_bytes_that_are_no_message_are_marked() -> None:
    envelope = common_pb2.Envelope(payload=b"\xff\xff", signature=b"s")
    tree = to_json(envelope)
    assert tree == {"payload": {UNDECODABLE: "//8="}, "signature": "cw=="}
    assert from_json(common_pb2.Envelope, tree) == envelope


def test_fields_that_nobody_knows_are_kept() -> None:
    unknown = nested(1, 99, b"later")
    envelope = common_pb2.Envelope(payload=unknown)
    tree = to_json(envelope)
    assert tree["payload"][UNKNOWN] == encoded(unknown)
    assert from_json(common_pb2.Envelope, tree) == envelope


def test_bytes_written_otherwise_than_usual_are_kept_until_the_message_changes() -> None:
    payload = nested(1, 2, b"data") + nested(1, 1)
    tree = to_json(common_pb2.Envelope(payload=payload))
    assert tree["payload"][EXACT] == encoded(payload)
    assert from_json(common_pb2.Envelope, tree).payload == payload
    tree["payload"]["header"] = None
    assert from_json(common_pb2.Envelope, tree).payload == nested(1, 2, b"data")


def test_a_time_that_is_none() -> None:
    header = common_pb2.ChannelHeader(timestamp=Timestamp(seconds=10**17))
    assert UNDECODABLE in to_json(header)["timestamp"]
    strange = common_pb2.ChannelHeader()
    strange.timestamp.MergeFromString(nested(1, 9))
    assert UNDECODABLE in to_json(strange)["timestamp"]
    for each in (header, strange):
        assert from_json(common_pb2.ChannelHeader, to_json(each)) == each


@pytest.mark.parametrize("depth", [MAX_DEPTH // 2, 10 * MAX_DEPTH])
def test_messages_in_messages_without_end(depth: int) -> None:
    """Nest orderer transactions: each holds an envelope, which may hold an orderer transaction …"""
    header = common_pb2.Header(
        channel_header=common_pb2.ChannelHeader(
            type=common_pb2.HeaderType.ORDERER_TRANSACTION
        ).SerializeToString()
    )
    envelope = common_pb2.Envelope()
    for _ in range(depth):
        payload = common_pb2.Payload(header=header, data=envelope.SerializeToString())
        envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    tree = to_json(envelope)
    assert from_json(common_pb2.Envelope, parse(json.dumps(tree))) == envelope


def test_groups_in_groups_without_end() -> None:
    tree: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        tree = {"groups": {"a": tree}}
    with pytest.raises(DecodeError, match="more than 100 messages in messages"):
        from_json(configtx_pb2.ConfigGroup, tree)
    with pytest.raises(DecodeError, match="not JSON"):
        parse('{"groups":' * 100_000)
    raw = configtx_pb2.ConfigGroup()
    deepest = raw
    for _ in range(MAX_DEPTH + 10):
        deepest = deepest.groups["a"]
    assert "@undecodable" in json.dumps(to_json(raw))


def test_what_json_should_have_been() -> None:
    for kind, tree, problem in (
        (common_pb2.Block, [], "common.Block: an object should be there, not list"),
        (common_pb2.Block, {"data": 5}, "common.Block.data: an object should be there, not int"),
        (
            common_pb2.Block,
            {"data": {"data": {}}},
            "common.Block.data.data: a list should be there",
        ),
        (
            common_pb2.Block,
            {"data": {"data": [7]}},
            r"data\[0\]: an object should be there, not int",
        ),
        (common_pb2.Block, {"data": {"data": ["%"]}}, r"data\[0\]: not base64"),
        (common_pb2.Block, {UNDECODABLE: 7}, "base64 should be there, not int"),
        (common_pb2.Block, {UNDECODABLE: "/w=="}, "common.Block: 1 bytes are not a common.Block"),
        (common_pb2.Block, {"colour": "red"}, "common.Block: no field is called 'colour'"),
        (
            configtx_pb2.ConfigGroup,
            {"values": {"x": {"value": {}}}},
            "the message's type is not known",
        ),
        (configtx_pb2.ConfigGroup, {"groups": {"\udfff": {}}}, r"'\\udfff' is no key"),
        (events_pb2.BlockAndPrivateData, {"private_data_map": {"x": {}}}, "'x' is no key"),
    ):
        with pytest.raises(DecodeError, match=problem):
            from_json(kind, tree)


def test_numbers_as_keys_and_bytes_in_lists_and_maps() -> None:
    message = events_pb2.BlockAndPrivateData()
    message.private_data_map[7].data_model = 0
    assert to_json(message)["private_data_map"] == {"7": {"data_model": "KV", "ns_pvt_rwset": []}}
    assert from_json(events_pb2.BlockAndPrivateData, to_json(message)) == message
    update = configtx_pb2.ConfigUpdate(isolated_data={"x": b"y"})
    assert to_json(update)["isolated_data"] == {"x": "eQ=="}
    assert from_json(configtx_pb2.ConfigUpdate, to_json(update)) == update
    payload = proposal_pb2.ChaincodeProposalPayload(TransientMap={"key": b"secret"})
    assert from_json(proposal_pb2.ChaincodeProposalPayload, to_json(payload)) == payload
    empty = common_pb2.BlockData(data=[b""])
    assert to_json(empty) == {"data": [{"payload": None, "signature": ""}]}
    assert from_json(common_pb2.BlockData, to_json(empty)) == empty
    assert from_json(common_pb2.BlockData, {"data": [None]}) == empty


def test_a_metadata_entry_that_fabric_does_not_know() -> None:
    entry = kv_rwset_pb2.KVMetadataEntry(name="colour", value=b"red")
    assert to_json(entry, opened=COMPLETE)["value"] == "cmVk"


def test_names_of_messages() -> None:
    assert kind_named("common.Block") is common_pb2.Block
    for name, hint in (
        ("common.Blocks", "do you mean common.Block"),
        ("Transaction", "do you mean protos.Transaction"),
        ("?", "one is common.Block"),
    ):
        with pytest.raises(DecodeError, match=hint):
            kind_named(name)
