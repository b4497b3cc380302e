"""The steps of a transaction, each one remote call: evaluate, endorse, submit, commit status.

Evaluate and Endorse move to the next endpoint on UNAVAILABLE, Submit only where nothing was sent. When Submit's answer
is lost, CommitStatus at another endpoint decides. CommitStatus moves on after some silence too; where nobody knows the
outcome, or no orderer takes a transaction, the same signed one is sent again: a channel takes a transaction id once, so
it is committed once at most.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Generic, TypeVar

from fabric_protos.gateway import gateway_pb2

from pyfabric.client.effects import Endpoint, Flow, Unary, call, now, sign, sleep
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.client.offline import can_sign
from pyfabric.client.proposals import new_proposal
from pyfabric.client.timeouts import (
    COMMIT_STATUS,
    DEFAULT_TIMEOUTS,
    ENDORSE,
    EVALUATE,
    SUBMIT,
)
from pyfabric.errors import (
    ClientError,
    CommitStatusError,
    EndorseError,
    GatewayError,
    NotSentError,
    StatusCode,
    SubmitError,
)
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.prepared import (
    CommitStatus,
    CommitStatusRequest,
    PreparedTransaction,
    read_endorsed,
)
from pyfabric.messages.proposals import Invocation, ProposedTransaction

T = TypeVar("T")
E = TypeVar("E", bound=GatewayError)

# What a server that stops answers: Go's closes the connections, C++'s and Python's cancel the calls that still run.
_GONE = frozenset({StatusCode.UNAVAILABLE, StatusCode.CANCELLED})
_ANSWER_LOST = _GONE | {StatusCode.DEADLINE_EXCEEDED}
_SILENCE = 5.0  # seconds after which the next peer is asked for an outcome
# Seconds after which a transaction without an outcome is sent again. Raft loses what an orderer has passed to a
# leader that hangs or terminates, and elects another within ten seconds.
_AGAIN = 8.0
_LAST_LOOK = 0.1
# How a peer reports that each of Raft's orderers refused or was not reached. Without a leader, which the orderers elect
# within seconds, all of them do; their texts, and so this cause, are not in the answer (gateway/submit.go).
_NOT_ORDERED = "no orderers could successfully process transaction"
_ELECTION_PAUSE = 0.25
# How a peer reports that an orderer did not answer in time (it may have the transaction), or hangs: Raft then has
# no leader for a while.
_SILENT = re.compile("code = DeadlineExceeded|context deadline exceeded")
# gRPC's text for a call that it has not sent, since there is no connection.
_NOT_CONNECTED = "failed to connect to all addresses"
# The peer sends a transaction to all BFT orderers, which also pass it on among themselves (SmartBFT's
# request pool): those that have it already refuse it, and the peer counts these refusals as failures.
_TAKEN = ("request already exists", "request already processed")


def _staged(error: GatewayError, kind: type[E], transaction_id: str) -> E:
    return kind(
        error.message, code=error.code, details=error.details, transaction_id=transaction_id
    )


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """An answer, and the endpoints with the one that gave it first: the next step is sent there."""

    value: T
    endpoints: Sequence[Endpoint]


def _first_available(
    endpoints: Sequence[Endpoint],
    method: str,
    request: bytes,
    parse: Callable[[bytes], T],
    timeout: float | None,
) -> Flow[Reached[T]]:
    """Call the endpoints in turn while they are gone; raises the last one's error."""
    if not endpoints:
        raise ClientError("no peer to call")
    for index, endpoint in enumerate(endpoints[:-1]):
        try:
            value = yield from call(Unary(endpoint, method, request, parse, timeout))
        except GatewayError as error:
            if error.code not in _GONE or error.identity_expired:
                raise
        else:
            return Reached(value, [*endpoints[index:], *endpoints[:index]] if index else endpoints)
    value = yield from call(Unary(endpoints[-1], method, request, parse, timeout))
    return Reached(value, [endpoints[-1], *endpoints[:-1]])


def propose(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    invocation: Invocation,
    *,
    ahead: timedelta = timedelta(),
) -> Flow[ProposedTransaction]:
    """Return a new unsigned proposal whose header suits the endpoints' TLS; `ahead` is added to its time."""
    tls_hash = tls_certificate_hash(endpoints[0]) if endpoints else b""
    return (yield from new_proposal(identity, invocation, tls_hash=tls_hash, ahead=ahead))


def sign_proposal(
    identity: SigningIdentity, proposed: ProposedTransaction
) -> Flow[ProposedTransaction]:
    """Return the proposal with the identity's signature, unless it has one."""
    if proposed.signature:
        return proposed
    return proposed.signed((yield from sign(identity, proposed.message)))


