"""The peer's side of a contract's stream, with a dictionary as state and faults on request."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    proposal_pb2,
    proposal_response_pb2,
)

from pyfabric._grpc.options import CLIENT_OPTIONS

Message = chaincode_shim_pb2.ChaincodeMessage

BATCH = 3


@dataclass(frozen=True)
class Answer:
    """What a contract answered, and the event that came with it."""

    status: int
    message: str
    payload: bytes
    event: chaincode_event_pb2.ChaincodeEvent | None


@dataclass
class FakePeer:
    """Connects to a contract's server and takes part in the protocol as a peer does.

    `fail` names message types that are answered with ERROR; `errors` are those that the contract sent.
    """

    address: str
    credentials: grpc.ChannelCredentials | None = None
    options: Sequence[tuple[str, Any]] = ()
    state: dict[str, bytes] = field(default_factory=dict)
    fail: dict[int, str] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    registered: str = ""
    most_outstanding: int = 0
    multiple_reads: int = 0

    async def __aenter__(self) -> Self:
        defaults = dict((*CLIENT_OPTIONS, ("grpc.enable_http_proxy", 0)))
        options = tuple((defaults | dict(self.options)).items())
        self.channel = (
            grpc.aio.insecure_channel(self.address, options)
            if self.credentials is None
            else grpc.aio.secure_channel(self.address, self.credentials, options)
        )
        self.stream = self.channel.stream_stream("/protos.Chaincode/Connect")()
        self.ended = asyncio.Event()
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._outstanding: dict[str, int] = {}
        self._queries: dict[str, list[tuple[str, bytes]]] = {}
        self._keepalives: asyncio.Queue[Message] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._write())]
        first = await self._read()
        self.registered = chaincode_pb2.ChaincodeID.FromString(first.payload).name
        assert first.type == Message.REGISTER
        self.send(Message(type=Message.REGISTERED))
        offer = chaincode_pb2.ChaincodeAdditionalParams(
            use_get_multiple_keys=self.multiple_reads > 0,
            max_size_get_multiple_keys=self.multiple_reads,
        )
        self.send(Message(type=Message.READY, payload=offer.SerializeToString()))
        self._tasks.append(asyncio.create_task(self._serve()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.stream.cancel()
        await self.channel.close()

    def send(self, message: Message) -> None:
        self._outgoing.put_nowait(message.SerializeToString())

    async def keepalive(self) -> Message:
        """Send KEEPALIVE and wait for what comes back."""
        self.send(Message(type=Message.KEEPALIVE))
        return await asyncio.wait_for(self._keepalives.get(), 10)

    async def invoke(
        self,
        *arguments: bytes | str,
        transaction_id: str = "tx",
        channel: str = "channel",
        kind: Message.Type = Message.TRANSACTION,
        proposal: proposal_pb2.SignedProposal | None = None,
        decorations: Mapping[str, bytes] | None = None,
    ) -> Answer:
        """Run a transaction; raises AssertionError if the contract answers ERROR."""
        given = chaincode_pb2.ChaincodeInput(
            args=[each.encode() if isinstance(each, str) else each for each in arguments],
            decorations=decorations or {},
        )
        future = self._waiting[transaction_id] = asyncio.get_running_loop().create_future()
        self.send(
            Message(
                type=kind,
                txid=transaction_id,
                channel_id=channel,
                payload=given.SerializeToString(),
                proposal=proposal,
            )
        )
        return await asyncio.wait_for(future, 60)

    async def _read(self) -> Message:
        data = await self.stream.read()
        if data is grpc.aio.EOF:
            raise EOFError
        return Message.FromString(data)

    async def _write(self) -> None:
        while True:
            await self.stream.write(await self._outgoing.get())

    async def _serve(self) -> None:
        try:
            while True:
                self._handle(await self._read())
        except (EOFError, grpc.aio.AioRpcError) as error:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(f"stream ended: {error!r}"))
        finally:
            self.ended.set()

    def _handle(self, message: Message) -> None:
        self.received.append(message)
        if message.type == Message.KEEPALIVE:
            self._keepalives.put_nowait(message)
        elif message.type == Message.COMPLETED:
            self._complete(message)
        elif message.type == Message.ERROR:
            self._fail(message.txid, message.payload.decode())
        else:
            self._answer(message)

    def _fail(self, transaction_id: str, text: str) -> None:
        self.errors.append(text)
        future = self._waiting.pop(transaction_id, None)
        if future is not None:
            future.set_exception(AssertionError(text))

    def _complete(self, message: Message) -> None:
        response = proposal_response_pb2.Response.FromString(message.payload)
        event = message.chaincode_event if message.HasField("chaincode_event") else None
        self._waiting.pop(message.txid).set_result(
            Answer(response.status, response.message, response.payload, event)
        )

    def _answer(self, message: Message) -> None:
        """Respond in a later turn of the loop; drop a second request meanwhile, as peers do."""
        if self._outstanding.get(message.txid):
            self.most_outstanding = 2
            return
        self._outstanding[message.txid] = 1
        asyncio.get_running_loop().call_soon(self._respond, message)

    def _respond(self, message: Message) -> None:
        self._outstanding[message.txid] = 0
        if message.type in self.fail:
            kind, payload = Message.ERROR, self.fail[message.type].encode()
        else:
            kind, payload = Message.RESPONSE, _HANDLERS[message.type](self, message.payload)
        self.send(
            Message(type=kind, txid=message.txid, channel_id=message.channel_id, payload=payload)
        )

    def get_state(self, payload: bytes) -> bytes:
        return self.state.get(chaincode_shim_pb2.GetState.FromString(payload).key, b"")

    def get_states(self, payload: bytes) -> bytes:
        keys = chaincode_shim_pb2.GetStateMultiple.FromString(payload).keys
        values = [self.state.get(key, b"") for key in keys]
        return chaincode_shim_pb2.GetStateMultipleResult(values=values).SerializeToString()

    def put_state(self, payload: bytes) -> bytes:
        request = chaincode_shim_pb2.PutState.FromString(payload)
        self.state[request.key] = request.value
        return b""

    def delete_state(self, payload: bytes) -> bytes:
        self.state.pop(chaincode_shim_pb2.DelState.FromString(payload).key, None)
        return b""

    def range(self, payload: bytes) -> bytes:
        request = chaincode_shim_pb2.GetStateByRange.FromString(payload)
        wanted = chaincode_shim_pb2.QueryMetadata.FromString(request.metadata)
        start = wanted.bookmark or request.startKey
        found = [
            (key, value)
            for key, value in sorted(self.state.items())
            if key >= start and (not request.endKey or key < request.endKey)
        ]
        if not request.metadata:
            query_id = f"query{len(self._queries)}"
            self._queries[query_id] = found
            return self._batch(query_id)
        page, rest = found[: wanted.pageSize], found[wanted.pageSize :]
        described = chaincode_shim_pb2.QueryResponseMetadata(
            fetched_records_count=len(page), bookmark=rest[0][0] if rest else ""
        )
        return chaincode_shim_pb2.QueryResponse(
            results=_results(page), metadata=described.SerializeToString()
        ).SerializeToString()

    def next(self, payload: bytes) -> bytes:
        return self._batch(chaincode_shim_pb2.QueryStateNext.FromString(payload).id)

    def close(self, payload: bytes) -> bytes:
        query_id = chaincode_shim_pb2.QueryStateClose.FromString(payload).id
        self._queries.pop(query_id)
        return chaincode_shim_pb2.QueryResponse(id=query_id).SerializeToString()

    @property
    def open_queries(self) -> int:
        return len(self._queries)

    def _batch(self, query_id: str) -> bytes:
        left = self._queries[query_id]
        batch, self._queries[query_id] = left[:BATCH], left[BATCH:]
        has_more = bool(self._queries[query_id])
        if not has_more:
            del self._queries[query_id]
        return chaincode_shim_pb2.QueryResponse(
            results=_results(batch), has_more=has_more, id=query_id
        ).SerializeToString()


_HANDLERS: dict[int, Callable[[FakePeer, bytes], bytes]] = {
    Message.GET_STATE: FakePeer.get_state,
    Message.GET_STATE_MULTIPLE: FakePeer.get_states,
    Message.PUT_STATE: FakePeer.put_state,
    Message.DEL_STATE: FakePeer.delete_state,
    Message.GET_STATE_BY_RANGE: FakePeer.range,
    Message.QUERY_STATE_NEXT: FakePeer.next,
    Message.QUERY_STATE_CLOSE: FakePeer.close,
}


def _results(
    items: Sequence[tuple[str, bytes]],
) -> list[chaincode_shim_pb2.QueryResultBytes]:
    return [
        chaincode_shim_pb2.QueryResultBytes(
            resultBytes=kv_query_result_pb2.KV(key=key, value=value).SerializeToString()
        )
        for key, value in items
    ]


def signed_proposal(
    creator: bytes,
    *,
    transient: Mapping[str, bytes] | None = None,
    seconds: int = 0,
    nanos: int = 0,
) -> proposal_pb2.SignedProposal:
    """Return a proposal as the peer hands it on; the signature is not looked at."""
    header = common_pb2.ChannelHeader(type=common_pb2.ENDORSER_TRANSACTION)
    header.timestamp.seconds, header.timestamp.nanos = seconds, nanos
    signature = common_pb2.SignatureHeader(creator=creator, nonce=b"nonce")
    return proposal_pb2.SignedProposal(
        proposal_bytes=proposal_pb2.Proposal(
            header=common_pb2.Header(
                channel_header=header.SerializeToString(),
                signature_header=signature.SerializeToString(),
            ).SerializeToString(),
            payload=proposal_pb2.ChaincodeProposalPayload(
                TransientMap=transient or {}
            ).SerializeToString(),
        ).SerializeToString()
    )
