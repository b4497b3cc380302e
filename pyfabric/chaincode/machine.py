"""The contract's side of the chaincode protocol: which message is right when, and what follows it.

No I/O: bytes in, actions out. One machine serves one stream of one peer. A peer takes one request of a
transaction at a time and drops a second one unanswered, so the machine holds back what comes early.
Source: peer/chaincode_shim.proto, and the peer's handler.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias

from fabric_protos.peer import chaincode_event_pb2, chaincode_pb2, proposal_response_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.invocation import ERROR, OK, Invocation, Result
from pyfabric.errors import ContractError, DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name

Type: TypeAlias = shim.ChaincodeMessage.Type

# A smaller offer is taken for this one, as by Fabric's own runtimes.
_LEAST_BATCH = 100

_STREAM_ENDED = "the peer closed the stream"

_MOST_RUNNING = 2500
"""As many as a peer endorses at once (peer.limits.concurrency.endorserService in core.yaml)."""

MAX_MESSAGE = 100 * 1024 * 1024
"""A peer closes the stream, with all of its transactions, at a message that is longer (Fabric's limit)."""


class Phase(StrEnum):
    """How far the stream has come; the peer may send transactions once it is ready."""

    CREATED = "created"
    ESTABLISHED = "established"
    READY = "ready"


class Key(NamedTuple):
    """What identifies a transaction on a stream."""

    channel_id: str
    transaction_id: str


class Waiter(Protocol):
    """One that waits for the response to a request: it gets the payload, or the peer's error text."""

    def deliver(self, payload: bytes, error: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Send:
    """Send this ChaincodeMessage to the peer, after those before it."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """Run this transaction, and then `finish` it."""

    key: Key
    invocation: Invocation


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give a waiter its answer."""

    waiter: Waiter
    payload: bytes
    error: str | None


@dataclass(frozen=True, slots=True)
class End:
    """Close the stream: the peer does not keep to the protocol."""


Action: TypeAlias = Send | Begin | Deliver | End


@dataclass(slots=True)
class _Transaction:
    """A transaction that runs. The first of its requests has been sent, and has waited for `checks` checks.

    After a `failure` the peer is asked nothing more, and gets it as the result.
    """

    requests: deque[tuple[Waiter, bytes]] = field(default_factory=deque)
    checks: int = 0
    failure: str | None = None

    def fail(self, failure: str) -> list[Action]:
        """Return what gives up all requests."""
        self.failure = failure
        waiters = [waiter for waiter, _ in self.requests]
        self.requests.clear()
        return [Deliver(waiter, b"", failure) for waiter in waiters]


class Machine:
    """One stream: its phase, and the transactions that run on it.

    `peer_msp_id` is the MSP of the peer, for contracts that ask.
    """

    def __init__(self, package_id: str, peer_msp_id: str | None = None) -> None:
        self.phase = Phase.CREATED
        self._package_id = package_id
        self._peer_msp_id = peer_msp_id
        self._running: dict[Key, _Transaction] = {}
        self._multiple_reads = 0
        self._write_batch = 0

    @property
    def running(self) -> int:
        """How many transactions run."""
        return len(self._running)

    def open(self) -> list[Action]:
        """Return what to do when a peer has connected: register the package."""
        chaincode_id = chaincode_pb2.ChaincodeID(name=self._package_id)
        message = shim.ChaincodeMessage(
            type=shim.ChaincodeMessage.REGISTER, payload=chaincode_id.SerializeToString()
        )
        return [Send(message.SerializeToString())]

    def receive(self, data: bytes) -> list[Action]:
        """Return what to do about a message from the peer."""
        try:
            message = decode(shim.ChaincodeMessage, data)
        except DecodeError:
            return [End()]
        handler = TABLE.get((self.phase, message.type), _unexpected)
        return handler(self, message)

    def ask(self, key: Key, waiter: Waiter, kind: Type, payload: bytes) -> list[Action]:
        """Return what sends a transaction's request as soon as the peer takes it."""
        running = self._running.get(key)
        if running is None or running.failure is not None:
            failure = _STREAM_ENDED if running is None else running.failure
            return [Deliver(waiter, b"", failure)]
        message = shim.ChaincodeMessage(
            type=kind, payload=payload, txid=key.transaction_id, channel_id=key.channel_id
        ).SerializeToString()
        if len(message) > MAX_MESSAGE:
            return [Deliver(waiter, b"", _too_long("a request to the peer", len(message)))]
        running.requests.append((waiter, message))
        return [Send(message)] if len(running.requests) == 1 else []

    def check(self, most: int, failure: str) -> list[Action]:
        """Return what fails the transactions whose request has waited for more than `most` checks.

        Called at regular times; `failure` is for the contract and the peer.
        """
        actions: list[Action] = []
        for running in self._running.values():
            if running.requests:
                running.checks += 1
                if running.checks > most:
                    actions += running.fail(failure)
        return actions

    def finish(self, key: Key, result: Result) -> list[Action]:
        """Return what completes a transaction: nothing, if the stream has ended meanwhile."""
        running = self._running.pop(key, None)
        if running is None:
            return []
        if running.failure is not None:
            result = Result(ERROR, running.failure, b"", None)
        data = _completed(key, result).SerializeToString()
        if len(data) > MAX_MESSAGE:
            failed = Result(ERROR, _too_long("the answer of the contract", len(data)), b"", None)
            data = _completed(key, failed).SerializeToString()
        return [Send(data)]

    def close(self) -> list[Action]:
        """Return what to do when the stream has ended: report it to those that wait for a response."""
        running, self._running = self._running, {}
        return [action for each in running.values() for action in each.fail(_STREAM_ENDED)]

    def ready(self, message: shim.ChaincodeMessage) -> list[Action]:
        """Handle READY, in which the peer offers what its release has beyond the first protocol."""
        try:
            offer = decode(chaincode_pb2.ChaincodeAdditionalParams, message.payload)
        except DecodeError:
            return [End()]
        if offer.use_get_multiple_keys:
            self._multiple_reads = max(offer.max_size_get_multiple_keys, _LEAST_BATCH)
        if offer.use_write_batch:
            self._write_batch = max(offer.max_size_write_batch, _LEAST_BATCH)
        self.phase = Phase.READY
        return []

    def begin(self, message: shim.ChaincodeMessage) -> list[Action]:
        """Handle TRANSACTION or INIT."""
        key = Key(message.channel_id, message.txid)
        try:
            invocation = Invocation.from_message(
                message,
                multiple_reads=self._multiple_reads,
                write_batch=self._write_batch,
                peer_msp_id=self._peer_msp_id,
            )
        except ContractError as error:
            return [Send(_error(message, str(error)))]
        if key in self._running:
            return [Send(_error(message, f"transaction {message.txid} is running already"))]
        if len(self._running) >= _MOST_RUNNING:
            text = f"too many transactions at once, exceeding the limit of {_MOST_RUNNING}"
            return [Send(_error(message, text))]
        self._running[key] = _Transaction()
        return [Begin(key, invocation)]

    def answer(self, message: shim.ChaincodeMessage) -> list[Action]:
        """Handle RESPONSE or ERROR; nobody waits for those of a transaction that has completed."""
        running = self._running.get(Key(message.channel_id, message.txid))
        if running is None or not running.requests:
            return []
        requests, running.checks = running.requests, 0
        waiter, _ = requests.popleft()
        failed = message.type == shim.ChaincodeMessage.ERROR
        error = message.payload.decode(errors="replace") if failed else None
        delivery = Deliver(waiter, message.payload, error)
        return [delivery, Send(requests[0][1])] if requests else [delivery]


def _completed(key: Key, result: Result) -> shim.ChaincodeMessage:
    response = proposal_response_pb2.Response(
        status=result.status, message=result.message, payload=result.payload
    )
    message = shim.ChaincodeMessage(
        type=shim.ChaincodeMessage.COMPLETED,
        payload=response.SerializeToString(),
        txid=key.transaction_id,
        channel_id=key.channel_id,
    )
    if result.event is not None and result.status == OK:
        name, payload = result.event
        message.chaincode_event.CopyFrom(
            chaincode_event_pb2.ChaincodeEvent(event_name=name, payload=payload)
        )
    return message


def _too_long(what: str, size: int) -> str:
    return f"{what} is {size} bytes long: a message may have {MAX_MESSAGE}; read or write in pages"


Handler: TypeAlias = Callable[[Machine, shim.ChaincodeMessage], list[Action]]


def _registered(machine: Machine, _message: shim.ChaincodeMessage) -> list[Action]:
    machine.phase = Phase.ESTABLISHED
    return []


def _keep_alive(_machine: Machine, message: shim.ChaincodeMessage) -> list[Action]:
    return [Send(message.SerializeToString())]


def _unexpected(machine: Machine, message: shim.ChaincodeMessage) -> list[Action]:
    kind = message.type
    name = enum_name(Type.DESCRIPTOR, kind)
    text = (
        f"[{message.txid}] Chaincode h cannot handle message ({name}) "
        f"while in state: {machine.phase}"
    )
    return [Send(_error(message, text)), End()]


def _error(message: shim.ChaincodeMessage, text: str) -> bytes:
    return shim.ChaincodeMessage(
        type=shim.ChaincodeMessage.ERROR,
        payload=text.encode(),
        txid=message.txid,
        channel_id=message.channel_id,
    ).SerializeToString()


TABLE: Final[Mapping[tuple[Phase, Type], Handler]] = MappingProxyType(
    {
        (Phase.CREATED, shim.ChaincodeMessage.REGISTERED): _registered,
        (Phase.CREATED, shim.ChaincodeMessage.KEEPALIVE): _keep_alive,
        (Phase.ESTABLISHED, shim.ChaincodeMessage.READY): Machine.ready,
        (Phase.ESTABLISHED, shim.ChaincodeMessage.KEEPALIVE): _keep_alive,
        (Phase.READY, shim.ChaincodeMessage.INIT): Machine.begin,
        (Phase.READY, shim.ChaincodeMessage.TRANSACTION): Machine.begin,
        (Phase.READY, shim.ChaincodeMessage.RESPONSE): Machine.answer,
        (Phase.READY, shim.ChaincodeMessage.ERROR): Machine.answer,
        (Phase.READY, shim.ChaincodeMessage.KEEPALIVE): _keep_alive,
    }
)
