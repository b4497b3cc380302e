"""What the administration of peers, of orderers and of nodes has in common: connections of its own."""

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.local.closing import AsyncClosing


class Administration(AsyncClosing):
    """Makes calls over connections of its own. Close it, or open it in `async with`."""

    def __init__(self) -> None:
        self._driver = AsyncDriver()

    async def close(self) -> None:
        """Close the connections. Safe to repeat."""
        await self._driver.close()
