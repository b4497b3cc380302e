"""A small contract server that follows a test's script, also against the protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    proposal_response_pb2,
)

from pyfabric._grpc.options import SERVER_OPTIONS, server_credentials

Message = chaincode_shim_pb2.ChaincodeMessage
Kind = Message.Type


class RefusedError(Exception):
    """The peer answered a request with ERROR."""


class Call:
    """One transaction: its arguments, and what can be asked of the peer."""

    def __init__(self, message: Message, send: Callable[[Message], Awaitable[None]]) -> None:
        self.message = message
        self.arguments = list(chaincode_pb2.ChaincodeInput.FromString(message.payload).args)
        self.answers: asyncio.Queue[Message] = asyncio.Queue()
        self.send = send

    async def ask(self, kind: int, request: Any) -> bytes:
        """Send a request to the peer and wait for its answer; raises RefusedError."""
        await self.send(
            Message(
                type=kind,
                payload=request.SerializeToString(),
                txid=self.message.txid,
                channel_id=self.message.channel_id,
            )
        )
        answer = await self.answers.get()
        if answer.type == Kind.ERROR:
            raise RefusedError(answer.payload.decode())
        return answer.payload

    async def get(self, key: str) -> bytes:
        """Return the value of a key."""
        return await self.ask(Kind.GET_STATE, chaincode_shim_pb2.GetState(key=key))

    async def put(self, key: str, value: bytes) -> None:
        """Write a key."""
        await self.ask(Kind.PUT_STATE, chaincode_shim_pb2.PutState(key=key, value=value))

    async def complete(
        self, payload: bytes = b"", status: int = 200, text: str = "", event: str = ""
    ) -> None:
        """Complete the transaction with a response."""
        response = proposal_response_pb2.Response(status=status, message=text, payload=payload)
        await self.send(
            Message(
                type=Kind.COMPLETED,
                payload=response.SerializeToString(),
                txid=self.message.txid,
                channel_id=self.message.channel_id,
                chaincode_event=(
                    chaincode_event_pb2.ChaincodeEvent(event_name=event, payload=payload)
                    if event
                    else None
                ),
            )
        )


Behaviour = Callable[[Call], Awaitable[None]]


class ScriptedContract:
    """A TLS server for one package id; `behave` runs for each transaction."""

    def __init__(self, package_id: str, behave: Behaviour) -> None:
        self.package_id = package_id
        self.behave = behave
        self.calls = 0
        self._server: grpc.aio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, address: str, certificate: bytes, key: bytes) -> None:
        """Listen."""
        self._server = grpc.aio.server(options=SERVER_OPTIONS)
        handlers = {"Connect": grpc.stream_stream_rpc_method_handler(self._connect)}
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("protos.Chaincode", handlers),)
        )
        self._server.add_secure_port(address, server_credentials(certificate, key, None))
        await self._server.start()

    async def stop(self) -> None:
        """Drop every stream and stop listening."""
        if self._server is not None:
            await self._server.stop(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> None:
        lock = asyncio.Lock()
        calls: dict[str, Call] = {}

        async def send(message: Message) -> None:
            async with lock:
                await context.write(message.SerializeToString())

        name = chaincode_pb2.ChaincodeID(name=self.package_id).SerializeToString()
        await send(Message(type=Kind.REGISTER, payload=name))
        async for raw in requests:
            message = Message.FromString(raw)
            if message.type in (Kind.TRANSACTION, Kind.INIT):
                call = calls[message.txid] = Call(message, send)
                self.calls += 1
                task = asyncio.create_task(self._run(call, context))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif message.txid in calls:
                calls[message.txid].answers.put_nowait(message)

    async def _run(self, call: Call, context: grpc.aio.ServicerContext) -> None:
        try:
            await self.behave(call)
        except RefusedError as error:
            await call.complete(status=500, text=str(error))
