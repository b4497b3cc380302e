"""Running a proposal on a peer, and signing what came out.

Source: core/endorser/endorser.go of Fabric 3.1; texts are Fabric's.
"""

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

from pyfabric.errors import ContractError
from pyfabric.ledger.peer.approvals import Chaincode
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.private.data import distribute
from pyfabric.ledger.services.execution import SYSTEM_CHAINCODES, SYSTEM_NAMESPACES, Execution
from pyfabric.ledger.system import cscc, qscc
from pyfabric.ledger.system.calls import SystemCall
from pyfabric.messages.decoding import decode
from pyfabric.rules.discovery.interest import interest
from pyfabric.rules.proposals import Proposal
from pyfabric.rules.requests.invocations import failed_execution, failed_simulation

Kind = chaincode_shim_pb2.ChaincodeMessage.Type
Response = proposal_response_pb2.ProposalResponse

ERROR_THRESHOLD = 400
ERROR = 500
SYSTEM_VERSION = "syscc"
_NO_STATE = frozenset({cscc.NAME, qscc.NAME})


@dataclass(slots=True)
class _Outcome:
    """What running a chaincode gave."""

    response: proposal_response_pb2.Response
    event: bytes = b""


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A proposal for a chaincode that a peer has let in; without a channel it is for the peer itself.

    `at` is the time of the peer's machine. Without `sign` it is only evaluated.
    """

    peer: Peer
    joined: JoinedChannel | None
    proposal: Proposal
    name: str
    at: datetime
    sign: bool

    async def process(self) -> Response:
        """Run the chaincode on the state of the present height; raises ContractError."""
        with ExitStack() as stack:
            execution = None
            if self.joined is not None and self.name not in _NO_STATE:
                reader = stack.enter_context(self.joined.channel.snapshot())
                execution = Execution.on(self.joined, self.proposal, self.at, reader)
            return await self._simulate(execution)

    async def _simulate(self, execution: Execution | None) -> Response:
        if self.name in SYSTEM_CHAINCODES:
            version, outcome = SYSTEM_VERSION, self._run_system(execution)
        else:
            execution, chaincode = self._find(execution)
            version = chaincode.definition.endorsement.version
            outcome = await self._run(execution, chaincode)
        if execution is not None:
            self._distribute(execution, outcome)
        touched = None if execution is None else _interest(execution)
        if not self.sign and outcome.response.status < ERROR:
            return Response(response=outcome.response)
        payload = self._payload(version, outcome, execution)
        return self._respond(outcome.response, payload, touched)

    def _run_system(self, execution: Execution | None) -> _Outcome:
        arguments = list(self.proposal.invocation.chaincode_spec.input.args)
        simulation = None if execution is None else execution.simulation
        call = SystemCall(self.peer, self.proposal, arguments, simulation, self.joined)
        return _Outcome(SYSTEM_CHAINCODES[self.name](call))

    def _find(self, execution: Execution | None) -> tuple[Execution, Chaincode]:
        channel_id = self.proposal.channel_id
        problem = f"could not get channel config for channel '{channel_id}'"
        if execution is not None:
            try:
                return execution, execution.find(self.name)
            except ContractError as error:
                problem = str(error)
        raise ContractError(
            f"make sure the chaincode {self.name} has been successfully defined on channel "
            f"{channel_id} and try again: {problem}"
        )

    async def _run(self, execution: Execution, chaincode: Chaincode) -> _Outcome:
        transaction_id = self.proposal.transaction_id
        try:
            message = await execution.run(chaincode, self.proposal.invocation.chaincode_spec.input)
        except ContractError as error:
            raise failed_execution(transaction_id, error) from error
        return _outcome(message, chaincode.name, transaction_id)

    def _distribute(self, execution: Execution, outcome: _Outcome) -> None:
        private_set = execution.simulation.private_write_set()
        if not private_set:
            return
        endorsed = self.sign and outcome.response.status < ERROR_THRESHOLD
        height = execution.reader.height
        try:
            distribute(
                execution.joined.private,
                self.proposal.transaction_id,
                private_set,
                height,
                keep=endorsed,
            )
        except ContractError as error:
            raise failed_simulation(error) from error

    def _respond(
        self,
        response: proposal_response_pb2.Response,
        payload: bytes,
        touched: proposal_response_pb2.ChaincodeInterest | None,
    ) -> Response:
        if response.status >= ERROR_THRESHOLD:
            self.peer.metrics.endorser.refused.add(self.proposal.channel_id, self.name, "true")
        if ERROR_THRESHOLD <= response.status < ERROR:
            return Response(response=response)
        if response.status < ERROR and self.joined is None:
            return Response(response=response)
        if response.status >= ERROR:
            return Response(response=response, payload=payload, interest=touched)
        return Response(
            version=1,
            response=response,
            payload=payload,
            interest=touched,
            endorsement=self.peer.sign(payload),
        )

    def _payload(self, version: str, outcome: _Outcome, execution: Execution | None) -> bytes:
        """Return what endorsers sign (ProposalResponsePayload)."""
        action = proposal_pb2.ChaincodeAction(
            results=b"" if execution is None else execution.simulation.read_write_set(),
            events=outcome.event,
            response=outcome.response,
            chaincode_id=chaincode_pb2.ChaincodeID(name=self.name, version=version),
        )
        return proposal_response_pb2.ProposalResponsePayload(
            proposal_hash=self.proposal.hash(), extension=action.SerializeToString()
        ).SerializeToString()


def _interest(execution: Execution) -> proposal_response_pb2.ChaincodeInterest:
    try:
        return interest(execution.simulation, SYSTEM_NAMESPACES)
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
    if response.status >= ERROR_THRESHOLD or not message.HasField("chaincode_event"):
        return _Outcome(response)
    event = chaincode_event_pb2.ChaincodeEvent()
    event.CopyFrom(message.chaincode_event)
    event.chaincode_id, event.tx_id = name, transaction_id
    return _Outcome(response, event.SerializeToString())
