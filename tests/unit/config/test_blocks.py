"""Blocks of real channels: hashes, metadata, what orderers signed (5-channel-history, 5-bft-blocks)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.msp import identities_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, DecodeError, PolicyError, ValidationCode
from pyfabric.messages import blocks
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.conftest import ROOT

VECTORS = ROOT / "tests" / "vectors"
HISTORY = VECTORS / "5-channel-history"
BFT = VECTORS / "5-bft-blocks"
SIGNATURES = common_pb2.BlockMetadataIndex.SIGNATURES


def read(folder: Path) -> list[common_pb2.Block]:
    files = sorted((folder / "blocks").glob("*.block"))
    return [blocks.parse_block(file.read_bytes()) for file in files]


def facts(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "blocks.json").read_text(encoding="utf-8"))


def test_a_block_is_of_the_channel_that_its_first_readable_transaction_names() -> None:
    def naming(channel: str) -> bytes:
        header = common_pb2.ChannelHeader(channel_id=channel).SerializeToString()
        payload = common_pb2.Payload(header=common_pb2.Header(channel_header=header))
        return common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()

    def block(*data: bytes) -> common_pb2.Block:
        return common_pb2.Block(data=common_pb2.BlockData(data=data))

    assert blocks.channel_of(block(b"\xff", naming(""), naming("tax"), naming("land"))) == "tax"
    assert blocks.channel_of(block(b"\xff", naming(""))) == ""
    assert blocks.channel_of(block()) == ""


@pytest.mark.parametrize(("folder", "count"), [(HISTORY, 165), (BFT, 6)])
def test_hashes_of_every_block(folder: Path, count: int) -> None:
    previous = b""
    chain = read(folder)
    assert len(chain) == count
    for block, fact in zip(chain, facts(folder), strict=True):
        assert blocks.header_hash(block.header).hex() == fact["header_hash"]
        assert blocks.data_hash(block.data).hex() == fact["data_hash"]
        assert block.header.data_hash.hex() == fact["data_hash"]
        assert block.header.previous_hash == previous
        previous = blocks.header_hash(block.header)
        codes = [ValidationCode(code).name for code in blocks.transaction_filter(block)]
        assert codes == [one["validation"] for one in fact["transactions"]]


@pytest.mark.parametrize("folder", [HISTORY, BFT])
def test_orderers_signatures_of_every_block(folder: Path) -> None:
    chain = read(folder)
    config = ChannelConfig.from_block(chain[0])
    newest = 0
    for block in chain[1:]:
        config.verify_block(block)
        if blocks.last_config_index(block) == block.header.number:
            newest = block.header.number
            config = ChannelConfig.from_block(block)
        assert blocks.last_config_index(block) == newest
    assert config.sequence >= 1
    with pytest.raises(PolicyError, match="satisf"):
        config.verify_block(chain[0])


def test_each_of_the_bft_signatures_is_that_of_the_consenter_with_its_number() -> None:
    chain = read(BFT)
    config = ChannelConfig.from_block(chain[0])
    numbers = {one.number: one.msp_id for one in config.consenters}
    good = 0
    for block in chain[1:]:
        consenters = {
            one.number: identities_pb2.SerializedIdentity(
                mspid=one.msp_id, id_bytes=one.identity
            ).SerializeToString()
            for one in config.consenters
        }
        for signed in blocks.signature_set(block, consenters):
            identity = config.msp_manager.deserialize(signed.identity)
            assert identity.msp_id in numbers.values()
            identity.verify(signed.data, signed.signature)
            good += 1
        if blocks.last_config_index(block) == block.header.number:
            config = ChannelConfig.from_block(block)
    assert good == json.loads((BFT / "case.json").read_text())["signatures_verified_here"]["good"]


def test_a_bft_block_needs_a_quorum_of_good_signatures() -> None:
    chain = read(BFT)
    config = ChannelConfig.from_block(chain[0])
    slot = blocks.metadata(chain[1], SIGNATURES)
    assert len(slot.signatures) == 3
    two = common_pb2.Metadata(value=slot.value, signatures=slot.signatures[:2])
    altered = common_pb2.Metadata.FromString(slot.SerializeToString())
    altered.signatures[0].signature = altered.signatures[1].signature
    stranger = common_pb2.Metadata.FromString(slot.SerializeToString())
    stranger.signatures[2].identifier_header = common_pb2.IdentifierHeader(
        identifier=9
    ).SerializeToString()
    for bad in (two, altered, stranger):
        block = common_pb2.Block.FromString(chain[1].SerializeToString())
        block.metadata.metadata[SIGNATURES] = bad.SerializeToString()
        with pytest.raises(PolicyError, match="did not satisfy policy"):
            config.verify_block(block)


def test_a_block_whose_data_was_changed() -> None:
    chain = read(HISTORY)
    config = ChannelConfig.from_block(chain[0])
    block = common_pb2.Block.FromString(chain[5].SerializeToString())
    block.data.data[0] += b"\0"
    with pytest.raises(PolicyError, match="block 5: its data does not have the hash"):
        config.verify_block(block)


def test_a_new_block_is_fabrics_to_the_byte() -> None:
    theirs = blocks.parse_block((HISTORY / "orderer-blocks-001.block").read_bytes())
    ours = blocks.new_block(1, theirs.header.previous_hash, theirs.data.data)
    slot = blocks.metadata(theirs, SIGNATURES)
    consenter = blocks.orderer_metadata(theirs).consenter_metadata
    newest = blocks.last_config_index(theirs)
    value = blocks.orderer_metadata_value(newest, consenter)
    assert value == slot.value
    ours.metadata.metadata[SIGNATURES] = blocks.signatures_slot(value, slot.signatures)
    ours.metadata.metadata[1] = blocks.last_config_slot(newest)
    assert ours == theirs
    signer = blocks.signature_set(ours, {})[0]
    signature_header = slot.signatures[0].signature_header
    message = blocks.block_signature_message(value, signature_header, ours.header)
    assert signer.data == message


def test_last_config_slot_of_a_later_block() -> None:
    theirs = blocks.parse_block((HISTORY / "orderer-blocks-164.block").read_bytes())
    index = blocks.last_config_index(theirs)
    assert blocks.last_config_slot(index) == theirs.metadata.metadata[1]


@given(
    st.integers(0, 2**64 - 1),
    st.one_of(
        st.just(b""), st.binary(min_size=32, max_size=32), st.binary(min_size=120, max_size=300)
    ),
)
def test_header_bytes_are_der(number: int, previous: bytes) -> None:
    header = common_pb2.BlockHeader(number=number, previous_hash=previous, data_hash=bytes(32))
    content = _tlv(blocks.header_bytes(header), 0x30)
    integer, rest = _take(content, 0x02)
    hash_before, rest = _take(rest, 0x04)
    hash_of_data, rest = _take(rest, 0x04)
    assert int.from_bytes(integer, "big", signed=True) == number
    assert len(integer) == max(1, number.bit_length() // 8 + 1)
    assert (hash_before, hash_of_data, rest) == (previous, bytes(32), b"")
    assert blocks.header_hash(header) == sha256(blocks.header_bytes(header)).digest()


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    assert data[0] == tag
    length, start = data[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:start], "big")
        assert length >= 0x80
    return data[start : start + length], data[start + length :]


def _tlv(data: bytes, tag: int) -> bytes:
    content, rest = _take(data, tag)
    assert rest == b""
    return content


def test_what_is_missing_or_malformed() -> None:
    with pytest.raises(DecodeError, match="are not a common"):
        blocks.parse_block(b"\xff")
    block = common_pb2.Block()
    assert blocks.transaction_filter(block) == b""
    with pytest.raises(DecodeError, match="no metadata at index 0"):
        blocks.last_config_index(block)
    block.metadata.metadata.append(b"\xff")
    with pytest.raises(DecodeError, match="metadata 0 of block 0"):
        blocks.last_config_index(block)
    block.metadata.metadata[0] = common_pb2.Metadata(value=b"\xff").SerializeToString()
    with pytest.raises(DecodeError, match="malformed orderer metadata"):
        blocks.last_config_index(block)
    bad = common_pb2.MetadataSignature(signature_header=b"\xff")
    block.metadata.metadata[0] = blocks.signatures_slot(b"", [bad])
    with pytest.raises(DecodeError, match="malformed header"):
        blocks.signature_set(block, {})


def test_blocks_that_hold_no_configuration() -> None:
    chain = read(HISTORY)
    with pytest.raises(ConfigError, match="block 5 is not a config block"):
        config_from_block(chain[5])
    with pytest.raises(ConfigError, match="block 0 is not a config block: it holds 0"):
        config_from_block(common_pb2.Block())
    with pytest.raises(ConfigError, match="not a config block"):
        config_from_block(blocks.new_block(0, b"", [b"\xff"]))
