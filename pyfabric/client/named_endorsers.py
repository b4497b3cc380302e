"""Endorsement by the very peers that a program names, instead of those that a gateway chooses."""

from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.peer import proposal_response_pb2

from pyfabric.client.effects import Endpoint, Flow, Outcome, Unary, call, gather
from pyfabric.client.steps import propose, sign_proposal
from pyfabric.client.transactions import PROCESS_PROPOSAL, ProposalAnswer, proposal_answer
from pyfabric.errors import EndorseError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.assembly import endorsed_envelope
from pyfabric.messages.decoding import decode
from pyfabric.messages.prepared import PreparedTransaction
from pyfabric.messages.proposals import (
    Invocation,
    ProposedTransaction,
    proposal_header,
    proposal_visible,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A signed proposal, and what each peer answered, in the order in which they were named."""

    proposed: ProposedTransaction
    answers: Sequence[Outcome[ProposalAnswer]]


def propose_to(
    peers: Sequence[Endpoint], identity: SigningIdentity, invocation: Invocation
) -> Flow[Asked]:
    """Send a new proposal to each of the peers side by side; a peer's failure is its outcome."""
    proposed = yield from propose(peers, identity, invocation)
    signed = yield from sign_proposal(identity, proposed)
    return Asked(signed, (yield from ask_again(peers, signed)))


def ask_again(
    peers: Sequence[Endpoint], proposed: ProposedTransaction
) -> Flow[list[Outcome[ProposalAnswer]]]:
    """Send a signed proposal to each of the peers, and return what each answered, in their order."""
    request = proposed.endorser_request()
    calls = [call(Unary(peer, PROCESS_PROPOSAL, request, proposal_answer)) for peer in peers]
    return (yield from gather(calls))


def prepared_from(
    proposed: ProposedTransaction, answers: Sequence[ProposalAnswer]
) -> PreparedTransaction:
    """Return the transaction of a proposal that these peers endorsed, unsigned.

    Raises EndorseError when they endorsed different results, and DecodeError for anything but an endorsement of this
    proposal: a peer must not get anything else signed.
    """
    responses = [decode(proposal_response_pb2.ProposalResponse, one.raw) for one in answers]
    payloads = {one.payload for one in responses}
    if len(payloads) != 1:
        raise EndorseError(
            "ProposalResponsePayloads do not match: the peers got different results, so that no transaction can hold "
            "them; submit again, and if it stays so look for what differs in the contract from peer to peer",
            code=StatusCode.ABORTED,
            transaction_id=proposed.transaction_id,
        )
    envelope = endorsed_envelope(
        proposal_header(proposed.message),
        proposal_visible(proposed.message),
        payloads.pop(),
        [one.endorsement for one in responses],
    )
    return PreparedTransaction.from_envelope(envelope)
