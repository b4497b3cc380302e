"""Real chains, verified: as Fabric made them, tampered with, and without their beginning."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.admin import config_of_block
from pyfabric.admin.audit import Fault, FaultKind, Verification, verify_chain
from pyfabric.errors import ClientError, ValidationCode
from pyfabric.messages.blocks import data_hash, header_hash
from tests.support.extent import takes_long
from tests.support.paths import VECTORS
from tests.support.rules import history
from tests.support.rules.verified import fault_of, raw

SIGNATURES, LAST_CONFIG, FILTER, COMMIT_HASH = 0, 1, 2, 4
GENESIS_HASH = "cba051eff96cfe79088f6890326f91dbfa92e6e98199ace65190e9916197eb5c"
"""As `peer channel fetch` and configtxlator show it: blocks.json."""


def records() -> list[bytes]:
    return [block.SerializeToString() for block in history.blocks()]


def bft() -> list[bytes]:
    return [file.read_bytes() for file in sorted((VECTORS / "5-bft-blocks/blocks").glob("*"))]


def block_of(raw: bytes) -> common_pb2.Block:
    return common_pb2.Block.FromString(raw)


def configurations() -> list[int]:
    """Return the numbers of the configuration blocks, as the vectors' maker decoded them."""
    return [
        block["number"]
        for block in history.decoded()
        if any(one.get("type") == "CONFIG" for one in block["transactions"])
    ]


def private_writers() -> int:
    """Return how many valid transactions wrote private data, as the vectors' maker decoded them."""
    return sum(
        '"hashed_writes": [{' in json.dumps(one)
        for block in history.decoded()
        for one in block["transactions"]
        if one["validation"] == "VALID"
    )


def test_every_code_and_commit_hash_of_a_real_channel_is_recomputed() -> None:
    seen: list[int] = []
    found = verify_chain(records(), genesis_hash=bytes.fromhex(GENESIS_HASH), report=seen.append)
    assert found == Verification(
        channel="records",
        start=0,
        height=165,
        first_hash=bytes.fromhex(GENESIS_HASH),
        current_hash=header_hash(history.blocks()[-1].header),
        signed=164,
        configurations=8,
        transactions=history.load("case.json")["validation_counts"],
        compared=178,
        unchecked=(
            "whether there are blocks after 164: compare the height at several peers",
            f"the private data that {private_writers()} transactions wrote: blocks hold their "
            + "hashes, not their values",
        ),
        fault=None,
    )
    assert seen == list(range(165))


def test_blocks_signed_by_a_quorum_are_verified() -> None:
    found = verify_chain(bft())
    assert (found.fault, found.height, found.signed, found.compared) == (None, 6, 5, 6)
    assert found.configurations == 2
    assert "no hash was given" in found.unchecked[0]


def test_blocks_of_an_orderer_have_no_codes_to_compare() -> None:
    found = verify_chain(history.ordered(n).SerializeToString() for n in range(165))
    assert (found.fault, found.signed, found.compared) == (None, 164, 0)
    assert found.transactions == history.load("case.json")["validation_counts"]
    assert any("the codes of 178 transactions" in one for one in found.unchecked)
    assert any("commit hashes" in one for one in found.unchecked)


@pytest.mark.parametrize("start", [1, 50, 140, 164])
def test_a_later_start_leaves_unchecked_what_needs_the_blocks_before(start: int) -> None:
    found = verify_chain(records()[start:])
    assert (found.fault, found.start, found.height) == (None, start, 165)
    later = [one for one in configurations() if one >= start]
    assert found.signed == (164 - later[0] if later else 0)
    assert found.configurations == len(later)
    assert found.compared < sum(found.transactions.values()) / 2
    assert any(f"blocks 0 to {start - 1} are not there" in one for one in found.unchecked)


def test_a_configuration_that_is_known_verifies_a_later_start() -> None:
    config = config_of_block(records()[3])
    found = verify_chain(records()[50:], config=config)
    assert (found.fault, found.start, found.signed) == (None, 50, 115)
    assert not any("orderers' signatures" in one for one in found.unchecked)
    chain = records()[50:142]
    block = block_of(chain[40])
    other_signature(block)
    chain[40] = block.SerializeToString()
    fault = verify_chain(chain, config=config).fault
    assert fault is not None
    assert (fault.kind, fault.block_number) == (FaultKind.ORDERERS, 90)


def test_no_blocks_are_not_a_verified_chain() -> None:
    with pytest.raises(ClientError, match="no blocks"):
        verify_chain([])