def _evaluated(raw: bytes) -> bytes:
    return decode(gateway_pb2.EvaluateResponse, raw).result.payload


def evaluate_proposal(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    proposed: ProposedTransaction,
    *,
    timeout: float | None = None,
) -> Flow[bytes]:
    """Simulate a proposal on one peer; sign it first unless it is signed. Raises GatewayError."""
    signed = yield from sign_proposal(identity, proposed)
    request = signed.evaluate_request()
    reached = yield from _first_available(endpoints, EVALUATE, request, _evaluated, timeout)
    return reached.value


def endorse_proposal(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    proposed: ProposedTransaction,
    *,
    timeout: float | None = None,
) -> Flow[Reached[PreparedTransaction]]:
    """Obtain endorsements of a proposal; sign it first unless it is signed.

    Raises EndorseError, and DecodeError when the peer returns anything but this proposal's transaction.
    """
    signed = yield from sign_proposal(identity, proposed)
    request = signed.endorse_request()

    def parse(raw: bytes) -> PreparedTransaction:
        return read_endorsed(raw, proposed.message)

    try:
        return (yield from _first_available(endpoints, ENDORSE, request, parse, timeout))
    except NotSentError:
        raise
    except GatewayError as error:
        raise _staged(error, EndorseError, proposed.transaction_id) from error


def commit_status(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    request: CommitStatusRequest,
    *,
    timeout: float | None = None,
) -> Flow[CommitStatus]:
    """Wait until a transaction is in a block; sign the request first unless it is signed.

    Raises CommitStatusError. An invalid transaction is a status, not an error.
    """
    signed = request
    if not signed.signature:
        signed = request.signed((yield from sign(identity, request.message)))
    seconds = DEFAULT_TIMEOUTS.commit_status if timeout is None else timeout
    try:
        return (yield from _status_at_any(endpoints, signed, seconds))
    except GatewayError as error:
        raise _staged(error, CommitStatusError, request.transaction_id) from error


def _status_at_any(
    endpoints: Sequence[Endpoint], request: CommitStatusRequest, timeout: float
) -> Flow[CommitStatus]:
    """Ask the endpoints in turn, each for a while: one may be stopped, or lack the latest blocks."""
    if not endpoints:
        raise ClientError("no peer to call")
    raw, left, unavailable = request.to_bytes(), timeout, 0
    for endpoint in cycle(endpoints):
        seconds = left if len(endpoints) == 1 else min(left, _SILENCE)
        try:
            return (
                yield from call(Unary(endpoint, COMMIT_STATUS, raw, request.read_answer, seconds))
            )
        except GatewayError as error:
            if error.code is StatusCode.DEADLINE_EXCEEDED:
                left, unavailable = round(left - seconds, 3), 0
            elif error.code in _GONE:
                unavailable += 1
            else:
                raise
            if left <= 0 or unavailable == len(endpoints):
                raise
    raise AssertionError  # pragma: no cover - a cycle has no end


@dataclass(frozen=True, slots=True)
class Submitted:
    """A transaction that an orderer accepted, the request for its outcome, and the peers to ask.

    `status` is set when the outcome had to be asked for because the answer to Submit was lost.
    """

    prepared: PreparedTransaction
    request: CommitStatusRequest
    endpoints: Sequence[Endpoint]
    status: CommitStatus | None = None


def send(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    prepared: PreparedTransaction,
    request: CommitStatusRequest,
    *,
    timeout: float,
    status_timeout: float | None = None,
) -> Flow[Submitted]:
    """Send a signed transaction to the orderers through the first endpoint, once.

    One that there is no connection to is passed over. Raises SubmitError. When an endpoint's answer is lost, the
    outcome decides: the others, then this one, are asked for `status_timeout` seconds, by default for what is left of
    `timeout`. That BFT orderers refuse a transaction because they have it already means that they accepted it; that an
    orderer did not answer in time means that it may have, or hangs: the outcome decides for who waits
    (`status_timeout`). For who waits, it is sent again within `timeout` while no orderer takes it.
    """
    began = yield from now()
    request_bytes, waits = prepared.submit_request(), status_timeout is not None
    try:
        endpoints = yield from _submit(endpoints, request_bytes, timeout, until_taken=waits)
    except NotSentError:
        raise
    except GatewayError as error:
        if any(detail.message.endswith(_TAKEN) for detail in error.details):
            return Submitted(prepared, request, endpoints)
        if waits and _silence(error):
            return Submitted(prepared, request, endpoints)
        failure = _staged(error, SubmitError, prepared.transaction_id)
        lost = error.code in _ANSWER_LOST and not error.details
        if not lost or not request.signature or len(endpoints) == 1:
            raise failure from error
        seconds = status_timeout
        if seconds is None:
            seconds = timeout - ((yield from now()) - began).total_seconds()
            if seconds <= 0:
                raise failure from error
        try:
            submitted = Submitted(prepared, request, (*endpoints[1:], endpoints[0]))
            status = yield from outcome(identity, submitted, timeout=seconds)
        except CommitStatusError:
            raise failure from error
        return Submitted(prepared, request, endpoints, status)
    return Submitted(prepared, request, endpoints)


