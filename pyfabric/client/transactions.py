"""Whole transactions as flows, for both surfaces and for administration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fabric_protos.peer import proposal_response_pb2

from pyfabric.client.effects import Endpoint, Flow, Unary, call
from pyfabric.client.steps import (
    Submitted,
    committed,
    endorse_proposal,
    evaluate_proposal,
    propose,
    sign_proposal,
    submit_prepared,
)
from pyfabric.client.timeouts import DEFAULT_TIMEOUTS, Timeouts
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.proposals import Invocation

PROCESS_PROPOSAL = "/protos.Endorser/ProcessProposal"


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """A committed, valid transaction: the chaincode's answer, its id and its block."""

    result: bytes
    transaction_id: str
    block_number: int


@dataclass(frozen=True, slots=True)
class ProposalAnswer:
    """A peer's answer to a proposal; `raw` is the whole peer.ProposalResponse."""

    status: int
    message: str
    payload: bytes
    raw: bytes


def evaluate(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    channel: str,
    chaincode: str,
    arguments: Sequence[bytes],
    *,
    transient: Mapping[str, bytes] | None = None,
    endorsing_organizations: Sequence[str] = (),
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
) -> Flow[bytes]:
    """Call a chaincode on one peer and return its answer, without a transaction.

    Raises GatewayError.
    """
    invocation = Invocation(channel, chaincode, arguments, transient, endorsing_organizations)
    proposed = yield from propose(endpoints, identity, invocation)
    return (yield from evaluate_proposal(endpoints, identity, proposed, timeout=timeouts.evaluate))


def submit(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    channel: str,
    chaincode: str,
    arguments: Sequence[bytes],
    *,
    transient: Mapping[str, bytes] | None = None,
    endorsing_organizations: Sequence[str] = (),
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
) -> Flow[SubmitResult]:
    """Endorse, order and commit a transaction; return its result.

    Raises EndorseError, SubmitError, CommitStatusError, or CommitError when it is invalid.
    """
    invocation = Invocation(channel, chaincode, arguments, transient, endorsing_organizations)
    submitted = yield from submit_invocation(
        endpoints, identity, invocation, timeouts=timeouts, status_timeout=timeouts.commit_status
    )
    status = yield from committed(identity, submitted, timeout=timeouts.commit_status)
    return SubmitResult(submitted.prepared.result, status.transaction_id, status.block_number)


def submit_invocation(
    endpoints: Sequence[Endpoint],
    identity: SigningIdentity,
    invocation: Invocation,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    status_timeout: float | None = None,
    ahead: timedelta = timedelta(),
) -> Flow[Submitted]:
    """Endorse and order a transaction; see `submit_prepared`. `ahead` is added to the proposal's time.

    Raises EndorseError or SubmitError.
    """
    proposed = yield from propose(endpoints, identity, invocation, ahead=ahead)
    endorsed = yield from endorse_proposal(endpoints, identity, proposed, timeout=timeouts.endorse)
    return (
        yield from submit_prepared(
            endorsed.endpoints,
            identity,
            endorsed.value,
            timeout=timeouts.submit,
            status_timeout=status_timeout,
        )
    )


def proposal_answer(raw: bytes) -> ProposalAnswer:
    """Return what a peer.ProposalResponse holds; raises DecodeError."""
    response = decode(proposal_response_pb2.ProposalResponse, raw).response
    return ProposalAnswer(response.status, response.message, response.payload, raw)


def process_proposal(
    endpoint: Endpoint,
    identity: SigningIdentity,
    channel: str,
    chaincode: str,
    arguments: Sequence[bytes],
    *,
    transient: Mapping[str, bytes] | None = None,
) -> Flow[ProposalAnswer]:
    """Ask one peer's own Endorser service; the channel is "" for what concerns the peer alone.

    Returns an answer of any status. Raises GatewayError when the peer refuses the proposal itself.
    """
    invocation = Invocation(channel, chaincode, arguments, transient)
    proposed = yield from propose([endpoint], identity, invocation)
    signed = yield from sign_proposal(identity, proposed)
    return (
        yield from call(
            Unary(endpoint, PROCESS_PROPOSAL, signed.endorser_request(), proposal_answer)
        )
    )
