"""Right proofs are accepted, with what they say; what cannot be checked is named; every comparison is shown."""

from dataclasses import replace

import pytest

from pyfabric.sharing.comparing import Comparisons, Outcome
from pyfabric.sharing.consumer import Imported, RequestState, Snapshot
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.refusals import CHECKS, Code, ProofError
from pyfabric.sharing.verifier import Accepted, check_request, verify
from tests.support.sharing.proofs import MOMENT, PRIVATE, RESULT, World, proof_file, world


def accepted(made_in: World, file: ProofFile, *, private: bool = False) -> Accepted:
    return verify(file.to_bytes(), made_in.snapshot, moment=MOMENT, private=private)


def test_an_accepted_proof_says_what_was_asked_and_answered_and_by_whom() -> None:
    found = accepted(world(), proof_file(world()))
    assert found.answer.result == RESULT
    assert found.request.purpose == "land sale"
    assert found.departments == ("LandMSP", "TaxMSP")
    assert found.answer.request == found.request_digest
    assert str(found.request.address).endswith(
        '/council/credit/EffectivePenalties(91310000MA1FL0XX1X,"")'
    )
    assert (found.private, found.idempotent, found.unchecked) == ({}, False, ())


@pytest.mark.parametrize("bft", [False, True], ids=["raft", "bft"])
def test_a_proof_with_everything_is_accepted(bft: bool) -> None:
    file = proof_file(world(bft=bft), private=PRIVATE, inclusion=True)
    found = accepted(world(bft=bft), file, private=True)
    assert found.private == {one.path: one.value for one in PRIVATE}
    assert ProofFile.from_bytes(file.to_bytes()) == file


def test_private_parts_may_be_withheld() -> None:
    file = proof_file(world(), private=PRIVATE, withheld=True)
    found = accepted(world(), file)
    assert found.private == {}
    assert len(found.answer.private) == len(PRIVATE)


def test_three_endorsements_are_accepted_where_two_are_enough() -> None:
    endorsers = [world().peer(at) for at in range(3)]
    assert len(accepted(world(), proof_file(world(), endorsers=endorsers)).departments) == 3


def test_every_check_shows_what_it_compared() -> None:
    made = Comparisons()
    file = proof_file(world(), private=PRIVATE, inclusion=True).to_bytes()
    snapshot = replace(world().snapshot, imports=None)
    verify(file, snapshot, moment=MOMENT, private=True, comparisons=made)
    shown = list(dict.fromkeys(one.check for one in made.made))
    assert [one for one in shown if one is not Code.SIZE] == [
        CHECKS[number] for number in range(2, 16) if number != 2
    ]


def test_a_refusal_shows_the_comparison_that_failed() -> None:
    made = Comparisons()
    file = proof_file(world(), edits={"answer": lambda one: replace(one, time=MOMENT + 1)})
    with pytest.raises(
        ProofError, match=rf"answer: the answer's time is {MOMENT + 1}, not {MOMENT}"
    ):
        verify(file.to_bytes(), world().snapshot, moment=MOMENT, private=False, comparisons=made)
    failed = made.made[-1]
    assert (failed.check, failed.found, failed.expected) == (Code.ANSWER, MOMENT + 1, MOMENT)
    assert failed.outcome is Outcome.FAILS


def test_without_state_a_proof_is_read_and_what_was_not_checked_is_named() -> None:
    snapshot = replace(world().snapshot, requests=None, imports=None)
    file = proof_file(world()).to_bytes()
    found = verify(file, snapshot, moment=MOMENT, private=False)
    assert [one.check for one in found.unchecked] == [Code.REQUEST, Code.REVISION]


def imported(revision: int, content: str) -> Snapshot:
    address = world().request().address
    return replace(world().snapshot, imports={address: Imported(revision, content)})


def test_the_same_content_of_the_same_revision_changes_nothing() -> None:
    file = proof_file(world())
    content = accepted(world(), file).answer.content_digest
    for revision, idempotent in ((7, True), (6, False)):
        snapshot = imported(revision, content)
        found = verify(file.to_bytes(), snapshot, moment=MOMENT, private=False)
        assert found.idempotent is idempotent


@pytest.mark.parametrize(("revision", "code"), [(8, Code.REVISION), (7, Code.SOURCE_EQUIVOCATION)])
def test_an_old_revision_and_a_second_content_of_one_are_refused(revision: int, code: Code) -> None:
    file = proof_file(world()).to_bytes()
    with pytest.raises(ProofError) as refused:
        verify(file, imported(revision, "00" * 32), moment=MOMENT, private=False)
    assert refused.value.code is code


def test_a_source_checks_a_request_before_it_opens_it() -> None:
    signed = proof_file(world()).request
    assert check_request(signed, world().own, moment=MOMENT) == world().request()
    with pytest.raises(ProofError) as refused:
        check_request(signed, world().record, moment=MOMENT)
    assert refused.value.code is Code.REQUEST
    with pytest.raises(ProofError, match="the channel that asks"):
        check_request(signed, replace(world().own, net="00" * 32), moment=MOMENT)
    with pytest.raises(ProofError) as refused:
        check_request(replace(signed, header=b"\xff"), world().own, moment=MOMENT)
    assert refused.value.code is Code.FORM


def test_a_request_is_used_once() -> None:
    file = proof_file(world())
    requests = {file.request.digest: RequestState.USED}
    with pytest.raises(
        ProofError, match="request: the request on the own channel is used, not open"
    ):
        verify(
            file.to_bytes(),
            replace(world().snapshot, requests=requests),
            moment=MOMENT,
            private=False,
        )
