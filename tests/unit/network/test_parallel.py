"""Calls side by side."""

import threading

import pytest
from pyfabric_network.parallel import side_by_side


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
