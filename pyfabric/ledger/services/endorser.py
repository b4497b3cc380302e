"""A peer's endorser: checks a proposal, and has it run and signed.

Source: core/endorser/endorser.go of Fabric 3.1; texts are Fabric's. There are two ways to refuse, which
clients see differently: a `ProposalError` (the call fails), and a response with status 500 (the call
succeeds, nothing is endorsed).
"""

import time
from collections.abc import Callable
from datetime import datetime

from fabric_protos.peer import proposal_pb2, proposal_response_pb2

from pyfabric.errors import ContractError, IdentityError, PolicyError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.services.endorsement import ERROR, ERROR_THRESHOLD, Endorsement, Response
from pyfabric.ledger.services.execution import SYSTEM_CHAINCODES
from pyfabric.rules.proposals import (
    Proposal,
    ProposalError,
    UnreadableError,
    check_filters,
    check_headers,
    check_shape,
    invalid_proposal,
    read_proposal,
    unknown_creator,
)

_FILTERED_PARTS = {
    "Proposal": "proposal",
    "Header": "header",
    "ChannelHeader": "channel header",
}


class EarlyRefusalError(ProposalError):
    """Refused by a filter, before the endorser: the gateway takes it for a peer that is unreachable."""


class Endorser:
    """Endorses for one peer; `now` returns the time."""

    def __init__(self, peer: Peer, now: Callable[[], datetime]) -> None:
        self._peer = peer
        self._now = now

    async def process(self, signed: proposal_pb2.SignedProposal) -> Response:
        """Process a proposal that came over the wire; raises ProposalError."""
        try:
            proposal = read_proposal(signed)
        except UnreadableError as error:
            if error.part not in _FILTERED_PARTS:
                raise
            raise EarlyRefusalError(
                f"failed parsing {_FILTERED_PARTS[error.part]}: {error.message}"
            ) from error
        return await self.endorse(proposal, self._peer.channel(proposal.channel_id))

    async def endorse(
        self, proposal: Proposal, joined: JoinedChannel | None, *, sign: bool = True
    ) -> Response:
        """Process a readable proposal for a channel, or for the peer itself; raises ProposalError.

        Without `sign` it is only evaluated: a successful response comes without payload, endorsement
        or private data, of which the gateway's Evaluate uses nothing.
        """
        try:
            response = await self._checked(proposal, joined, sign=sign)
        except ProposalError as error:
            self._peer.note(proposal, "refused the proposal", error.message)
            raise
        self._note(proposal, response, sign=sign)
        return response

    def _note(self, proposal: Proposal, response: Response, *, sign: bool) -> None:
        status, message = response.response.status, response.response.message
        if status >= ERROR_THRESHOLD:
            self._peer.note(proposal, f"refused: status {status}", message, response.payload)
        else:
            self._peer.note(proposal, "endorsed it" if sign else "ran it", "", response.payload)

    async def _checked(
        self, proposal: Proposal, joined: JoinedChannel | None, *, sign: bool
    ) -> Response:
        try:
            check_filters(proposal, self._now())
        except ProposalError as error:
            raise EarlyRefusalError(error.message) from error
        metrics = self._peer.metrics.endorser
        metrics.received.add()
        started, success = time.perf_counter(), "false"
        name = check_shape(proposal)
        try:
            response = await self._endorse(proposal, name, joined, sign=sign)
            if response.response.status < ERROR_THRESHOLD:
                success = "true"
                metrics.successful.add()
        finally:
            seconds = time.perf_counter() - started
            metrics.duration.observe(seconds, proposal.channel_id, name, success)
        return response

    async def _endorse(
        self, proposal: Proposal, name: str, joined: JoinedChannel | None, *, sign: bool
    ) -> Response:
        if joined is None and proposal.channel_id:
            return _refused(f"channel '{proposal.channel_id}' not found")
        self._preprocess(proposal, name, joined)
        try:
            at = self._now()
            return await Endorsement(self._peer, joined, proposal, name, at, sign).process()
        except ContractError as error:
            self._peer.metrics.endorser.failed.add(proposal.channel_id, name)
            return _refused(str(error))

    def _preprocess(self, proposal: Proposal, name: str, joined: JoinedChannel | None) -> None:
        metrics = self._peer.metrics.endorser
        try:
            check_headers(proposal)
            self._authenticate(proposal, joined)
        except ProposalError as error:
            metrics.invalid.add()
            raise invalid_proposal(error) from error
        if joined is None:
            return
        if joined.channel.has_transaction(proposal.transaction_id):
            metrics.duplicates.add(proposal.channel_id, name)
            raise ProposalError(
                f"duplicate transaction found [{proposal.transaction_id}]. "
                f"Creator [{proposal.creator.hex()}]"
            )
        if name not in SYSTEM_CHAINCODES:
            try:
                self._peer.access.check_proposal(
                    "peer/Propose", joined.channel_id, joined.config, proposal
                )
            except PolicyError as error:
                metrics.denied.add(proposal.channel_id, name)
                raise ProposalError(str(error)) from error

    def _authenticate(self, proposal: Proposal, joined: JoinedChannel | None) -> None:
        manager = self._peer.local_msp if joined is None else joined.config.msp_manager
        if proposal.verified_by is manager:
            return
        try:
            identity = manager.deserialize(proposal.creator)
        except IdentityError as error:
            raise unknown_creator(proposal.channel_id) from error
        try:
            identity.validate()
            identity.verify(proposal.signed.proposal_bytes, proposal.signed.signature)
        except IdentityError as error:
            raise ProposalError(
                f"access denied: channel [{proposal.channel_id}] creator org [{identity.msp_id}]"
            ) from error
        proposal.verified_by = manager


def _refused(message: str) -> Response:
    return Response(response=proposal_response_pb2.Response(status=ERROR, message=message))