Change = Callable[[common_pb2.Block], None]


def envelope(block: common_pb2.Block, position: int, change: Callable[..., None]) -> None:
    """Change one envelope of a block, and the block's data hash with it."""
    message = common_pb2.Envelope.FromString(block.data.data[position])
    change(message)
    block.data.data[position] = message.SerializeToString()
    block.header.data_hash = data_hash(block.data)


def other_signature(block: common_pb2.Block) -> None:
    def change(message: common_pb2.Envelope) -> None:
        message.signature += b"1"

    envelope(block, 0, change)


def set_slot(slot: int, value: bytes) -> Change:
    def change(block: common_pb2.Block) -> None:
        block.metadata.metadata[slot] = value

    return change


def without_signatures(block: common_pb2.Block) -> None:
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[SIGNATURES])
    del slot.signatures[:]
    block.metadata.metadata[SIGNATURES] = slot.SerializeToString()


def other_last_config(block: common_pb2.Block) -> None:
    value = common_pb2.LastConfig(index=1).SerializeToString()
    set_slot(LAST_CONFIG, common_pb2.Metadata(value=value).SerializeToString())(block)


def renumbered(block: common_pb2.Block) -> None:
    block.header.number += 1


def reordered(block: common_pb2.Block) -> None:
    first, second, *_ = block.data.data
    block.data.data[0], block.data.data[1] = second, first


def other_predecessor(block: common_pb2.Block) -> None:
    block.header.previous_hash = bytes(32)


def dropped(block: common_pb2.Block) -> None:
    del block.data.data[0]
    block.header.data_hash = data_hash(block.data)


TAMPERED: dict[str, tuple[int, Change, FaultKind, int | None]] = {
    "a transaction changed": (47, other_signature, FaultKind.ORDERERS, None),
    "a transaction dropped": (26, dropped, FaultKind.ORDERERS, None),
    "transactions in another order": (26, reordered, FaultKind.DATA_HASH, None),
    "of another chain": (12, other_predecessor, FaultKind.PREVIOUS_HASH, None),
    "renumbered": (12, renumbered, FaultKind.NUMBER, None),
    "signatures removed": (100, without_signatures, FaultKind.ORDERERS, None),
    "no metadata for signatures": (100, set_slot(SIGNATURES, b""), FaultKind.ORDERERS, None),
    "another last configuration": (150, other_last_config, FaultKind.LAST_CONFIGURATION, None),
    "an invalid transaction marked valid": (26, set_slot(FILTER, bytes(2)), FaultKind.CODE, 1),
    "a valid transaction marked invalid": (26, set_slot(FILTER, bytes([11, 11])), FaultKind.CODE, 0),
    "codes removed": (26, set_slot(FILTER, b""), FaultKind.FLAGS, None),
    "more codes than transactions": (26, set_slot(FILTER, bytes([0, 11, 0])), FaultKind.FLAGS, None),
    "another commit hash": (30, set_slot(COMMIT_HASH, b"\x0a\x01a"), FaultKind.COMMIT_HASH, None),
    "no commit hash": (30, set_slot(COMMIT_HASH, b""), FaultKind.COMMIT_HASH, None),
    "another genesis block": (0, other_signature, FaultKind.GENESIS_HASH, None),
}  # fmt: skip


def verified(blocks: list[bytes]) -> Fault:
    fault = verify_chain(blocks, genesis_hash=bytes.fromhex(GENESIS_HASH)).fault
    assert fault is not None
    return fault


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_named_with_its_block_and_transaction(name: str) -> None:
    number, change, kind, transaction = TAMPERED[name]
    chain = records()
    block = block_of(chain[number])
    change(block)
    chain[number] = block.SerializeToString()
    fault = verified(chain)
    assert (fault.kind, fault.block_number, fault.transaction_number) == (kind, number, transaction)
    if transaction is not None:
        label = history.decoded()[number]["transactions"][transaction]
        assert fault.transaction_id == label["tx_id"]
        assert label["tx_id"] in str(fault)


def relinked(chain: list[bytes], start: int) -> Iterator[bytes]:
    """Yield a chain whose blocks from a number on follow each other again, as a forger would write it."""
    previous = b""
    for number, one in enumerate(chain):
        block = block_of(one)
        if number > start:
            block.header.previous_hash = previous
        previous = header_hash(block.header)
        yield block.SerializeToString()


