"""Signatures in the blocks of real channels, each verified against the members of its time."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pyfabric.admin.audit import (
    CheckedSignature,
    SignatureCheck,
    TransactionSignatures,
    config_block_at,
    config_block_numbers,
    describe_change,
)
from pyfabric.errors import DecodeError
from tests.support.paths import VECTORS
from tests.support.rules import history

BROKEN = {
    "crafted-endorser-high-s": ["RegistryMSP", "FacultyMSP"],
    "crafted-endorser-signature-over-other-bytes": ["RegistryMSP", "FacultyMSP"],
    "crafted-endorser-wrong-mspid": ["FacultyMSP"],
    "endorsement-signature-broken": ["FacultyMSP"],
    "envelope-garbage-response-payload": ["RegistryMSP", "FacultyMSP"],
    "third-endorsement-broken-but-two-good": ["ArchiveMSP"],
}


def read(number: int) -> bytes:
    return history.blocks()[number].SerializeToString()


def bft(number: int) -> bytes:
    return (VECTORS / f"5-bft-blocks/blocks/{number:03}.block").read_bytes()


@cache
def check_under(number: int) -> SignatureCheck:
    """Return a check under the configuration of a block."""
    return SignatureCheck.from_block(read(number))


def checked() -> Iterator[tuple[dict[str, Any], TransactionSignatures]]:
    """Yield every transaction that can be read, as it was recorded, and its signatures."""
    for number in range(1, history.HEIGHT):
        check = check_under(config_block_at(read, number))
        recorded = history.decoded()[number]["transactions"]
        for one, envelope in zip(recorded, history.blocks()[number].data.data, strict=True):
            try:
                yield one, check.transaction(envelope)
            except DecodeError:
                assert one["validation"] != "VALID"


def test_signatures_hold_except_those_that_were_broken_on_purpose() -> None:
    count = 0
    for recorded, found in checked():
        label = recorded.get("label", "")
        assert found.creator is not None
        if recorded["validation"] == "VALID":
            assert found.creator.problem == "", label
        endorsers = (recorded.get("actions") or [{}])[0].get("endorsers", [])
        broken = [one.msp_id for one in found.endorsers if one.problem]
        assert broken == BROKEN.get(label, []), label
        if endorsers:
            assert [one.msp_id for one in found.endorsers] == [one["mspid"] for one in endorsers]
        count += len(found.endorsers)
    assert count > 250


def test_signers_are_named_as_their_certificates_name_them() -> None:
    names = {
        (one.msp_id, one.name) for _, found in checked() for one in found.endorsers if one.name
    }
    assert ("RegistryMSP", "peer0.registry.test") in names


def test_orderers_signatures_of_a_bft_block() -> None:
    check = SignatureCheck.from_block(bft(0))
    assert [one.problem for one in check.block(bft(1))] == ["", "", ""]
    assert check.orderers_problem(bft(1)) == ""
    assert "did not satisfy" in SignatureCheck.from_block(bft(3)).orderers_problem(bft(0))


def test_without_a_configuration_signers_are_named_and_not_verified() -> None:
    check = SignatureCheck()
    (orderer,) = check.block(read(50))
    assert (orderer.msp_id, orderer.name) == ("OrdererMSP", "orderer1.ord.test")
    assert orderer.problem.startswith("not verified")
    assert check.orderers_problem(read(50)) == orderer.problem
    found = check.transaction(history.blocks()[50].data.data[0])
    assert found.creator == CheckedSignature("RegistryMSP", "user1@registry.test", orderer.problem)


def test_configuration_blocks_are_found_from_the_newest_back() -> None:
    recorded = [
        block["number"]
        for block in history.decoded()
        if any(one.get("type") == "CONFIG" for one in block["transactions"])
    ]
    reads: list[int] = []

    def counted(number: int) -> bytes:
        reads.append(number)
        return read(number)

    assert config_block_numbers(counted, 0, history.HEIGHT) == recorded
    assert len(reads) == len(recorded)
    assert config_block_numbers(read, 100, history.HEIGHT) == [one for one in recorded if one > 99]
    assert config_block_numbers(read, 150, history.HEIGHT) == []
    assert [config_block_at(read, number) for number in (0, 1, 2, 3, 4, 142, 143)] == [
        0, 0, 1, 2, 3, 3, 142,
    ]  # fmt: skip


def test_changes_name_their_submitter_and_signers() -> None:
    genesis, first = (
        describe_change(read(number), read(number - 1) if number else None) for number in (0, 1)
    )
    assert (genesis.sequence, genesis.submitter, genesis.signatures) == (0, None, ())
    assert (first.block_number, first.sequence) == (1, 1)
    assert first.submitter is not None
    assert (first.submitter.msp_id, first.submitter.problem) == ("RegistryMSP", "")
    assert {one.problem for one in first.signatures} == {""}
    assert genesis.differences == ()
    assert [one.path for one in first.differences] == ["/Channel/Application/Registry/AnchorPeers"]


def test_a_change_without_the_configuration_before_is_described_as_far_as_it_goes() -> None:
    found = describe_change(read(142), None)
    assert (found.block_number, found.differences) == (142, ())
    assert found.signatures
    assert all(one.problem.startswith("not verified") for one in found.signatures)
