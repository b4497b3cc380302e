"""A network to run scenarios on: the development ledger, or Fabric's own programs."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from pyfabric_network.connections import endpoint

from pyfabric.errors import DeliverError, GatewayError
from pyfabric.gateway import Gateway, connect
from pyfabric.gateway.network import Network
from pyfabric.gateway.transactions import Proposal, SubmittedTransaction
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.prepared import CommitStatus
from tests.behaviour.scenario import ATTRIBUTES, ApartError, Call, Endorsed, RefusalError
from tests.support.network.running import Running, issue

R = TypeVar("R")

_SECONDS = 30.0
_PAUSE = 0.01
_PREFIX = "chaincode response 500, "


@dataclass
class NetworkLedger:
    """A running network, and a gateway for each user and peer."""

    running: Running
    stack: ExitStack
    _users: dict[str, SigningIdentity] = field(default_factory=dict)
    _gateways: dict[tuple[str, str], Gateway] = field(default_factory=dict)
    _blocks: dict[str, tuple[int, set[str]]] = field(default_factory=dict)

    def evaluate(self, call: Call) -> bytes:
        """Run it on the peer of `call.at`."""
        proposal = self._proposal(call)
        return _refusable(proposal.evaluate)

    def endorse(self, call: Call) -> Endorsed:
        """Collect the endorsement of the peer of `call.at` alone."""
        transaction = _refusable(self._proposal(call).endorse)
        action = _action(transaction.bytes())
        event = None
        if action.events:
            found = chaincode_event_pb2.ChaincodeEvent.FromString(action.events)
            event = (found.event_name, found.payload)
        return Endorsed(transaction.result, event, action.results, (call, transaction))

    def commit(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Order each once the one before is committed."""
        return [self._status(each, each.handle[1].submit()).code.name for each in transactions]

    def commit_together(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Order them without waiting; the orderer decides what goes into one block."""
        submitted = [(each, each.handle[1].submit()) for each in transactions]
        statuses = [self._status(each, commit) for each, commit in submitted]
        if len({status.block_number for status in statuses}) > 1:
            raise ApartError
        return [status.code.name for status in statuses]

    def _status(self, endorsed: Endorsed, submitted: SubmittedTransaction) -> CommitStatus:
        call = endorsed.handle[0]
        status = submitted.status()
        self._blocks[call.channel] = (status.block_number, {call.at})
        return status

    def _proposal(self, call: Call) -> Proposal:
        gateway = self._gateway(call.by, call.at)
        self._catch_up(gateway, call)
        contract = gateway.network(call.channel).contract(call.chaincode)
        return contract.new_proposal(
            call.function,
            call.argument,
            transient=call.transient,
            endorsing_organizations=[self.running.msp_id(call.at)],
            is_init=call.is_init,
        )

    def _gateway(self, by: str, at: str) -> Gateway:
        if (by, at) not in self._gateways:
            peer = endpoint(self.running.department(at).peers[0])
            self._gateways[by, at] = self.stack.enter_context(connect(self._user(by), peer))
        return self._gateways[by, at]

    def _user(self, department: str) -> SigningIdentity:
        if department not in self._users:
            ca, msp_id = self.running.ca(department), self.running.msp_id(department)
            self._users[department] = issue(
                ca, msp_id, now=datetime.now(UTC), attributes=ATTRIBUTES
            )
        return self._users[department]

    def _catch_up(self, gateway: Gateway, call: Call) -> None:
        """Wait until the peer has every block that is known of the channel."""
        number, there = self._blocks.get(call.channel, (0, {call.at}))
        if call.at not in there:
            _await_block(gateway.network(call.channel), number)
            there.add(call.at)


@contextmanager
def network_ledger(running: Running) -> Iterator[NetworkLedger]:
    """Return the ledger of a running network."""
    with ExitStack() as stack:
        yield NetworkLedger(running, stack)


def _await_block(network: Network, number: int) -> None:
    """Wait for a block. A peer refuses to deliver one that is further than the next."""
    end = time.monotonic() + _SECONDS
    while True:
        try:
            with network.filtered_block_events(start_block=number) as blocks:
                next(blocks)
                return
        except DeliverError:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)


def _refusable(action: Callable[[], R]) -> R:
    """Return a result; raises RefusalError with the peer's text, without the gateway's prefix."""
    try:
        return action()
    except GatewayError as error:
        said = [detail.message for detail in error.details] or [error.message]
        raise RefusalError(said[0].removeprefix(_PREFIX)) from error


def _action(raw: bytes) -> proposal_pb2.ChaincodeAction:
    """Return what the chaincode did, from a prepared transaction."""
    envelope = gateway_pb2.PreparedTransaction.FromString(raw).envelope
    payload = common_pb2.Payload.FromString(envelope.payload)
    transaction = transaction_pb2.Transaction.FromString(payload.data)
    endorsed = transaction_pb2.ChaincodeActionPayload.FromString(transaction.actions[0].payload)
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        endorsed.action.proposal_response_payload
    )
    return proposal_pb2.ChaincodeAction.FromString(response.extension)
