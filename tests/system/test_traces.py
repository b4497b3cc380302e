"""Traces of transactions on the development ledger: which node did what, and why not."""

from collections.abc import Iterator

import pytest
from pyfabric_network.development import TraceStep

from pyfabric.errors import EndorseError, LedgerError, NetworkError, SubmitError
from pyfabric.gateway import Transaction
from tests.support.network.deeds_network import Deeds, running_deeds

SEQUENCE = "'namespaces/fields/deeds/Sequence' of _lifecycle, as block 2, transaction 0 left it"


@pytest.fixture(scope="module")
def deeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deeds]:
    with running_deeds(tmp_path_factory.mktemp("traces")) as made:
        yield made


def committed(deeds: Deeds, *call: str) -> Transaction:
    """Return a transaction of Tax's peer alone, valid or not."""
    endorsed = deeds.contract.new_proposal(*call, endorsing_organizations=["TaxMSP"]).endorse()
    endorsed.submit().status()
    return endorsed


def trace(deeds: Deeds, transaction_id: str) -> tuple[TraceStep, ...]:
    return deeds.network.development().trace(transaction_id)


def test_each_department_that_endorsed_and_the_block(deeds: Deeds) -> None:
    both = ["TaxMSP", "LandMSP"]
    endorsed = deeds.contract.new_proposal(
        "append", "", "p1", "Li", endorsing_organizations=both
    ).endorse()
    block = endorsed.submit().status().block_number
    steps = trace(deeds, endorsed.transaction_id)
    assert str(steps[0]) == "a client (TaxMSP) asked deeds for append('', 'p1', 'Li')"
    assert sorted(steps[1:3], key=lambda step: step.node) == [
        TraceStep(
            node=f"peer0.{name}",
            department=msp_id,
            did="endorsed it",
            reads=(SEQUENCE, "'p1' of deeds, which is not there"),
            writes=("'p1' of deeds = 'Li'",),
            because="",
        )
        for name, msp_id in (("land", "LandMSP"), ("tax", "TaxMSP"))
    ]
    assert [str(step) for step in steps[3:]] == [
        "orderer0.tax (TaxOrdererMSP) took it into the order",
        f"channel estate wrote it into block {block} as transaction 0: it is valid",
    ]


def own_reads(step: TraceStep) -> tuple[str, ...]:
    """Remove the reads of the chaincode's definition, which every peer makes."""
    return tuple(words for words in step.reads if " of _lifecycle, " not in words)


def test_a_conflict_names_the_key_and_who_changed_it(deeds: Deeds) -> None:
    deeds.submit("put", "", "p2", "a")
    late = deeds.contract.new_proposal("append", "", "p2", "c").endorse()
    height = late.submit().status().block_number
    lost = deeds.contract.new_proposal("append", "", "p2", "d").endorse()
    assert deeds.submit("put", "", "p2", "b") == 0
    lost.submit().status()
    assert trace(deeds, lost.transaction_id)[-1].because == (
        f"MVCC_READ_CONFLICT: it read 'p2' of deeds as block {height}, transaction 0 left it, and "
        f"block {height + 1}, transaction 0 has changed it"
    )


def test_what_was_read_and_written_in_words(deeds: Deeds) -> None:
    deeds.submit("put", "", "k1", "x")
    cases = {
        ("put", "files", "k1", "secret"): ((), ("1 key of collection files of deeds",)),
        ("append", "files", "k1", "!"): (
            ("1 key of collection files of deeds",),
            ("1 key of collection files of deeds",),
        ),
        ("bind", "", "k1", "TaxMSP"): (
            (trace_of_key(deeds, "k1"),),
            ("VALIDATION_PARAMETER of 'k1' of deeds",),
        ),
        ("drop", "", "k1"): ((), ("'k1' of deeds deleted",)),
        ("swell", "k2", "9"): ((), ("'k2' of deeds = 9 bytes",)),
        ("put", "", "k3", "y" * 99): ((), (f"'k3' of deeds = '{'y' * 80}'…",)),
        ("sum_up", "", "m", "n"): (
            ("the keys of deeds from 'm' to 'n'",),
            ("'total' of deeds = '0'",),
        ),
        ("swell", "k4", "20000"): (("more than 20000 bytes of reads and writes",),) * 2,
    }
    for call, (reads, writes) in cases.items():
        _, step, *_ = trace(deeds, committed(deeds, *call).transaction_id)
        assert (own_reads(step), step.writes) == (reads, writes), call


def trace_of_key(deeds: Deeds, key: str) -> str:
    """Return the trace of a read of a key's metadata, which has the place of its newest write."""
    _, step, *_ = trace(deeds, committed(deeds, "append", "", key, "").transaction_id)
    block = int(own_reads(step)[0].split("block ")[1].split(",")[0]) + 1
    return f"'{key}' of deeds, as block {block}, transaction 0 left it"


def test_a_refusal_of_the_contract(deeds: Deeds) -> None:
    proposal = deeds.contract.new_proposal("nothing")
    with pytest.raises(EndorseError) as caught:
        proposal.endorse()
    address = deeds.network.plan.peers[0].outside
    assert [str(step) for step in trace(deeds, proposal.transaction_id)] == [
        "a client (TaxMSP) asked deeds for nothing()",
        (
            f"peer0.tax (TaxMSP) refused: status 500\n  read {SEQUENCE}\n  because: "
            "You've asked to invoke a function that does not exist: nothing"
        ),
        (
            "peer0.tax (TaxMSP) answered the client with an error\n"
            f"  because: {caught.value.message}; {address}: {caught.value.details[0].message}"
        ),
    ]


def test_a_refusal_before_the_contract_and_by_the_orderer(deeds: Deeds) -> None:
    endorsed = committed(deeds, "put", "", "k5", "v")
    proposal = deeds.contract.new_proposal("put", "", "k6", "v")
    raw = endorsed.bytes()
    broken = deeds.gateway.new_signed_transaction(raw, b"no signature")
    with pytest.raises(SubmitError):
        broken.submit()
    [refused] = [one for one in trace(deeds, endorsed.transaction_id) if "refused" in one.did]
    assert (refused.node, refused.did) == ("orderer0.tax", "refused to order it")
    assert refused.because
    wrong = deeds.gateway.new_signed_proposal(proposal.bytes(), b"no signature")
    with pytest.raises(EndorseError):
        wrong.endorse()
    _, first, *_ = trace(deeds, proposal.transaction_id)
    assert (first.node, first.did) == ("peer0.tax", "refused the proposal")
    assert first.because.startswith("error validating proposal: access denied")


def test_a_query_is_told_too(deeds: Deeds) -> None:
    proposal = deeds.contract.new_proposal("get", "", "p1")
    proposal.evaluate()
    assert [str(step) for step in trace(deeds, proposal.transaction_id)] == [
        "a client (TaxMSP) asked deeds for get('', 'p1')",
        "peer0.tax (TaxMSP) ran it",
    ]


def test_what_nobody_knows(deeds: Deeds) -> None:
    with pytest.raises(LedgerError, match="no node has seen a transaction abc"):
        trace(deeds, "abc")


def test_a_network_that_is_down(deeds: Deeds) -> None:
    deeds.network.down()
    with pytest.raises(NetworkError, match="the development ledger does not answer"):
        trace(deeds, "abc")
    deeds.network.up()
