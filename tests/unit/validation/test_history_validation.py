"""The validator against a real channel: vectors/5-channel-history, from the blocks alone."""

from collections import Counter

from pyfabric.errors import ValidationCode
from pyfabric.rules.state.commit_hash import commit_hash
from tests.support.rules import history
from tests.support.rules.replay import ValidatedHistory


def test_every_transaction_of_a_real_channel_gets_the_code_that_its_peers_gave() -> None:
    replay = ValidatedHistory()
    found: Counter[str] = Counter(["VALID"])
    previous = b""
    for number in range(1, history.HEIGHT):
        expected = history.blocks()[number].metadata.metadata[2]
        outcome = replay.commit(number)
        decoded = history.decoded()[number]["transactions"]
        labels = [transaction.get("label") for transaction in decoded]
        assert list(zip(labels, outcome.codes, strict=True)) == list(
            zip(labels, expected, strict=True)
        ), outcome.transactions
        found.update(ValidationCode(code).name for code in outcome.codes)
        previous = commit_hash(previous, outcome.codes, outcome.updates)
        assert previous.hex() == history.decoded()[number]["commit_hash"]
    assert dict(found) == history.load("case.json")["validation_counts"]
    assert found.total() == 178
    assert len(found) == 14


def test_ids_and_events_are_those_that_the_peers_gave() -> None:
    replay = ValidatedHistory()
    events = 0
    for number in range(1, history.HEIGHT):
        outcome = replay.commit(number)
        decoded = history.decoded()[number]["transactions"]
        for transaction, expected in zip(outcome.transactions, decoded, strict=True):
            if expected["tx_id"]:
                assert transaction.transaction_id == expected["tx_id"]
            else:
                assert len(transaction.transaction_id) == 64
            event = expected.get("actions", [{}])[0].get("event") if transaction.event else None
            if event:
                assert transaction.event is not None
                assert transaction.event.event_name == event["event_name"]
                events += 1
    assert events == 2


REASONS = {
    (26, 1): (
        "it read 'counter' of ledger as block 25, transaction 0 left it, and block 26, transaction 0 "
        "has changed it"
    ),
    (29, 1): (
        "it read 'fresh' of ledger and found nothing, and block 29, transaction 0 has changed it"
    ),
    (32, 1): ("it read the keys of ledger from 'grade1' to 'grade4', and other ones are there now"),
    (41, 0): (
        "chaincode ledger: the chaincode's policy: implicit policy evaluation failed - 1 sub-policies "
        "were satisfied, but this policy requires 2 of the 'Endorsement' sub-policies to be "
        "satisfied; validly endorsed by FacultyMSP"
    ),
    (46, 1): "the block has this transaction id before it",
    (47, 0): "the ledger has this transaction id",
    (56, 1): (
        "it read the key with hash a1a81b0451685c559bbc413e145504cfccb5f13585805e935ecebf1eadb852a1 of "
        "collection duo of ledger as block 51, transaction 0 left it, and block 56, transaction 0 has "
        "changed it"
    ),
    (60, 0): (
        "chaincode ledger: the policy of key 'doc0', AND('FacultyMSP.peer', 'RegistryMSP.peer'): "
        "signature set did not satisfy policy; validly endorsed by FacultyMSP, ArchiveMSP"
    ),
    (103, 0): (
        "it read 'never' of ledger as block 0, transaction 0 left it, and it is not there now"
    ),
}


def test_every_invalid_transaction_has_a_reason_in_words() -> None:
    replay = ValidatedHistory()
    found = {}
    for number in range(1, history.HEIGHT):
        for position, transaction in enumerate(replay.commit(number).transactions):
            assert bool(transaction.reason) == (transaction.code is not ValidationCode.VALID)
            found[number, position] = transaction.reason
    assert {place: found[place] for place in REASONS} == REASONS
