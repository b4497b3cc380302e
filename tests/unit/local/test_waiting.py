"""Waiting: on the clock, whatever a check itself takes."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.local.waiting import poll, poll_async


class Clock:
    """A clock that sleeping, and checks that take `takes` seconds, move on."""

    def __init__(self, takes: float = 0.0) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []
        self._takes = takes

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def check(self, answers: Iterator[str | None]) -> Callable[[], str | None]:
        def check() -> str | None:
            self.now += self._takes
            return next(answers)

        return check


def problems(count: int) -> Iterator[str | None]:
    yield from (f"problem {number}" for number in range(count))
    yield None


def test_what_is_so_at_once_is_not_waited_for() -> None:
    clock = Clock()
    found = poll(clock.check(problems(0)), every=1, timeout=60, clock=clock, sleep=clock.sleep)
    assert (found, clock.sleeps) == (None, [])


def test_a_check_is_repeated_until_nothing_is_wrong() -> None:
    clock = Clock()
    found = poll(clock.check(problems(3)), every=0.5, timeout=60, clock=clock, sleep=clock.sleep)
    assert (found, clock.sleeps) == (None, [0.5, 0.5, 0.5])


def test_what_the_last_check_found_comes_back_after_the_deadline() -> None:
    clock = Clock()
    found = poll(clock.check(problems(99)), every=0.75, timeout=2, clock=clock, sleep=clock.sleep)
    assert (found, clock.sleeps, clock.now) == ("problem 3", [0.75, 0.75, 0.5], 102.0)


def test_a_slow_check_ends_soon_after_the_deadline() -> None:
    clock = Clock(takes=5)
    poll(clock.check(problems(9999)), every=0.1, timeout=60, clock=clock, sleep=clock.sleep)
    assert 60 <= clock.now - 100 <= 65


@given(
    takes=st.floats(0, 10),
    every=st.floats(0.01, 5),
    timeout=st.floats(0, 20),
)
def test_no_check_begins_after_the_deadline(takes: float, every: float, timeout: float) -> None:
    clock = Clock(takes)
    began: list[float] = []

    def check() -> str:
        began.append(clock.now)
        clock.now += takes
        return "wrong"

    poll(check, every=every, timeout=timeout, clock=clock, sleep=clock.sleep)
    assert began[-1] <= 100 + timeout
    assert clock.now >= 100 + timeout


def test_what_is_waited_for_may_be_a_value() -> None:
    clock = Clock()
    lines = iter(["", "", "ready"])
    found = poll(
        lambda: next(lines), until=bool, every=1, timeout=60, clock=clock, sleep=clock.sleep
    )
    assert found == "ready"


def test_an_error_of_a_check_goes_through() -> None:
    def check() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        poll(check, every=1, timeout=60)


def test_other_tasks_run_while_one_waits() -> None:
    async def main() -> tuple[str | None, str | None]:
        wrong: list[str | None] = ["wrong"]

        async def repair() -> None:
            wrong[0] = None

        task = asyncio.create_task(repair())
        found = await poll_async(lambda: wrong[0], every=0.001, timeout=60)
        await task
        return found, await poll_async(lambda: "still wrong", every=0.001, timeout=0)

    assert asyncio.run(main()) == (None, "still wrong")
