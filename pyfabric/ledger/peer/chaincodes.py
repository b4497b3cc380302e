"""The peer's side of the chaincode protocol: one stream to each contract's server.

Source: core/chaincode (handler.go, runtime_launcher.go, chaincode_support.go) and extcc of Fabric 3.1;
texts are those. The peer is the client: it connects when a transaction first needs the contract, and
again after the stream has ended.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable

from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2

from pyfabric._grpc.http2 import Crowd
from pyfabric._grpc.stream_client import Call, open_stream
from pyfabric._grpc.tls import http2_client_context
from pyfabric._operations.metrics import Registry
from pyfabric.errors import ConfigError, ContractError, DecodeError, PackageError
from pyfabric.ledger.metrics import ShimMetrics
from pyfabric.ledger.peer.connection import Connection
from pyfabric.messages.addresses import Address
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import DEADLINE_EXCEEDED, connection_refused
from pyfabric.rules.requests.transaction_context import TransactionContext

_log = logging.getLogger("pyfabric.ledger.peer.chaincodes")

Message = chaincode_shim_pb2.ChaincodeMessage
Kind = Message.Type

# Looked up once: an enum of the bindings computes each name anew.
_COMPLETED, _ERROR, _RESPONSE = Kind.COMPLETED, Kind.ERROR, Kind.RESPONSE
_KEEPALIVE = Kind.KEEPALIVE

_BATCH_SIZE = 1000
_READY_PARAMETERS = chaincode_pb2.ChaincodeAdditionalParams(
    use_write_batch=True,
    max_size_write_batch=_BATCH_SIZE,
    use_get_multiple_keys=True,
    max_size_get_multiple_keys=_BATCH_SIZE,
).SerializeToString()
"""What a peer offers in READY beyond the first protocol (sampleconfig/core.yaml of Fabric 3.1)."""

EXECUTE_TIMEOUT = 30.0
STARTUP_TIMEOUT = 300.0
STREAM_TERMINATED = "chaincode stream terminated"
_CONNECT = "/protos.Chaincode/Connect"
_PING_AFTER = 120.0
_PING_TIMEOUT = 20.0
_DIAL_PAUSE = 0.2


class LaunchError(ContractError):
    """The contract's server cannot be reached, or does not register."""


