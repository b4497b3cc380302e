"""Flows run in whichever event loop calls: programs of fabric-sdk-py run one loop for each call, or one for all."""

import asyncio
from typing import TypeVar
from weakref import WeakKeyDictionary

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.client.effects import Flow

T = TypeVar("T")


class Runner:
    """Connections for each event loop, made at its first call."""

    def __init__(self) -> None:
        self._drivers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncDriver] = (
            WeakKeyDictionary()
        )

    @property
    def driver(self) -> AsyncDriver:
        """The driver of the running loop."""
        loop = asyncio.get_running_loop()
        driver = self._drivers.get(loop)
        if driver is None:
            driver = self._drivers[loop] = AsyncDriver()
        return driver

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow and return its value. Raises what the flow raises."""
        return await self.driver.run(flow)

    async def close(self) -> None:
        """Close the connections of the running loop; the next call makes others."""
        driver = self._drivers.pop(asyncio.get_running_loop(), None)
        if driver is not None:
            await driver.close()
