"""The block cutter against a model, and Fabric's own cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.rules.configuration.channel_config import BatchSettings
from pyfabric.rules.consensus.cutter import BlockCutter, Message


def settings(count: int, preferred: int) -> BatchSettings:
    return BatchSettings(
        max_message_count=count,
        absolute_max_bytes=1_000_000,
        preferred_max_bytes=preferred,
        timeout=1.0,
    )


def message(name: str, size: int) -> Message:
    return Message(name.encode(), size)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=60),
    st.integers(1, 6),
    st.integers(1, 25),
)
def test_no_message_is_lost_and_no_batch_is_larger_than_it_may_be(
    sizes: list[int | None], count: int, preferred: int
) -> None:
    """Cut blocks of these messages; None is the time-out, which cuts all that waits."""
    cutter = BlockCutter()
    sent: dict[bytes, int] = {}
    batches = []
    for index, size in enumerate(sizes):
        if size is None:
            batches.append(cutter.cut())
            assert not cutter.pending
            continue
        one = message(str(index), size)
        sent[one.envelope] = size
        full = cutter.add(one, settings(count, preferred))
        assert len(full) <= 2
        assert all(full)
        batches += full
    batches.append(cutter.cut())
    assert [one.envelope for batch in batches for one in batch] == list(sent)
    for batch in batches:
        total = sum(sent[one.envelope] for one in batch)
        assert len(batch) <= count
        assert total <= preferred or len(batch) == 1


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 6), st.integers(1, 25))
def test_a_batch_is_cut_only_when_it_must_be(sizes: list[int], count: int, preferred: int) -> None:
    cutter = BlockCutter()
    waiting: list[int] = []
    for index, size in enumerate(sizes):
        full = cutter.add(message(str(index), size), settings(count, preferred))
        if size > preferred:
            assert len(full) == (2 if waiting else 1)
            waiting = []
            continue
        overflows = sum(waiting) + size > preferred
        waiting = [size] if overflows else [*waiting, size]
        reached = len(waiting) >= count
        if reached:
            waiting = []
        assert len(full) == overflows + reached
        assert cutter.pending == bool(waiting)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1, 1], [0, 1]),
        ([9, 9], [0, 1]),
        ([11], [1]),
        ([1, 11], [0, 2]),
        ([10, 1], [0, 1]),
        ([5, 5], [0, 1]),
    ],
)
def test_batches_of_two_messages_or_ten_bytes(sizes: list[int], expected: list[int]) -> None:
    cutter = BlockCutter()
    found = [
        len(cutter.add(message(str(i), size), settings(2, 10))) for i, size in enumerate(sizes)
    ]
    assert found == expected
