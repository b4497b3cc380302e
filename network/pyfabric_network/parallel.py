"""Calls made side by side, each in a thread of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_THREADS = 16


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make calls side by side and return their results in order.

    Raises the first call's failure that there is, once all calls have returned.
    """
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(len(calls), _THREADS)) as pool:
        begun = [pool.submit(call) for call in calls]
    return [one.result() for one in begun]
