"""The gateway's Endorse: asks this peer first, plans from what its answer touched, and asks the rest.

Source: internal/pkg/gateway/endorse.go of Fabric 3.1; texts are Fabric's.
"""

import asyncio
from collections.abc import Sequence

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2

from pyfabric.errors import StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.services.gateway.calls import in_time, noting
from pyfabric.ledger.services.gateway.endorsers import (
    Answer,
    Endorsers,
    NoPlanError,
    detail,
    no_endorsers,
    no_metadata,
)
from pyfabric.messages.assembly import endorsed_envelope
from pyfabric.rules.discovery.endorsement_plan import EndorsementPlan
from pyfabric.rules.proposals import Proposal, ProposalError, read_proposal

Plan = EndorsementPlan[JoinedChannel]

_PROTECTED = (
    "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to "
    "protect transient data"
)


class EndorseService:
    """Endorse of one peer; raises CallError."""

    def __init__(self, peer: Peer, endorsers: Endorsers) -> None:
        self._peer = peer
        self._endorsers = endorsers

    async def endorse(
        self, request: gateway_pb2.EndorseRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EndorseResponse:
        """Collect endorsements and return the transaction, ready to be signed."""
        if not request.proposed_transaction.proposal_bytes:
            raise CallError(
                StatusCode.INVALID_ARGUMENT,
                "the proposed transaction must contain a signed proposal",
            )
        try:
            proposal = read_proposal(request.proposed_transaction)
        except ProposalError as error:
            raise CallError(StatusCode.INVALID_ARGUMENT, error.message) from error
        with noting(self._peer, proposal):
            organizations = list(request.endorsing_organizations)
            joined = self._peer.channel(proposal.channel_id)
            if joined is None:
                raise _unknown_channel(proposal, organizations)
            return await self._endorse(proposal, joined, organizations, context)

    async def _endorse(
        self,
        proposal: Proposal,
        joined: JoinedChannel,
        organizations: Sequence[str],
        context: grpc.aio.ServicerContext,
    ) -> gateway_pb2.EndorseResponse:
        if organizations:
            plan = self._plan_for(proposal, joined, organizations)
        else:
            plan = await in_time(
                self._plan_from_first(proposal, joined),
                context,
                "endorsement timeout expired while collecting first endorsement",
            )
        await in_time(
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

    def _plan_for(
        self, proposal: Proposal, joined: JoinedChannel, organizations: Sequence[str]
    ) -> Plan:
        try:
            return self._endorsers.for_organizations(joined, proposal.called_name, organizations)
        except NoPlanError as error:
            raise CallError(StatusCode.UNAVAILABLE, str(error)) from error

    async def _plan_from_first(self, proposal: Proposal, joined: JoinedChannel) -> Plan:
        interest = proposal_response_pb2.ChaincodeInterest(
            chaincodes=[proposal_response_pb2.ChaincodeCall(name=proposal.called_name)]
        )
        try:
            first_plan = self._first_plan(proposal, joined, interest)
            first, response = await self._first_endorsement(first_plan, proposal)
            if response.interest.chaincodes:
                interest = response.interest
            plan = self._plan_for_all(proposal, joined, interest, first)
        except NoPlanError as error:
            raise CallError(StatusCode.FAILED_PRECONDITION, str(error)) from error
        plan.add(first, response)
        return plan

    def _plan_for_all(
        self,
        proposal: Proposal,
        joined: JoinedChannel,
        interest: proposal_response_pb2.ChaincodeInterest,
        first: JoinedChannel,
    ) -> Plan:
        """Plan for what the first endorsement touched; transient data only go to members."""
        careful = proposal_response_pb2.ChaincodeInterest()
        careful.CopyFrom(interest)
        protected: list[str] = []
        for call in careful.chaincodes:
            if proposal.payload.TransientMap and call.no_private_reads:
                call.no_private_reads = False
                protected.extend(call.collection_names)
        try:
            return self._endorsers.for_policies(joined, careful, first)
        except NoPlanError:
            if not protected:
                raise
            self._endorsers.for_policies(joined, interest, first)
        raise NoPlanError(
            "requires endorsement from organisation(s) that are not in the distribution policy of "
            f"the private data collection(s): [{' '.join(protected)}]; retry specifying trusted "
            "endorsing organizations to protect transient data"
        )

    def _first_plan(
        self,
        proposal: Proposal,
        joined: JoinedChannel,
        interest: proposal_response_pb2.ChaincodeInterest,
    ) -> Plan:
        name = proposal.called_name
        try:
            return self._endorsers.for_organizations(joined, name, [self._peer.msp_id])
        except NoPlanError as error:
            if proposal.payload.TransientMap:
                raise CallError(StatusCode.FAILED_PRECONDITION, _PROTECTED) from error
            return self._endorsers.for_policies(joined, interest, None)

    async def _first_endorsement(
        self, plan: Plan, proposal: Proposal
    ) -> tuple[JoinedChannel, proposal_response_pb2.ProposalResponse]:
        details = []
        member: JoinedChannel | None = plan.endorsers()[0]
        while member is not None:
            answer = await self._endorsers.ask(member, proposal)
            if answer.code is StatusCode.OK and answer.response is not None:
                return member, answer.response
            details.append(detail(member, answer.message))
            member = plan.next_in_group(member)
        raise CallError(
            StatusCode.ABORTED,
            "failed to endorse transaction, see attached details for more info",
            details,
        )

    async def _collect(self, plan: Plan, proposal: Proposal) -> None:
        while plan.completed is None:
            members = plan.endorsers()
            if not members:
                return
            if len(members) == 1:
                failed = [await self._endorse_in_group(plan, members[0], proposal)]
            else:
                failed = await asyncio.gather(
                    *(self._endorse_in_group(plan, member, proposal) for member in members)
                )
            plan.abandon([member for member in failed if member is not None])

    async def _endorse_in_group(
        self, plan: Plan, member: JoinedChannel, proposal: Proposal
    ) -> JoinedChannel | None:
        """Ask a peer, then others of its group; returns the last one asked if nobody endorsed."""
        asked: JoinedChannel | None = member
        while asked is not None:
            member = asked
            answer = await self._endorsers.ask(member, proposal)
            if _endorsed(plan, member, answer):
                return None
            asked = plan.next_in_group(member)
        return member


def _unknown_channel(proposal: Proposal, organizations: Sequence[str]) -> CallError:
    """Return the failure of a call for a channel that the peer has not joined."""
    if organizations:
        return CallError(StatusCode.UNAVAILABLE, str(no_endorsers(organizations)))
    if proposal.payload.TransientMap:
        return CallError(StatusCode.FAILED_PRECONDITION, _PROTECTED)
    text = str(no_metadata(proposal.called_name, proposal.channel_id))
    return CallError(StatusCode.FAILED_PRECONDITION, text)


def _endorsed(plan: Plan, member: JoinedChannel, answer: Answer) -> bool:
    if answer.code is not StatusCode.OK or answer.response is None:
        plan.details.append(detail(member, answer.message))
        return False
    if plan.add(member, answer.response):
        return True
    plan.details.append(detail(member, "ProposalResponsePayloads do not match"))
    return False


def _transaction(
    proposal: Proposal, payload: bytes, endorsements: Sequence[proposal_response_pb2.Endorsement]
) -> common_pb2.Envelope:
    visible = proposal_pb2.ChaincodeProposalPayload(input=proposal.payload.input)
    return endorsed_envelope(proposal.header, visible.SerializeToString(), payload, endorsements)
