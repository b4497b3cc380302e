"""What is closed at the end of `with`, also after an error."""

import asyncio
from contextlib import suppress

import pytest

from pyfabric.local.closing import AsyncClosing, Closing


class Kept(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


class AsyncKept(AsyncClosing):
    closed = 0

    async def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_closed_at_the_end_and_an_error_goes_on(fails: bool) -> None:
    made = Kept()
    passed = False
    with suppress(ZeroDivisionError):
        with made as opened:
            assert (opened is made, made.closed) == (True, 0)
            _ = 1 / (not fails)
        passed = True
    assert (made.closed, passed) == (1, not fails)


@pytest.mark.parametrize("fails", [False, True])
def test_so_with_asyncio(fails: bool) -> None:
    async def use() -> tuple[int, bool]:
        made, passed = AsyncKept(), False
        with suppress(ZeroDivisionError):
            async with made as opened:
                assert (opened is made, made.closed) == (True, 0)
                _ = 1 / (not fails)
            passed = True
        return made.closed, passed

    assert asyncio.run(use()) == (1, not fails)


@pytest.mark.parametrize("kind", [Closing, AsyncClosing])
def test_what_does_not_close_cannot_be_made(kind: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        kind()
