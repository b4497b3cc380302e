"""Calls made side by side, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
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


def within(calls: Sequence[Callable[[], T]], seconds: float) -> list[T | None]:
    """Make calls side by side and return their results in order, None for those that take longer.

    Such a call goes on in a thread that does not keep the program from terminating, and its result is
    dropped. Raises the first failure of a call that has returned in time.
    """
    futures: list[Future[T]] = [Future() for _ in calls]
    for call, future in zip(calls, futures, strict=True):
        threading.Thread(target=_fulfil, args=(future, call), daemon=True).start()
    done, _ = wait(futures, timeout=seconds)
    return [future.result() if future in done else None for future in futures]


def _fulfil(future: Future[T], call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - for the one who waits for the result
        future.set_exception(error)
