"""The validator against a real channel: vectors/5-channel-history, from the blocks alone."""

from collections import Counter

from pyfabric.core.state.commit_hash import commit_hash
from pyfabric.errors import ValidationCode
from tests.support import history
from tests.support.replay import ValidatedHistory


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
