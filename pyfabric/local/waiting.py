"""Waiting for something on this machine's monotonic clock."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def is_none(found: object) -> bool:
    """Return whether a check found nothing: most checks return what is still wrong."""
    return found is None


def poll(
    check: Callable[[], T],
    *,
    until: Callable[[T], bool] = is_none,
    every: float,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Check until it finds what is wanted, or `timeout` seconds have passed; return what it found last.

    It checks at least once, waits `every` seconds in between, and never begins a check after the deadline,
    so that a slow check delays the return by one check at most.
    """
    deadline = clock() + timeout
    while not until(found := check()) and (left := deadline - clock()) > 0:
        sleep(min(every, left))
    return found


async def poll_async(
    check: Callable[[], T],
    *,
    until: Callable[[T], bool] = is_none,
    every: float,
    timeout: float,  # noqa: ASYNC109 - the whole of many checks, of which none is cancelled
) -> T:
    """Check as `poll` does; other tasks run in between."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout
    while not until(found := check()) and (left := deadline - clock()) > 0:  # noqa: ASYNC110 - no event
        await asyncio.sleep(min(every, left))
    return found
