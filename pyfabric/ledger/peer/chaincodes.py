"""The streams of one peer to its contracts' servers: launched on demand, with the peer's timeouts.

Source: core/chaincode (runtime_launcher.go, chaincode_support.go) of Fabric 3.1; texts are the same. The
peer is the client: it connects when a transaction first needs the contract, and again after the stream
has ended.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from fabric_protos.peer import chaincode_shim_pb2

from pyfabric._operations.metrics import Registry
from pyfabric.errors import ContractError, PackageError
from pyfabric.ledger.peer.chaincode_stream import ContractStream, LaunchError
from pyfabric.ledger.peer.connection import Connection
from pyfabric.ledger.peer.dialing import connect, dial_problem
from pyfabric.ledger.peer.metrics import ShimMetrics
from pyfabric.ledger.peer.transaction_context import TransactionContext
from pyfabric.rules.requests.invocations import not_sent

Message = chaincode_shim_pb2.ChaincodeMessage
Kind = Message.Type

EXECUTE_TIMEOUT: Final = 30.0
STARTUP_TIMEOUT: Final = 300.0


class Contracts:
    """The streams of one peer to its contracts, each made when a transaction first needs it.

    `connection` returns where a package's contract listens; it raises PackageError. Timeouts are in
    seconds.
    """

    def __init__(
        self,
        connection: Callable[[str], Connection],
        *,
        execute_timeout: float = EXECUTE_TIMEOUT,
        startup_timeout: float = STARTUP_TIMEOUT,
        metrics: ShimMetrics | None = None,
    ) -> None:
        self._connection = connection
        self._execute_timeout = execute_timeout
        self._startup_timeout = startup_timeout
        self._metrics = metrics or ShimMetrics(Registry())
        self._streams: dict[str, ContractStream] = {}
        self._launching: dict[str, asyncio.Task[ContractStream]] = {}

    async def execute(
        self, package_id: str, kind: Kind, payload: bytes, context: TransactionContext
    ) -> Message:
        """Run one transaction in a contract; raises ContractError with Fabric's text."""
        stream = self._streams.get(package_id)
        if stream is None or stream.ended:
            stream = await self._launch(package_id)
        try:
            return await stream.execute(kind, payload, context, self._execute_timeout)
        except ContractError as error:
            raise not_sent(error) from error

    async def close(self) -> None:
        """Close every stream, and stop launching."""
        for task in self._launching.values():
            task.cancel()
        await asyncio.gather(*self._launching.values(), return_exceptions=True)
        for stream in self._streams.values():
            await stream.close()

    async def _launch(self, package_id: str) -> ContractStream:
        task = self._launching.get(package_id)
        if task is None:
            task = self._launching[package_id] = asyncio.create_task(self._timed(package_id))
            task.add_done_callback(lambda _: self._launching.pop(package_id))
        try:
            return await asyncio.shield(task)
        except (LaunchError, PackageError) as error:
            raise ContractError(f"could not launch chaincode {package_id}: {error}") from error

    async def trouble(self, package_id: str) -> str | None:
        """Return what keeps transactions from a contract, as far as its connection shows; None: nothing."""
        stream = self._streams.get(package_id)
        if stream is not None and not stream.ended:
            return None
        try:
            connection = self._connection(package_id)
        except PackageError as error:
            return str(error)
        return await dial_problem(connection)

    async def _timed(self, package_id: str) -> ContractStream:
        started, success = time.perf_counter(), "false"
        try:
            stream = await self._start(package_id)
            success = "true"
        except LaunchError:
            self._metrics.launch_failures.add(package_id)
            raise
        finally:
            self._metrics.launches.observe(time.perf_counter() - started, package_id, success)
        return stream

    async def _start(self, package_id: str) -> ContractStream:
        old = self._streams.pop(package_id, None)
        if old is not None:
            await old.close()
        stream = await connect(
            package_id,
            self._connection(package_id),
            lambda call: ContractStream(package_id, call, self._metrics),
        )
        try:
            async with asyncio.timeout(self._startup_timeout):
                await stream.registered()
        except TimeoutError as error:
            await stream.close()
            raise LaunchError(
                f"timeout expired while starting chaincode {package_id} for transaction"
            ) from error
        except LaunchError as error:
            await stream.close()
            raise LaunchError(f"connection to {package_id} failed: {error}") from error
        self._streams[package_id] = stream
        return stream
