"""The gateway's Evaluate: asks one peer, and another if that one cannot.

Source: internal/pkg/gateway/evaluate.go of Fabric 3.1; texts are Fabric's.
"""

from collections.abc import Sequence

import grpc
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2

from pyfabric.errors import StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.services.gateway.calls import in_time, noting
from pyfabric.ledger.services.gateway.endorsers import Endorsers, NoPlanError, detail
from pyfabric.rules.proposals import Proposal, ProposalError, check_for_evaluation, read_proposal


class EvaluateService:
    """Evaluate of one peer; raises CallError."""

    def __init__(self, peer: Peer, endorsers: Endorsers) -> None:
        self._peer = peer
        self._endorsers = endorsers

    async def evaluate(
        self, request: gateway_pb2.EvaluateRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.EvaluateResponse:
        """Run a proposal on one peer and return its result."""
        proposal = _proposal(request.proposed_transaction)
        with noting(self._peer, proposal):
            members = self._members(proposal, list(request.target_organizations))
            return await in_time(self._ask(members, proposal), context, "evaluate timeout expired")

    def _members(self, proposal: Proposal, organizations: Sequence[str]) -> list[JoinedChannel]:
        """Return whom to ask, in order; transient data go to the own department if nobody is named."""
        channel_id = proposal.channel_id
        joined = self._peer.channel(channel_id)
        if joined is None:
            raise CallError(
                StatusCode.UNAVAILABLE,
                f"failed to get config for channel [{channel_id}]: could not get last config for "
                f"channel {channel_id}",
            )
        protected = bool(proposal.payload.TransientMap) and not organizations
        wanted = [self._peer.msp_id] if protected else organizations
        try:
            return self._endorsers.for_evaluation(joined, proposal.called_name, wanted)
        except NoPlanError as error:
            hint = (
                "no endorsers found in the gateway's organization; retry specifying target "
                "organization(s) to protect transient data: "
            )
            text = f"{hint if protected else ''}{error}"
            raise CallError(StatusCode.FAILED_PRECONDITION, text) from error

    async def _ask(
        self, members: Sequence[JoinedChannel], proposal: Proposal
    ) -> gateway_pb2.EvaluateResponse:
        details = []
        code = StatusCode.UNAVAILABLE
        for member in members:
            answer = await self._endorsers.ask(member, proposal, sign=False)
            if answer.code is StatusCode.OK and answer.response is not None:
                return gateway_pb2.EvaluateResponse(result=answer.response.response)
            code = answer.code
            details.append(detail(member, answer.message))
            if not answer.retry:
                raise CallError(
                    code, f"evaluate call to endorser returned error: {answer.message}", details
                )
        raise CallError(
            code, "failed to evaluate transaction, see attached details for more info", details
        )


def _proposal(signed: proposal_pb2.SignedProposal) -> Proposal:
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
