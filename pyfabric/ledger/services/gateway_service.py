"""A peer's Gateway service: evaluate, endorse and submit for clients.

Source: internal/pkg/gateway of Fabric 3.1; texts are those. Evaluate asks one peer, and another if that
one cannot; Endorse asks this peer first, plans from what its answer touched, and asks the rest.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from pyfabric.errors import StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.ordering.submission import Ordering
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.services.endorsers import Answer, Endorsers, NoPlanError, detail
from pyfabric.ledger.services.planning import Plan
from pyfabric.rules.proposals import (
    Proposal,
    ProposalError,
    check_for_evaluation,
    read_proposal,
)

T = TypeVar("T")

_ANSWER_MARGIN = 0.02
"""Seconds before a client's deadline at which the peer says itself that time is up."""


class TransactionService:
    """Evaluate, Endorse and Submit of one peer; each raises CallError."""

    def __init__(self, peer: Peer, endorsers: Endorsers, ordering: Ordering) -> None:
        self._peer = peer
        self._endorsers = endorsers
        self._ordering = ordering

    async def evaluate(
        self, request: gateway_pb2.EvaluateRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EvaluateResponse:
        """Run a proposal on one peer and answer its result."""
        proposal = _for_evaluation(request.proposed_transaction)
        with self._noting(proposal):
            return await self._evaluate(proposal, list(request.target_organizations), context)

    async def _evaluate(
        self, proposal: Proposal, organizations: Sequence[str], context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EvaluateResponse:
        channel_id, name = proposal.channel_id, proposal.called_name
        if self._peer.channel(channel_id) is None:
            raise CallError(
                StatusCode.UNAVAILABLE,
                f"failed to get config for channel [{channel_id}]: could not get last config for "
                f"channel {channel_id}",
            )
        protected = bool(proposal.payload.TransientMap) and not organizations
        try:
            peers = self._endorsers.for_evaluation(
                channel_id, name, [self._peer.msp_id] if protected else organizations
            )
        except NoPlanError as error:
            hint = (
                "no endorsers found in the gateway's organization; retry specifying target "
                "organization(s) to protect transient data: "
            )
            text = f"{hint if protected else ''}{error}"
            raise CallError(StatusCode.FAILED_PRECONDITION, text) from error
        return await _in_time(self._ask(peers, proposal), context, "evaluate timeout expired")

    async def _ask(self, peers: Sequence[Peer], proposal: Proposal) -> gateway_pb2.EvaluateResponse:
        details = []
        code = StatusCode.UNAVAILABLE
        for peer in peers:
            answer = await self._endorsers.ask(peer, proposal, sign=False)
            if answer.code is StatusCode.OK and answer.response is not None:
                return gateway_pb2.EvaluateResponse(result=answer.response.response)
            code = answer.code
            details.append(detail(peer, answer.message))
            if not answer.retry:
                raise CallError(
                    code, f"evaluate call to endorser returned error: {answer.message}", details
                )
        raise CallError(
            code, "failed to evaluate transaction, see attached details for more info", details
        )

    async def endorse(
        self, request: gateway_pb2.EndorseRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EndorseResponse:
        """Collect endorsements and answer the transaction, ready to be signed."""
        if not request.proposed_transaction.proposal_bytes:
            raise CallError(
                StatusCode.INVALID_ARGUMENT,
                "the proposed transaction must contain a signed proposal",
            )
        try:
            proposal = read_proposal(request.proposed_transaction)
        except ProposalError as error:
            raise CallError(StatusCode.INVALID_ARGUMENT, error.message) from error
        with self._noting(proposal):
            return await self._endorse(proposal, list(request.endorsing_organizations), context)

    @contextmanager
    def _noting(self, proposal: Proposal) -> Iterator[None]:
        """Remember why the client gets nothing."""
        try:
            yield
        except CallError as error:
            details = [f"{one.address}: {one.message}" for one in error.details]
            because = "; ".join([error.message, *details])
            self._peer.note(proposal, "answered the client with an error", because)
            raise

    async def _endorse(
        self, proposal: Proposal, organizations: Sequence[str], context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EndorseResponse:
        if organizations:
            plan = self._plan_for(proposal, organizations)
        else:
            plan = await _in_time(
                self._plan_from_first(proposal),
                context,
                "endorsement timeout expired while collecting first endorsement",
            )
        await _in_time(
            self._collect(plan, proposal),
            context,
            "endorsement timeout expired while collecting endorsements",
        )
        if plan.completed is None or plan.payload is None:
            raise CallError(
                StatusCode.ABORTED,
                "failed to collect enough transaction endorsements, see attached details for more "
                "info",
                plan.details,
            )
        return gateway_pb2.EndorseResponse(
            prepared_transaction=_transaction(proposal, plan.payload, plan.completed)
        )

    def _plan_for(self, proposal: Proposal, organizations: Sequence[str]) -> Plan[Peer]:
        try:
            return self._endorsers.for_organizations(
                proposal.channel_id, proposal.called_name, organizations
            )
        except NoPlanError as error:
            raise CallError(StatusCode.UNAVAILABLE, str(error)) from error

    async def _plan_from_first(self, proposal: Proposal) -> Plan[Peer]:
        interest = proposal_response_pb2.ChaincodeInterest(
            chaincodes=[proposal_response_pb2.ChaincodeCall(name=proposal.called_name)]
        )
        try:
            first_plan = self._first_plan(proposal, interest)
            first, response = await self._first_endorsement(first_plan, proposal)
            if response.interest.chaincodes:
                interest = response.interest
            plan = self._plan_for_all(proposal, interest, first)
        except NoPlanError as error:
            raise CallError(StatusCode.FAILED_PRECONDITION, str(error)) from error
        plan.add(first, response)
        return plan

    def _plan_for_all(
        self, proposal: Proposal, interest: proposal_response_pb2.ChaincodeInterest, first: Peer
    ) -> Plan[Peer]:
        """A plan for what the first endorsement touched; transient data only go to members."""
        channel_id = proposal.channel_id
        careful = proposal_response_pb2.ChaincodeInterest()
        careful.CopyFrom(interest)
        protected: list[str] = []
        for call in careful.chaincodes:
            if proposal.payload.TransientMap and call.no_private_reads:
                call.no_private_reads = False
                protected.extend(call.collection_names)
        try:
            return self._endorsers.for_policies(channel_id, careful, first)
        except NoPlanError:
            if not protected:
                raise
            self._endorsers.for_policies(channel_id, interest, first)
        raise NoPlanError(
            "requires endorsement from organisation(s) that are not in the distribution policy of "
            f"the private data collection(s): [{' '.join(protected)}]; retry specifying trusted "
            "endorsing organizations to protect transient data"
        )

    def _first_plan(
        self, proposal: Proposal, interest: proposal_response_pb2.ChaincodeInterest
    ) -> Plan[Peer]:
        try:
            return self._endorsers.for_organizations(
                proposal.channel_id, proposal.called_name, [self._peer.msp_id]
            )
        except NoPlanError as error:
            if proposal.payload.TransientMap:
                raise CallError(
                    StatusCode.FAILED_PRECONDITION,
                    "no endorsers found in the gateway's organization; retry specifying endorsing "
                    "organization(s) to protect transient data",
                ) from error
            return self._endorsers.for_policies(proposal.channel_id, interest, None)

    async def _first_endorsement(
        self, plan: Plan[Peer], proposal: Proposal
    ) -> tuple[Peer, proposal_response_pb2.ProposalResponse]:
        details = []
        peer: Peer | None = plan.endorsers()[0]
        while peer is not None:
            answer = await self._endorsers.ask(peer, proposal)
            if answer.code is StatusCode.OK and answer.response is not None:
                return peer, answer.response
            details.append(detail(peer, answer.message))
            peer = plan.next_in_group(peer)
        raise CallError(
            StatusCode.ABORTED,
            "failed to endorse transaction, see attached details for more info",
            details,
        )

    async def _collect(self, plan: Plan[Peer], proposal: Proposal) -> None:
        while plan.completed is None:
            peers = plan.endorsers()
            if not peers:
                return
            if len(peers) == 1:
                failed = [await self._endorse_in_group(plan, peers[0], proposal)]
            else:
                failed = await asyncio.gather(
                    *(self._endorse_in_group(plan, peer, proposal) for peer in peers)
                )
            plan.abandon([peer for peer in failed if peer is not None])

    async def _endorse_in_group(
        self, plan: Plan[Peer], peer: Peer, proposal: Proposal
    ) -> Peer | None:
        """Ask a peer, then others of its group; answers the last one asked if nobody endorsed."""
        asked: Peer | None = peer
        while asked is not None:
            peer = asked
            answer = await self._endorsers.ask(peer, proposal)
            if _endorsed(plan, peer, answer):
                return None
            asked = plan.next_in_group(peer)
        return peer

    async def submit(
        self, request: gateway_pb2.SubmitRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.SubmitResponse:
        """Hand a signed transaction to an orderer of the channel."""
        if not request.HasField("prepared_transaction"):
            raise CallError(StatusCode.INVALID_ARGUMENT, "a prepared transaction is required")
        envelope = request.prepared_transaction
        if not envelope.signature:
            raise CallError(StatusCode.INVALID_ARGUMENT, "prepared transaction must be signed")
        channel = self._peer.channel(request.channel_id)
        if channel is None:
            raise CallError(
                StatusCode.FAILED_PRECONDITION,
                f"failed to get config for channel [{request.channel_id}]: could not get last "
                f"config for channel {request.channel_id}",
            )
        await _in_time(
            self._ordering.submit(channel.config, envelope.SerializeToString()),
            context,
            "submit timeout expired while broadcasting to ordering service",
        )
        return gateway_pb2.SubmitResponse()


def _endorsed(plan: Plan[Peer], peer: Peer, answer: Answer) -> bool:
    if answer.code is not StatusCode.OK or answer.response is None:
        plan.details.append(detail(peer, answer.message))
        return False
    if plan.add(peer, answer.response):
        return True
    plan.details.append(detail(peer, "ProposalResponsePayloads do not match"))
    return False


def _for_evaluation(signed: proposal_pb2.SignedProposal) -> Proposal:
    try:
        if not signed.proposal_bytes:
            raise ProposalError("a signed proposal is required")
        proposal = read_proposal(signed)
        check_for_evaluation(proposal)
    except ProposalError as error:
        raise CallError(
            StatusCode.INVALID_ARGUMENT,
            f"failed to unpack transaction proposal: {error.message}",
        ) from error
    return proposal


async def _in_time(work: Awaitable[T], context: grpc.aio.ServicerContext, expired: str) -> T:
    """Wait for work, but not longer than the client does."""
    remaining = context.time_remaining()
    if remaining is None:
        return await work
    try:
        async with asyncio.timeout(max(remaining - _ANSWER_MARGIN, 0)):
            return await work
    except TimeoutError as error:
        raise CallError(StatusCode.DEADLINE_EXCEEDED, expired) from error


def _transaction(
    proposal: Proposal, payload: bytes, endorsements: Sequence[proposal_response_pb2.Endorsement]
) -> common_pb2.Envelope:
    visible = proposal_pb2.ChaincodeProposalPayload(input=proposal.payload.input)
    action = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=visible.SerializeToString(),
        action=transaction_pb2.ChaincodeEndorsedAction(
            proposal_response_payload=payload, endorsements=endorsements
        ),
    )
    transaction = transaction_pb2.Transaction(
        actions=[
            transaction_pb2.TransactionAction(
                header=proposal.header.signature_header, payload=action.SerializeToString()
            )
        ]
    )
    return common_pb2.Envelope(
        payload=common_pb2.Payload(
            header=proposal.header, data=transaction.SerializeToString()
        ).SerializeToString()
    )
