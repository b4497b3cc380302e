"""Places are given first come, first served, and none is lost."""

import asyncio
import threading

import pytest

from pyfabric._grpc.aio_places import AsyncPlaces
from pyfabric._grpc.places import Places
from pyfabric.errors import NotSentError


def test_a_place_goes_to_whoever_has_waited_longest() -> None:
    places = Places(1)
    places.take(0)
    came: list[int] = []

    def wait(number: int) -> None:
        with places.held(30):
            came.append(number)

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(places._waiting) <= number:
            threading.Event().wait(0.001)
    with pytest.raises(NotSentError):
        places.take(0)
    places.leave()
    for thread in threads:
        thread.join(30)
    assert came == [0, 1, 2, 3, 4]
    places.take(0)


def test_a_place_that_comes_too_late_goes_to_the_next() -> None:
    places = Places(1)
    places.take(0)
    turn = threading.Event()
    places._waiting.append(turn)
    places.leave()
    assert turn.is_set()
    places._give_up(turn)
    places.take(0)


def test_in_an_event_loop_the_order_is_the_same() -> None:
    async def run() -> list[int]:
        places = AsyncPlaces(1)
        await places.take(0)
        came: list[int] = []

        async def wait(number: int) -> None:
            async with places.held(30):
                came.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(NotSentError):
            await places.take(0)
        places.leave()
        await asyncio.gather(*tasks)
        await places.take(0)
        return came

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]