def _submit(
    endpoints: Sequence[Endpoint], request: bytes, timeout: float, *, until_taken: bool
) -> Flow[Sequence[Endpoint]]:
    """Send a transaction to the first endpoint that there is a connection to, and return all with that one first."""
    for at, endpoint in enumerate(endpoints):
        try:
            yield from _hand_over(endpoint, request, timeout, until_taken=until_taken)
        except GatewayError as error:
            if at + 1 == len(endpoints) or not error.message.startswith(_NOT_CONNECTED):
                raise
        else:
            return (*endpoints[at:], *endpoints[:at])
    raise AssertionError  # pragma: no cover - the last endpoint returns or raises


def _hand_over(
    endpoint: Endpoint, request: bytes, timeout: float, *, until_taken: bool
) -> Flow[bytes]:
    """Send a transaction to the orderers; `until_taken`, repeat that for `timeout` seconds while none of them takes it."""
    began = yield from now()
    while True:
        try:
            return (yield from call(Unary(endpoint, SUBMIT, request, bytes, timeout)))
        except GatewayError as error:
            took = ((yield from now()) - began).total_seconds()
            refused = error.message == _NOT_ORDERED and not _silence(error)
            if not (until_taken and refused) or took >= timeout:
                raise
        yield from sleep(_ELECTION_PAUSE)


def _silence(error: GatewayError) -> bool:
    """Return whether an orderer did not answer in time: it may have the transaction."""
    return any(_SILENT.search(one.message) for one in error.details)


def submit_prepared(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    prepared: PreparedTransaction,
    *,
    timeout: float,
    status_timeout: float | None = None,
) -> Flow[Submitted]:
    """Sign a transaction and the request for its outcome, then `send` it. Raises SubmitError."""
    request = CommitStatusRequest.new(
        identity.serialized(), prepared.channel, prepared.transaction_id
    )
    # Both signatures before the point of no return: nothing may fail between Submit and its answer.
    if can_sign(identity):
        request = request.signed((yield from sign(identity, request.message)))
    if not prepared.signature:
        prepared = prepared.signed((yield from sign(identity, prepared.message)))
    return (
        yield from send(
            endpoints,
            identity,
            prepared,
            request,
            timeout=timeout,
            status_timeout=status_timeout,
        )
    )


def outcome(
    identity: SigningIdentity, submitted: Submitted, *, timeout: float | None = None
) -> Flow[CommitStatus]:
    """Return the outcome of a submitted transaction; send it again after some silence.

    Raises CommitStatusError.
    """
    if submitted.status is not None:
        return submitted.status
    left = DEFAULT_TIMEOUTS.commit_status if timeout is None else timeout
    for endpoint in cycle(submitted.endpoints):
        began = yield from now()
        seconds = min(left, _AGAIN)
        try:
            return (
                yield from commit_status(
                    submitted.endpoints, identity, submitted.request, timeout=seconds
                )
            )
        except CommitStatusError as error:
            if error.code is not StatusCode.DEADLINE_EXCEEDED or left <= seconds:
                raise
        again = submitted.prepared.submit_request()
        limit = min(DEFAULT_TIMEOUTS.submit, left - seconds)
        with suppress(GatewayError):  # its outcome shows what became of either
            yield from call(Unary(endpoint, SUBMIT, again, bytes, limit))
        took = max(seconds, ((yield from now()) - began).total_seconds())
        left = max(left - took, _LAST_LOOK)
    raise AssertionError  # pragma: no cover - a cycle has no end


def committed(
    identity: SigningIdentity, submitted: Submitted, *, timeout: float | None = None
) -> Flow[CommitStatus]:
    """Return the outcome of a submitted transaction that is valid.

    Raises CommitStatusError, or CommitError when it is invalid.
    """
    status = yield from outcome(identity, submitted, timeout=timeout)
    status.raise_unless_valid()
    return status
