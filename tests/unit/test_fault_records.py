"""The judge of a run of faults finds what it is there for: loss, repetition, and clients that are stuck."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.faults.judging import Episode, Verdict, Write, judge

CHAIN = [
    Write("t1", "a", 4, valid=True),
    Write("t2", "b", 5, valid=True),
    Write("t2", "b", 6, valid=False),  # sent again, and marked as a duplicate
    Write("t3", "c", 7, valid=True),
]
WRITER = [
    {"t": 1.0, "did": "sent", "key": "a"},
    {"t": 2.0, "did": "done", "key": "a"},
    {"t": 2.5, "did": "sent", "key": "b"},
    {"t": 9.0, "did": "done", "key": "b"},
    {"t": 9.5, "did": "sent", "key": "c"},
    {
        "t": 12.0,
        "did": "failed",
        "key": "c",
        "kind": "CommitStatusError",
        "code": "DEADLINE_EXCEEDED",
    },
    {"t": 12.5, "did": "sent", "key": "d"},
    {"t": 13.0, "did": "failed", "key": "d", "kind": "EndorseError", "code": "ABORTED"},
]
READER = [
    {"t": 2.0, "did": "event", "tx": "t1"},
    {"t": 9.1, "did": "event", "tx": "t2"},
    {"t": 9.9, "did": "event", "tx": "t3"},
]
STOPPED = Episode("stopped an orderer", 3.0, 8.0)


def verdict(
    *,
    chain: Sequence[Write] = CHAIN,
    writer: Sequence[Any] = WRITER,
    reader: Sequence[Any] = READER,
    episode: Episode = STOPPED,
) -> Verdict:
    return judge(chain, {"write": writer}, {"read": reader}, [episode])


def test_a_run_without_loss_has_figures_only() -> None:
    found = verdict()
    assert found.faults == []
    assert (found.submits, found.committed, found.failures.total()) == (4, 2, 2)
    assert found.failures["EndorseError ABORTED"] == 1
    assert found.failed == 0.5
    assert found.longest_without_commit == 7.0
    assert found.longest_recovery == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"chain": CHAIN[1:]}, "a was reported committed, and is in no block"),
        ({"chain": [*CHAIN, Write("t4", "a", 8, valid=True)]}, "a was committed 2 times"),
        ({"chain": [*CHAIN, Write("t5", "d", 8, valid=False)]}, "d was reported as not sent"),
        ({"reader": READER[1:]}, "1 events lost, 0 repeated, of 3"),
        ({"reader": [*READER[:2], *READER[1:]]}, "0 events lost, 1 repeated, of 3"),
        ({"reader": [READER[1], READER[0], READER[2]]}, "0 events lost, 0 repeated, of 3"),
        ({"writer": [*WRITER, {"t": 14.0, "did": "ended", "text": "boom"}]}, "write ended: boom"),
        ({"episode": Episode("an orderer", 0.0, 9.95)}, "read was stuck for inf s"),
        (
            {"reader": [*READER[:2], {**READER[2], "t": 30.0}], "episode": Episode("x", 3.0, 10.0)},
            "read was stuck for 20.0 s after the network was whole: x",
        ),
    ],
)
def test_whatever_must_not_be_is_found(changed: dict[str, Any], fault: str) -> None:
    assert any(fault in one for one in verdict(**changed).faults)
