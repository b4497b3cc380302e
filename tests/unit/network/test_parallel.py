"""Calls side by side."""

import threading

import pytest
from pyfabric_network.parallel import side_by_side, within


def test_results_come_in_the_order_of_the_calls() -> None:
    assert side_by_side([]) == []
    assert side_by_side([lambda: 7]) == [7]
    barrier = threading.Barrier(3, timeout=30)  # passes only if all three run at once

    def call(number: int) -> int:
        barrier.wait()
        return number

    assert side_by_side([lambda n=n: call(n) for n in range(3)]) == [0, 1, 2]  # type: ignore[misc]


def test_a_failure_comes_once_every_call_has_returned() -> None:
    done: list[str] = []
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise ValueError("first")

    def go_on() -> None:
        failed.wait(30)
        done.append("second")

    with pytest.raises(ValueError, match="first"):
        side_by_side([fail, go_on])
    assert done == ["second"]


def test_a_call_that_takes_longer_is_not_waited_for() -> None:
    never = threading.Event()
    try:
        assert within([lambda: 1, lambda: never.wait(60), lambda: 3], 0.5) == [1, None, 3]
    finally:
        never.set()
    assert within([], 0.0) == []


def test_a_failure_in_time_is_raised() -> None:
    def fail() -> int:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        within([lambda: 1, fail], 60)
