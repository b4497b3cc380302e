"""The places of a gateway's calls, transactions and streams in an event loop, first come, first served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pyfabric._grpc.errors import not_sent


class AsyncPlaces:
    """A limited number of places, for the event loop in which they are first waited for."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places = asyncio.BoundedSemaphore(limit)

    async def take(self, seconds: float) -> None:
        """Take a place, waiting for it if need be. Raises NotSentError after that many seconds."""
        if not self._places.locked():
            await self._places.acquire()  # does not wait
            return
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise not_sent(self._limit, seconds) from error

    def leave(self) -> None:
        """Give a place back, to the one that has waited longest."""
        self._places.release()

    @asynccontextmanager
    async def held(self, seconds: float) -> AsyncIterator[None]:
        """Hold a place in a block; see `take`."""
        await self.take(seconds)
        try:
            yield
        finally:
            self.leave()
