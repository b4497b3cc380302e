"""Summaries of transactions, for the blocks of a real channel."""

from collections import Counter
from pathlib import Path

from pyfabric.admin.inspection import TransactionView, Write, describe_transaction
from pyfabric.errors import ValidationCode
from pyfabric.messages.events import Block

BLOCKS = Path("tests/vectors/5-channel-history/blocks")


def views() -> list[tuple[ValidationCode, TransactionView]]:
    found = []
    for file in sorted(BLOCKS.glob("*.block")):
        block = Block.from_bytes(file.read_bytes())
        found += [(each.code, describe_transaction(each.envelope)) for each in block.transactions]
    return found


def test_every_transaction_of_a_real_channel_can_be_told() -> None:
    told = views()
    kinds = Counter(view.kind for _, view in told)
    assert kinds["ENDORSER_TRANSACTION"] > 150
    assert kinds["CONFIG"] >= 1
    for code, view in told:
        if code is ValidationCode.VALID and view.kind == "ENDORSER_TRANSACTION":
            assert view.invocation is not None
            assert view.invocation.problem == ""
            assert view.invocation.chaincode
            assert view.invocation.endorsers
            assert view.creator.endswith("MSP")


def test_a_malformed_transaction_is_told_as_far_as_it_can_be_read() -> None:
    broken = [(code, view) for code, view in views() if view.invocation and view.invocation.problem]
    assert broken
    assert all(code is not ValidationCode.VALID for code, _ in broken)
    problems = [view.invocation.problem for _, view in broken if view.invocation]
    assert "12 bytes are not a protos.Transaction" in problems
    assert "no action" in problems


def test_one_invocation_in_full() -> None:
    _, view = next(
        (code, view)
        for code, view in views()
        if view.invocation and view.invocation.arguments[:1] == (b"copy",)
    )
    assert view.invocation is not None
    assert view.invocation.arguments == (b"copy", b"doc9", b"copy-of-9")
    assert view.invocation.chaincode == "ledger"
    assert set(view.invocation.endorsers) == {"RegistryMSP", "FacultyMSP"}
    assert view.invocation.writes == (Write("ledger", "copy-of-9", deleted=False),)