def test_a_forger_without_the_orderers_keys_is_found_though_all_hashes_fit() -> None:
    chain = records()
    block = block_of(chain[60])
    other_signature(block)
    chain[60] = block.SerializeToString()
    fault = verified(list(relinked(chain, 60)))
    assert (fault.kind, fault.block_number) == (FaultKind.ORDERERS, 60)


@pytest.mark.parametrize("change", ["missing", "twice", "swapped"])
def test_blocks_that_are_missing_repeated_or_swapped_are_named(change: str) -> None:
    chain = records()
    if change == "missing":
        del chain[20]
    elif change == "twice":
        chain.insert(20, chain[19])
    else:
        chain[20], chain[21] = chain[21], chain[20]
    fault = verified(chain)
    assert (fault.kind, fault.block_number) == (FaultKind.NUMBER, 20)


@takes_long
@given(number=st.integers(1, 164), data=st.data())
def test_any_other_code_is_named_with_its_transaction(number: int, data: st.DataObject) -> None:
    block = block_of(raw(number))
    flags = bytearray(block.metadata.metadata[FILTER])
    position = data.draw(st.integers(0, len(flags) - 1))
    flags[position] = data.draw(st.integers(0, 255).filter(lambda one: one != flags[position]))
    block.metadata.metadata[FILTER] = bytes(flags)
    fault = fault_of(number, block.SerializeToString())
    assert fault is not None
    assert (fault.kind, fault.block_number, fault.transaction_number) == (
        FaultKind.CODE,
        number,
        position,
    )
    assert ValidationCode(flags[position]).name in fault.reason


def essence(raw: bytes) -> tuple[object, ...] | None:
    """Return what a verified block means; None for bytes that are no block.

    Left out is what neither orderers sign nor peers read: unknown fields, the slot ORDERER, and which
    consenters beyond the quorum signed.
    """
    try:
        block = block_of(raw)
        slots = list(block.metadata.metadata)
        signed = common_pb2.Metadata.FromString(slots[SIGNATURES]).value
        values = [
            common_pb2.Metadata.FromString(slots[n]).value for n in (LAST_CONFIG, COMMIT_HASH)
        ]
    except Exception:  # noqa: BLE001 - whatever is wrong, it is no block
        return None
    header = block.header
    fields = (header.number, header.previous_hash, header.data_hash)
    return (*fields, tuple(block.data.data), signed, *values, slots[FILTER])


@given(number=st.integers(1, 164), data=st.data(), bit=st.integers(0, 7))
def test_no_bit_of_a_block_can_be_changed_unnoticed(
    number: int, data: st.DataObject, bit: int
) -> None:
    original = raw(number)
    changed = flipped(original, data.draw(st.integers(0, len(original) - 1)), bit)
    fault = fault_of(number, changed)
    if fault is None:
        assert essence(changed) == essence(original)
    else:
        assert fault.block_number == number


@given(data=st.data(), bit=st.integers(0, 7))
def test_no_bit_of_a_genesis_block_can_be_changed_without_another_hash(
    data: st.DataObject, bit: int
) -> None:
    original = raw(0)
    changed = flipped(original, data.draw(st.integers(0, len(original) - 1)), bit)
    if fault_of(0, changed) is None:
        block, before = block_of(changed), block_of(original)
        assert list(block.data.data) == list(before.data.data)
        assert block.metadata.metadata[FILTER] == before.metadata.metadata[FILTER]


def flipped(original: bytes, place: int, bit: int) -> bytes:
    """Return bytes with one bit changed."""
    changed = bytearray(original)
    changed[place] ^= 1 << bit
    return bytes(changed)


@pytest.mark.parametrize(("signatures", "holds"), [(3, True), (2, False)])
def test_a_quorum_of_signatures_is_needed_and_enough(signatures: int, holds: bool) -> None:
    chain = bft()
    block = block_of(chain[2])
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[SIGNATURES])
    del slot.signatures[signatures:]
    block.metadata.metadata[SIGNATURES] = slot.SerializeToString()
    chain[2] = block.SerializeToString()
    fault = verify_chain(chain).fault
    assert (fault is None) == holds
    if fault is not None:
        assert (fault.kind, fault.block_number) == (FaultKind.ORDERERS, 2)


def test_the_genesis_hash_is_that_of_the_vectors() -> None:
    facts = history.load("blocks.json")
    assert facts[0]["header_hash"] == GENESIS_HASH
    assert Path(history.FOLDER / "blocks/000.block").exists()