class ContractStream:
    """A stream to a contract's server that has registered; ends with the connection."""

    def __init__(self, package_id: str, call: Call, metrics: ShimMetrics) -> None:
        self._package_id = package_id
        self._metrics = metrics
        self._call = call
        self._contexts: dict[tuple[str, str], TransactionContext] = {}
        self._results: dict[tuple[str, str], asyncio.Future[Message]] = {}
        self._crowd = Crowd()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls: set[asyncio.Task[None]] = set()
        self.ended = False

    async def registered(self) -> None:
        """Wait until the contract has registered; raises ContractError if the stream ends first."""
        await asyncio.shield(self._ready)

    async def execute(
        self, kind: Kind, payload: bytes, context: TransactionContext, seconds: float
    ) -> Message:
        """Run one transaction within some seconds; raises ContractError with Fabric's text."""
        key = (context.channel_id, context.transaction_id)
        if key in self._contexts:
            raise ContractError(f"txid: {context.transaction_id}({context.channel_id}) exists")
        if self.ended:
            raise ContractError(STREAM_TERMINATED)
        result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._contexts[key] = context
        self._results[key] = result
        try:
            self._send(
                Message(
                    type=kind,
                    payload=payload,
                    txid=context.transaction_id,
                    channel_id=context.channel_id,
                    proposal=context.signed,
                )
            )
            async with asyncio.timeout(seconds):
                return await result
        except TimeoutError as error:
            self._metrics.timeouts.add(self._package_id)
            raise ContractError("timeout expired while executing transaction") from error
        finally:
            del self._contexts[key], self._results[key]

    async def close(self) -> None:
        """End the stream and the connection."""
        tasks = tuple(self._calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end("the peer closed the stream")
        self._call.cancel()

    def receive(self, message: bytes) -> None:
        """A message of the contract has come."""
        try:
            self._handle(decode(Message, message))
        except (DecodeError, ContractError) as error:
            self._end(f"error handling message, ending stream: {error}")
            self._call.cancel()

    def closed(self, reason: str) -> None:
        """The stream is over."""
        self._end(reason)

    def _send(self, message: Message) -> None:
        patient = self._crowd.is_there(len(self._contexts))
        self._call.send(message.SerializeToString(), patient=patient)

    def _end(self, reason: str) -> None:
        self.ended = True
        if not self._ready.done():
            self._ready.set_exception(
                LaunchError(
                    f"error handling chaincode stream for {self._package_id}: receive from "
                    f"chaincode support stream failed: {reason}"
                )
            )
            self._ready.exception()
        for result in self._results.values():
            if not result.done():
                result.set_exception(ContractError(STREAM_TERMINATED))

    def _handle(self, message: Message) -> None:
        if message.type == _KEEPALIVE:
            return
        if not self._ready.done():
            self._register(message)
        elif message.type in (_COMPLETED, _ERROR):
            result = self._results.get((message.channel_id, message.txid))
            if result is not None and not result.done():
                result.set_result(message)
        elif message.type in REQUESTS:
            self._answer(message)
        else:
            raise ContractError(
                f"[{message.txid}] Fabric side handler cannot handle message "
                f"({Kind.Name(message.type)}) while in ready state"
            )

    def _register(self, message: Message) -> None:
        if message.type != Kind.REGISTER:
            raise ContractError(
                f"[{message.txid}] Fabric side handler cannot handle message "
                f"({Kind.Name(message.type)}) while in created state"
            )
        name = decode(chaincode_pb2.ChaincodeID, message.payload).name
        if name != self._package_id:
            _log.warning("a contract registered as %s where %s was wanted", name, self._package_id)
            return
        self._send(Message(type=Kind.REGISTERED))
        self._send(Message(type=Kind.READY, payload=_READY_PARAMETERS))
        self._ready.set_result(None)

    def _answer(self, message: Message) -> None:
        started = time.perf_counter()
        self._metrics.received.add(*self._labels(message))
        context = self._contexts.get((message.channel_id, message.txid))
        if message.type == Kind.INVOKE_CHAINCODE:
            task = asyncio.create_task(self._call_chaincode(message, context, started))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
            return
        try:
            if context is None:
                raise ContractError("no ledger context")
            payload = context.answer(message.type, message.payload)
        except ContractError as error:
            self._refuse(message, error, started)
        else:
            self._reply(message, _RESPONSE, payload, started)

    async def _call_chaincode(
        self, message: Message, context: TransactionContext | None, started: float
    ) -> None:
        try:
            if context is None:
                raise ContractError("could not get valid transaction")
            payload = await context.call(message.payload)
        except ContractError as error:
            self._refuse(message, error, started)
        else:
            self._reply(message, _RESPONSE, payload, started)

    def _refuse(self, message: Message, error: ContractError, started: float) -> None:
        name = Kind.Name(message.type)
        text = f"{name} failed: transaction ID: {message.txid}: {error}"
        self._reply(message, _ERROR, text.encode(), started)

    def _reply(self, message: Message, kind: Kind, payload: bytes, started: float) -> None:
        self._send(
            Message(type=kind, txid=message.txid, channel_id=message.channel_id, payload=payload)
        )
        labels = (*self._labels(message), "true" if kind == _RESPONSE else "false")
        self._metrics.completed.add(*labels)
        self._metrics.duration.observe(time.perf_counter() - started, *labels)

    def _labels(self, message: Message) -> tuple[str, str, str]:
        return Kind.Name(message.type), message.channel_id, self._package_id


REQUESTS = frozenset(
    {
        Kind.PUT_STATE,
        Kind.DEL_STATE,
        Kind.INVOKE_CHAINCODE,
        Kind.GET_STATE,
        Kind.GET_STATE_BY_RANGE,
        Kind.GET_QUERY_RESULT,
        Kind.GET_HISTORY_FOR_KEY,
        Kind.QUERY_STATE_NEXT,
        Kind.QUERY_STATE_CLOSE,
        Kind.GET_PRIVATE_DATA_HASH,
        Kind.GET_STATE_METADATA,
        Kind.PUT_STATE_METADATA,
        Kind.PURGE_PRIVATE_DATA,
        Kind.WRITE_BATCH_STATE,
        Kind.GET_STATE_MULTIPLE,
    }
)


class Contracts:
    """The contracts' streams of one peer, made on demand.

    `connection` finds where a package's contract listens; it raises PackageError.
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
            raise ContractError(f"error sending: {error}") from error

    async def close(self) -> None:
        """End every stream."""
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
        """What keeps transactions from a contract, as far as its connection tells; None: nothing."""
        stream = self._streams.get(package_id)
        if stream is not None and not stream.ended:
            return None
        try:
            connection = self._connection(package_id)
        except PackageError as error:
            return str(error)
        try:
            await _probe(connection)
        except (OSError, TimeoutError) as error:
            return f"{connection.address}: {_dial_text(connection.address, error)}"
        return None

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
        stream = await _connect(
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


async def _connect(
    package_id: str, connection: Connection, make_stream: Callable[[Call], ContractStream]
) -> ContractStream:
    try:
        await _probe(connection)
        async with asyncio.timeout(connection.dial_timeout):
            return await _dial(connection, make_stream)
    except (OSError, TimeoutError, ValueError, ConfigError) as error:
        raise LaunchError(
            f"connection to {package_id} failed: error cannot create connection for {package_id}: "
            f"error creating grpc connection to {connection.address}: failed to create new "
            f"connection: {_dial_text(connection.address, error)}"
        ) from error


async def _dial(
    connection: Connection, make_stream: Callable[[Call], ContractStream]
) -> ContractStream:
    """Connect as Go's gRPC does: what fails is tried again until the time is over."""
    context = _context(connection)
    while True:
        try:
            return await open_stream(
                connection.address,
                context,
                _CONNECT,
                make_stream,
                ping_after=_PING_AFTER,
                ping_timeout=_PING_TIMEOUT,
            )
        except OSError:
            await asyncio.sleep(_DIAL_PAUSE)


async def _probe(connection: Connection) -> None:
    """Say at once that nothing listens, which gRPC would say only after several attempts."""
    place = Address.parse(connection.address)
    async with asyncio.timeout(connection.dial_timeout):
        _, writer = await asyncio.open_connection(place.host, place.port)
        writer.close()
        await writer.wait_closed()


def _context(connection: Connection) -> ssl.SSLContext | None:
    if connection.root_certificate is None:
        return None
    return http2_client_context(
        connection.root_certificate, connection.client_certificate, connection.client_key
    )


def _dial_text(address: str, error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return connection_refused(address, temporary=False)
    return DEADLINE_EXCEEDED if isinstance(error, TimeoutError) else str(error)
