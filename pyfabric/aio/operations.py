"""The operations service of a node or contract host."""

from types import TracebackType
from typing import Self

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.admin import operations
from pyfabric.admin.operations import Health
from pyfabric.client.effects import Endpoint


class Operations:
    """Health, metrics and log levels of one node or contract host, at its operations address.

    Health is for everybody; the rest wants an endpoint with a client certificate. A refusal or a call
    that fails raises GatewayError. Close it, or open it in `async with`.
    """

    def __init__(self, node: Endpoint) -> None:
        self._node = node
        self._driver = AsyncDriver()

    async def health(self) -> Health:
        """Return what the node's own checks found."""
        return await self._driver.run(operations.health(self._node))

    async def metrics(self) -> str:
        """Return the node's metrics, in Prometheus' text format."""
        return await self._driver.run(operations.metrics(self._node))

    async def log_spec(self) -> str:
        """Return which levels the node logs (`info`, `gossip=debug:info`, …)."""
        return await self._driver.run(operations.log_spec(self._node))

    async def set_log_spec(self, spec: str) -> None:
        """Set which levels the node logs, until it is started again."""
        await self._driver.run(operations.set_log_spec(self._node, spec))

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
