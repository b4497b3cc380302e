"""What the administration of peers, of orderers and of nodes has in common: connections of its own."""

from types import TracebackType
from typing import Self

from pyfabric._grpc.aio_driver import AsyncDriver


class Administration:
    """Makes calls over connections of its own. Close it, or open it in `async with`."""

    def __init__(self) -> None:
        self._driver = AsyncDriver()

    async def close(self) -> None:
        """Close the connections. Safe to repeat."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
