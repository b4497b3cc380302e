"""Effects: what a flow asks of the outside world. Nothing in this module performs I/O.

A flow is a generator that yields effects and is sent their results. `yield from call(...)` keeps the
result's type, which a bare `yield` loses. The drivers (`_grpc.driver`, `_grpc.aio_driver`) run flows on grpc or
grpc.aio; a flow's own `finally` may not yield.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast

from pyfabric.identity.signing import SigningIdentity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a node, and how to trust it.

    `address` is host:port. `tls_roots` are the certificates (PEM) that may have signed the server's;
    `server_name` replaces the address as the name that is looked for in it. `client_certificate` and
    `client_key` (PEM) are for mutual TLS.
    """

    address: str
    tls_roots: bytes
    server_name: str | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unary(Generic[T]):
    """One unary gRPC call: `method` is the full path, e.g. /gateway.Gateway/Endorse.

    `timeout` is in seconds; None leaves it to the driver's default for the method.
    """

    endpoint: Endpoint
    method: str
    request: bytes
    parse: Callable[[bytes], T]
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send one envelope to an orderer's AtomicBroadcast stream; the result is (status, info)."""

    endpoint: Endpoint
    envelope: bytes
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class DeliverBlocks:
    """Read one block from a Deliver stream (`method` is the full path), in `timeout` seconds as a whole.

    `envelope` is the signed seek request for it. The result is the raw DeliverResponse messages up to and
    including the one that holds a status: two at most.
    """

    endpoint: Endpoint
    method: str
    envelope: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, and its body as it was sent."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Rest:
    """One HTTPS request to a node or CA; `files` become a multipart form. The result is an `Answer`.

    `is_plain` sends it without TLS. `longest` replaces the driver's limit of an answer's length in bytes.
    """

    endpoint: Endpoint
    verb: str
    path: str
    files: Mapping[str, bytes] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    timeout: float | None = None
    is_plain: bool = False
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign a whole message (the signer decides whether to hash: Ed25519 signs the message)."""

    identity: SigningIdentity
    message: bytes


@dataclass(frozen=True, slots=True)
class Gather:
    """Run flows side by side; the result is an `Outcome` for each, in their order."""

    flows: Sequence["Flow[Any]"]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The outcome of one gathered flow: its value, or the error that it raised."""

    value: T | None = None
    error: Exception | None = None

    def result(self) -> T:
        """Return the value; raises the flow's error if it failed."""
        if self.error is not None:
            raise self.error
        return cast("T", self.value)


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """Run a flow that holds one place of the gateway from its start to its end.

    Places are given first come, first served. `seconds` is how long to wait for one.
    """

    flow: "Flow[T]"
    seconds: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """The present time, as an aware datetime in UTC."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """24 fresh random bytes."""


Effect: TypeAlias = (
    Unary[Any]
    | Broadcast
    | DeliverBlocks
    | Rest
    | Sign
    | Gather
    | Placed[Any]
    | Sleep
    | Now
    | Nonce
)
Flow: TypeAlias = Generator[Effect, Any, T]


def call(rpc: Unary[T]) -> Flow[T]:
    """Make a unary call; raises GatewayError when it fails."""
    answer: T = yield rpc
    return answer


def broadcast(request: Broadcast) -> Flow[tuple[int, str]]:
    """Send an envelope to an orderer; return (status, info), for any status."""
    answer: tuple[int, str] = yield request
    return answer


def deliver(request: DeliverBlocks) -> Flow[list[bytes]]:
    """Read a block; return the raw DeliverResponse messages. Raises GatewayError."""
    answer: list[bytes] = yield request
    return answer


def rest(request: Rest) -> Flow[Answer]:
    """Make an HTTPS request; return its answer, for any status. Raises GatewayError without one."""
    answer: Answer = yield request
    return answer


def sign(identity: SigningIdentity, message: bytes) -> Flow[bytes]:
    """Sign a message; return the signature."""
    signature: bytes = yield Sign(identity, message)
    return signature


def gather(flows: Sequence[Flow[T]]) -> Flow[list[Outcome[T]]]:
    """Run flows side by side, wait for all of them, and return their outcomes in their order."""
    outcomes: list[Outcome[T]] = yield Gather(flows)
    return outcomes


def placed(flow: Flow[T], seconds: float) -> Flow[T]:
    """Run a flow in one place of the gateway; raises NotSentError when none came free in time."""
    value: T = yield Placed(flow, seconds)
    return value


def sleep(seconds: float) -> Flow[None]:
    """Wait for some seconds."""
    yield Sleep(seconds)


def now() -> Flow[datetime]:
    """Return the present time in UTC."""
    moment: datetime = yield Now()
    return moment


def nonce() -> Flow[bytes]:
    """Return 24 fresh random bytes."""
    value: bytes = yield Nonce()
    return value
