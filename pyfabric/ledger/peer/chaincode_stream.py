"""The peer's side of the chaincode protocol on one stream: a contract registers, and runs transactions.

Source: core/chaincode/handler.go of Fabric 3.1; texts are the same.
"""

import asyncio
import logging
import time

from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2

from pyfabric._grpc.http2 import WriteCoalescing
from pyfabric._grpc.stream_client import ClientCall
from pyfabric.errors import ContractError, DecodeError
from pyfabric.ledger.peer.metrics import ShimMetrics
from pyfabric.ledger.peer.transaction_context import TransactionContext
from pyfabric.messages.decoding import decode
from pyfabric.rules.requests.handler import REQUESTS, refusal
from pyfabric.rules.requests.invocations import already_running

_log = logging.getLogger("pyfabric.ledger.peer.chaincode_stream")

Message = chaincode_shim_pb2.ChaincodeMessage
Kind = Message.Type

# Looked up once: an enum of the bindings computes each name again.
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

STREAM_TERMINATED = "chaincode stream terminated"


class LaunchError(ContractError):
    """The contract's server cannot be reached, or does not register."""


class ContractStream:
    """The stream to a contract's server, from its registration to the end of the connection."""

    def __init__(self, package_id: str, call: ClientCall, metrics: ShimMetrics) -> None:
        self._package_id = package_id
        self._metrics = metrics
        self._call = call
        self._contexts: dict[tuple[str, str], TransactionContext] = {}
        self._results: dict[tuple[str, str], asyncio.Future[Message]] = {}
        self._coalescing = WriteCoalescing()
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
            raise already_running(context.transaction_id, context.channel_id)
        if self.ended:
            raise ContractError(STREAM_TERMINATED)
        result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._contexts[key] = context
        self._results[key] = result
        message = Message(
            type=kind,
            payload=payload,
            txid=context.transaction_id,
            channel_id=context.channel_id,
            proposal=context.signed,
        )
        message.timestamp.FromDatetime(context.at)
        try:
            self._send(message)
            async with asyncio.timeout(seconds):
                return await result
        except TimeoutError as error:
            self._metrics.timeouts.add(self._package_id)
            raise ContractError("timeout expired while executing transaction") from error
        finally:
            del self._contexts[key], self._results[key]

    async def close(self) -> None:
        """Close the stream and the connection."""
        tasks = tuple(self._calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end("the peer closed the stream")
        self._call.cancel()

    def receive(self, message: bytes) -> None:
        """Handle a message of the contract."""
        try:
            self._handle(decode(Message, message))
        except (DecodeError, ContractError) as error:
            self._end(f"error handling message, ending stream: {error}")
            self._call.cancel()

    def closed(self, reason: str) -> None:
        """Terminate whatever waits for the stream, which has ended."""
        self._end(reason)

    def _send(self, message: Message) -> None:
        coalesce = self._coalescing.pays(len(self._contexts))
        self._call.send(message.SerializeToString(), coalesce=coalesce)

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
            _log.warning(
                "the contract at the address of %s registered as %s: it is ignored; serve the package "
                "that the peer has installed",
                self._package_id,
                name,
            )
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
        text = refusal(message.type, message.txid, error)
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
