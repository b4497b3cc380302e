"""One time limit for the whole of an HTTPS exchange: asyncio."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class TimeLimit:
    """Raises TimeoutError where its block takes more than some seconds."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)
        self.extensions: Mapping[str, Any] = {}
        """What httpx's request needs for the limit."""

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, traceback)
