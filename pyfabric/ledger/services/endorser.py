"""A peer's endorser: checks a proposal, runs it, signs what came out.

Source: core/endorser/endorser.go of Fabric 3.1; texts are those. There are two ways to refuse, which
clients see differently: a `ProposalError` (the call fails), and a response with status 500 (the call
succeeds, nothing is endorsed).
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    proposal_pb2,
    proposal_response_pb2,
)

from pyfabric.errors import ContractError, IdentityError, PolicyError
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.channel.store import Snapshot
from pyfabric.ledger.peer.approvals import Chaincode
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.services.execution import SYSTEM_CHAINCODES, SYSTEM_NAMESPACES, Execution
from pyfabric.ledger.services.interest import interest
from pyfabric.ledger.system import cscc, qscc
from pyfabric.ledger.system.calls import SystemCall
from pyfabric.messages.decoding import decode
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
from pyfabric.rules.requests.invocations import failed_execution, failed_simulation
from pyfabric.rules.state.private_simulation import PrivateSimulation

Kind = chaincode_shim_pb2.ChaincodeMessage.Type
Response = proposal_response_pb2.ProposalResponse

SYSTEM_VERSION = "syscc"
_NO_STATE = frozenset({cscc.NAME, qscc.NAME})
_FILTERED_PARTS = {
    "Proposal": "proposal",
    "Header": "header",
    "ChannelHeader": "channel header",
}
_ERROR_THRESHOLD = 400
_ERROR = 500


class EarlyRefusalError(ProposalError):
    """Refused by a filter, before the endorser: the gateway takes it for a peer that is away."""


@dataclass(slots=True)
class _Outcome:
    """What running a chaincode gave."""

    response: proposal_response_pb2.Response
    event: bytes = b""


class Endorser:
    """Endorses for one peer; `now` tells the time."""

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
        return await self.endorse(proposal)

    async def endorse(self, proposal: Proposal, *, sign: bool = True) -> Response:
        """Process a readable proposal; raises ProposalError.

        Without `sign` it is only evaluated: a successful response comes without payload, endorsement
        or private data, of which the gateway's Evaluate uses nothing.
        """
        try:
            response = await self._checked(proposal, sign=sign)
        except ProposalError as error:
            self._peer.note(proposal, "refused the proposal", error.message)
            raise
        self._note(proposal, response, sign=sign)
        return response

    def _note(self, proposal: Proposal, response: Response, *, sign: bool) -> None:
        status, message = response.response.status, response.response.message
        if status >= _ERROR_THRESHOLD:
            self._peer.note(proposal, f"refused: status {status}", message, response.payload)
        else:
            self._peer.note(proposal, "endorsed it" if sign else "ran it", "", response.payload)

    async def _checked(self, proposal: Proposal, *, sign: bool) -> Response:
        try:
            check_filters(proposal, self._now())
        except ProposalError as error:
            raise EarlyRefusalError(error.message) from error
        metrics = self._peer.metrics.endorser
        metrics.received.add()
        started, success = time.perf_counter(), "false"
        name = check_shape(proposal)
        try:
            response = await self._endorse(proposal, name, sign=sign)
            if response.response.status < _ERROR_THRESHOLD:
                success = "true"
                metrics.successful.add()
        finally:
            seconds = time.perf_counter() - started
            metrics.duration.observe(seconds, proposal.channel_id, name, success)
        return response

    async def _endorse(self, proposal: Proposal, name: str, *, sign: bool) -> Response:
        channel = self._peer.channel(proposal.channel_id)
        if channel is None and proposal.channel_id:
            return _refused(f"channel '{proposal.channel_id}' not found")
        self._preprocess(proposal, name, channel)
        try:
            return await self._process(proposal, name, channel, sign=sign)
        except ContractError as error:
            self._peer.metrics.endorser.failed.add(proposal.channel_id, name)
            return _refused(str(error))

    def _preprocess(self, proposal: Proposal, name: str, channel: ChannelLedger | None) -> None:
        metrics = self._peer.metrics.endorser
        try:
            check_headers(proposal)
            self._authenticate(proposal, channel)
        except ProposalError as error:
            metrics.invalid.add()
            raise invalid_proposal(error) from error
        if channel is None:
            return
        if channel.has_transaction(proposal.transaction_id):
            metrics.duplicates.add(proposal.channel_id, name)
            raise ProposalError(
                f"duplicate transaction found [{proposal.transaction_id}]. "
                f"Creator [{proposal.creator.hex()}]"
            )
        if name not in SYSTEM_CHAINCODES:
            try:
                self._peer.access.check_proposal("peer/Propose", proposal.channel_id, proposal)
            except PolicyError as error:
                metrics.denied.add(proposal.channel_id, name)
                raise ProposalError(str(error)) from error

    def _authenticate(self, proposal: Proposal, channel: ChannelLedger | None) -> None:
        manager = self._peer.local_msp if channel is None else channel.config.msp_manager
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

    async def _process(
        self, proposal: Proposal, name: str, channel: ChannelLedger | None, *, sign: bool
    ) -> Response:
        with ExitStack() as stack:
            reader: Snapshot | None = None
            if channel is not None and name not in _NO_STATE:
                reader = stack.enter_context(channel.snapshot())
            return await self._simulate(proposal, name, channel, reader, sign=sign)

    async def _simulate(
        self,
        proposal: Proposal,
        name: str,
        channel: ChannelLedger | None,
        reader: Snapshot | None,
        *,
        sign: bool,
    ) -> Response:
        execution = None
        if channel is not None and reader is not None:
            execution = Execution.on(self._peer, proposal, channel, reader)
        simulation = None if execution is None else execution.simulation
        if name in SYSTEM_CHAINCODES:
            version = SYSTEM_VERSION
            outcome = self._run_system(proposal, name, simulation)
        else:
            if execution is None:
                raise _undefined(
                    proposal,
                    name,
                    f"could not get channel config for channel '{proposal.channel_id}'",
                )
            try:
                chaincode = execution.find(name)
            except ContractError as error:
                raise _undefined(proposal, name, str(error)) from error
            version = chaincode.definition.endorsement.version
            outcome = await self._run(execution, chaincode)
        if simulation is not None and reader is not None:
            endorsed = sign and outcome.response.status < _ERROR_THRESHOLD
            self._distribute(proposal, simulation, reader.height, keep=endorsed)
        touched = None if simulation is None else _interest(simulation)
        if not sign and outcome.response.status < _ERROR:
            return Response(response=outcome.response)
        return self._respond(proposal, name, version, outcome, simulation, touched)

    def _run_system(
        self, proposal: Proposal, name: str, simulation: PrivateSimulation | None
    ) -> _Outcome:
        arguments = list(proposal.invocation.chaincode_spec.input.args)
        call = SystemCall(self._peer, proposal, arguments, simulation, proposal.channel_id)
        return _Outcome(SYSTEM_CHAINCODES[name](call))

    async def _run(self, execution: Execution, chaincode: Chaincode) -> _Outcome:
        proposal = execution.proposal
        transaction_id = proposal.transaction_id
        try:
            message = await execution.run(chaincode, proposal.invocation.chaincode_spec.input)
        except ContractError as error:
            raise failed_execution(transaction_id, error) from error
        return _outcome(message, chaincode.name, transaction_id)

    def _respond(
        self,
        proposal: Proposal,
        name: str,
        version: str,
        outcome: _Outcome,
        simulation: PrivateSimulation | None,
        touched: proposal_response_pb2.ChaincodeInterest | None,
    ) -> Response:
        response = outcome.response
        if response.status >= _ERROR_THRESHOLD:
            self._peer.metrics.endorser.refused.add(proposal.channel_id, name, "true")
        if _ERROR_THRESHOLD <= response.status < _ERROR:
            return Response(response=response)
        if response.status < _ERROR and not proposal.channel_id:
            return Response(response=response)
        results = b"" if simulation is None else simulation.read_write_set()
        action = proposal_pb2.ChaincodeAction(
            results=results,
            events=outcome.event,
            response=response,
            chaincode_id=chaincode_pb2.ChaincodeID(name=name, version=version),
        )
        payload = proposal_response_pb2.ProposalResponsePayload(
            proposal_hash=proposal.hash(), extension=action.SerializeToString()
        ).SerializeToString()
        if response.status >= _ERROR:
            return Response(response=response, payload=payload, interest=touched)
        return Response(
            version=1,
            response=response,
            payload=payload,
            interest=touched,
            endorsement=self._peer.sign(payload),
        )

    def _distribute(
        self, proposal: Proposal, simulation: PrivateSimulation, height: int, *, keep: bool
    ) -> None:
        private_set = simulation.private_write_set()
        if not private_set:
            return
        channel_id, transaction_id = proposal.channel_id, proposal.transaction_id
        try:
            self._peer.private.distribute(
                channel_id, transaction_id, private_set, height, keep=keep
            )
        except ContractError as error:
            raise failed_simulation(error) from error


def _outcome(
    message: chaincode_shim_pb2.ChaincodeMessage, name: str, transaction_id: str
) -> _Outcome:
    if message.type == Kind.ERROR:
        text = message.payload.decode(errors="replace")
        raise ContractError(f"error in simulation: transaction returned with failure: {text}")
    response = decode(
        proposal_response_pb2.Response,
        message.payload,
        ContractError,
        f"error in simulation: failed to unmarshal response for transaction {transaction_id}",
    )
    if response.status >= _ERROR_THRESHOLD or not message.HasField("chaincode_event"):
        return _Outcome(response)
    event = chaincode_event_pb2.ChaincodeEvent()
    event.CopyFrom(message.chaincode_event)
    event.chaincode_id, event.tx_id = name, transaction_id
    return _Outcome(response, event.SerializeToString())


def _interest(simulation: PrivateSimulation) -> proposal_response_pb2.ChaincodeInterest:
    try:
        return interest(simulation, SYSTEM_NAMESPACES)
    except ContractError as error:
        raise ContractError(f"error in simulation: {error}") from error


def _undefined(proposal: Proposal, name: str, problem: str) -> ContractError:
    return ContractError(
        f"make sure the chaincode {name} has been successfully defined on channel "
        f"{proposal.channel_id} and try again: {problem}"
    )


def _refused(message: str) -> Response:
    return Response(response=proposal_response_pb2.Response(status=_ERROR, message=message))
