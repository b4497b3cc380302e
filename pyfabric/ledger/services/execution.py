"""Running chaincodes within one transaction, and the chaincodes that they call.

Source: core/chaincode (chaincode_support.go, HandleInvokeChaincode in handler.go) of Fabric 3.1; texts
are Fabric's. A chaincode called on the same channel reads and writes in the transaction; on another channel it
reads that channel's state as it is, and what it writes is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_response_pb2

from pyfabric.errors import ContractError, PolicyError
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.snapshot import Snapshot
from pyfabric.ledger.peer.approvals import Chaincode
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.peer.transaction_context import TransactionContext
from pyfabric.ledger.private.view import PrivateView
from pyfabric.ledger.system import cscc, lifecycle, qscc
from pyfabric.ledger.system.calls import SystemCall
from pyfabric.messages.lifecycle import LIFECYCLE, NAMESPACES, SEQUENCE, field_key
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.proposals import Proposal
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.invocations import (
    check_initialization,
    failed_call,
    not_defined,
    not_runnable,
    read_call,
)
from pyfabric.rules.state.private_simulation import PrivateSimulation

Message = chaincode_shim_pb2.ChaincodeMessage
Kind = Message.Type

SYSTEM_CHAINCODES: dict[str, Callable[[SystemCall], proposal_response_pb2.Response]] = {
    lifecycle.NAME: lifecycle.invoke,
    cscc.NAME: cscc.invoke,
    qscc.NAME: qscc.invoke,
}
# The legacy lifecycle's namespace is still read, and planned for as little as any system chaincode's.
SYSTEM_NAMESPACES: Final = frozenset({*SYSTEM_CHAINCODES, lifecycle.LEGACY})


@dataclass(frozen=True, slots=True)
class Execution:
    """A proposal that runs on a peer, over the state of one channel; `at` is the time of the peer's machine."""

    joined: JoinedChannel
    proposal: Proposal
    at: datetime
    reader: Snapshot
    simulation: PrivateSimulation

    @classmethod
    def on(
        cls, joined: JoinedChannel, proposal: Proposal, at: datetime, reader: Snapshot
    ) -> "Execution":
        """Return an execution with a simulation of its own."""
        private = PrivateView(joined.private, reader, reader.height)
        simulation = PrivateSimulation(reader, proposal.transaction_id, private)
        return cls(joined, proposal, at, reader, simulation)

    @property
    def peer(self) -> Peer:
        """The peer that runs it."""
        return self.joined.peer

    @property
    def channel(self) -> Channel:
        """The channel on which it runs."""
        return self.joined.channel

    def find(self, name: str) -> Chaincode:
        """Return a chaincode that this peer can run; raises ContractError with what it lacks."""
        channel_id = self.channel.channel_id
        self.simulation.get_state(LIFECYCLE, field_key(NAMESPACES, name, SEQUENCE))
        chaincode = self.joined.chaincodes.get(name)
        if chaincode is None:
            raise not_defined(name)
        if not chaincode.approved:
            raise ContractError(
                f"chaincode definition for '{name}' at sequence {chaincode.definition.sequence} on "
                f"channel '{channel_id}' has not yet been approved by this org"
            )
        if chaincode.package_id is None:
            raise ContractError(
                f"chaincode definition for '{name}' exists, but chaincode is not installed"
            )
        return chaincode

    async def run(self, chaincode: Chaincode, arguments: chaincode_pb2.ChaincodeInput) -> Message:
        """Run a chaincode, and wait for what it completes with; raises ContractError."""
        access = CollectionAccess(
            self.channel.config,
            chaincode.name,
            self.peer.msp_id,
            self.proposal.creator,
            self.simulation,
        )
        context = TransactionContext(
            chaincode.name,
            self.channel.channel_id,
            self.proposal.transaction_id,
            self.proposal.signed,
            self.at,
            self.simulation,
            self.reader,
            access,
            self.call,
        )
        kind = check_initialization(
            chaincode.name,
            chaincode.definition.endorsement,
            self.simulation,
            is_init=arguments.is_init,
        )
        access.initializing = kind == Kind.INIT
        return await self.peer.contracts.execute(
            chaincode.package_id or "", kind, arguments.SerializeToString(), context
        )

    async def call(self, payload: bytes) -> bytes:
        """Handle INVOKE_CHAINCODE: return the whole message with which the called chaincode completes.

        Raises ContractError: its creator must be one of the other channel's Writers, unless that
        channel says otherwise of peer/ChaincodeToChaincode.
        """
        name, channel_id, arguments = read_call(payload, self.channel.channel_id)
        here = channel_id == self.channel.channel_id
        joined = self.joined if here else self.peer.channel(channel_id)
        self._check_access(name, channel_id, None if joined is None else joined.config)
        if joined is None:
            raise ContractError(f"failed to find ledger for channel: {channel_id}")
        if here:
            message = await self.answer(name, arguments)
        else:
            with joined.channel.snapshot() as reader:
                elsewhere = Execution.on(joined, self.proposal, self.at, reader)
                message = await elsewhere.answer(name, arguments)
        return message.SerializeToString()

    def _check_access(self, name: str, channel_id: str, config: ChannelConfig | None) -> None:
        if name in SYSTEM_CHAINCODES:
            return
        try:
            self.peer.access.check_proposal(
                "peer/ChaincodeToChaincode", channel_id, config, self.proposal
            )
        except PolicyError as error:
            raise ContractError(str(error)) from error

    async def answer(self, name: str, arguments: chaincode_pb2.ChaincodeInput) -> Message:
        """Return what a called chaincode completes with; raises ContractError."""
        if name in SYSTEM_CHAINCODES:
            call = SystemCall(
                self.peer,
                self.proposal,
                list(arguments.args),
                self.simulation,
                self.joined,
            )
            response = SYSTEM_CHAINCODES[name](call)
            return Message(
                type=Kind.COMPLETED,
                payload=response.SerializeToString(),
                txid=self.proposal.transaction_id,
                channel_id=self.channel.channel_id,
            )
        try:
            chaincode = self.find(name)
        except ContractError as error:
            problem = not_runnable(self.channel.channel_id, name, error)
            raise failed_call(problem) from error
        try:
            return await self.run(chaincode, arguments)
        except ContractError as error:
            raise failed_call(error) from error
