"""The peer's side of a contract's stream, with a dictionary as state and faults on request."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
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
from pyfabric.errors import ContractError
from pyfabric.rules.requests.handler import RequestHandler, refusal
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.rwset import decode_read_write_set
from pyfabric.rules.state.versions import Version, VersionedValue

Message = chaincode_shim_pb2.ChaincodeMessage

BATCH = 3
NAMESPACE = "cc"
_ERROR_THRESHOLD = 400


@dataclass(frozen=True)
class Answer:
    """What a contract answered, and the event that came with it."""

    status: int
    message: str
    payload: bytes
    event: chaincode_event_pb2.ChaincodeEvent | None


@dataclass(frozen=True)
class DictionaryState:
    """A dictionary as the state of one namespace, and without a past."""

    values: Mapping[str, bytes]

    def get(self, _namespace: str, key: str) -> VersionedValue | None:
        value = self.values.get(key)
        return None if value is None else VersionedValue(value, Version(0, 0))

    def range(self, _namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        for key, value in sorted(self.values.items()):
            if key >= start and (not end or key < end):
                yield key, VersionedValue(value, Version(0, 0))

    def history(self, _namespace: str, _key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        return iter(())


class NoCollections:
    """The permissions in a chaincode that has no collections."""

    def check_read(self, name: str) -> None:
        raise ContractError(f"collection channel/{NAMESPACE}/{name} could not be found")

    check_write = check_name = check_read

    def check_hash(self) -> None:
        """Anybody may ask for hashes."""

    check_purge = check_metadata = check_hash


@dataclass
class Transaction:
    """A transaction that runs in the contract."""

    simulation: PrivateSimulation
    handler: RequestHandler


@dataclass
class FakePeer:
    """Connects to a contract's server and takes part in the protocol as a peer does.

    A transaction that succeeds is committed to `state` at once. `fail` names message types that are
    answered with ERROR, `silent` those that are not answered; `errors` are those that the contract sent, `open_queries` counts the queries
    that it neither read to their end nor closed.
    """

    address: str
    credentials: grpc.ChannelCredentials | None = None
    options: Sequence[tuple[str, Any]] = ()
    state: dict[str, bytes] = field(default_factory=dict)
    fail: dict[int, str] = field(default_factory=dict)
    silent: frozenset[int] = frozenset()
    received: list[Message] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    registered: str = ""
    most_outstanding: int = 0
    open_queries: int = 0
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
        self._transactions: dict[tuple[str, str], Transaction] = {}
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
        transaction = self._transactions.pop((message.channel_id, message.txid), None)
        if transaction is not None:
            self.open_queries += transaction.handler.open_queries
            if response.status < _ERROR_THRESHOLD:
                self._commit(transaction)
        event = message.chaincode_event if message.HasField("chaincode_event") else None
        self._waiting.pop(message.txid).set_result(
            Answer(response.status, response.message, response.payload, event)
        )

    def _answer(self, message: Message) -> None:
        """Respond in a later turn of the loop; drop a second request meanwhile, as peers do."""
        if message.type in self.silent:
            return
        if self._outstanding.get(message.txid):
            self.most_outstanding = 2
            return
        self._outstanding[message.txid] = 1
        asyncio.get_running_loop().call_soon(self._respond, message)

    def _respond(self, message: Message) -> None:
        self._outstanding[message.txid] = 0
        try:
            kind, payload = Message.RESPONSE, self._payload(message)
        except ContractError as error:
            kind, payload = Message.ERROR, str(error).encode()
        self.send(
            Message(type=kind, txid=message.txid, channel_id=message.channel_id, payload=payload)
        )

    def _payload(self, message: Message) -> bytes:
        if message.type in self.fail:
            raise ContractError(self.fail[message.type])
        try:
            return self._transaction(message).handler.answer(message.type, message.payload)
        except ContractError as error:
            raise ContractError(refusal(message.type, message.txid, error)) from error

    def _transaction(self, message: Message) -> Transaction:
        key = (message.channel_id, message.txid)
        if key not in self._transactions:
            state = DictionaryState(self.state)
            simulation = PrivateSimulation(state, message.txid)
            handler = RequestHandler(NAMESPACE, simulation, state, NoCollections(), batch=BATCH)
            self._transactions[key] = Transaction(simulation, handler)
        return self._transactions[key]

    def _commit(self, transaction: Transaction) -> None:
        for namespace in decode_read_write_set(transaction.simulation.read_write_set()):
            for write in namespace.public.writes:
                if write.is_delete:
                    self.state.pop(write.key, None)
                else:
                    self.state[write.key] = write.value


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
