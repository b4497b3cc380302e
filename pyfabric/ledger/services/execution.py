"""Running chaincodes within one transaction, and the chaincodes that they call.

Source: core/chaincode (chaincode_support.go, HandleInvokeChaincode in handler.go) of Fabric 3.1; texts are
those. A chaincode called on the same channel reads and writes in the transaction; on another channel it
reads that channel's state as it is, and what it writes is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_response_pb2

from pyfabric.errors import ContractError, PolicyError
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.channel.store import Snapshot
from pyfabric.ledger.peer.approvals import Chaincode
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.private.private_view import PrivateView
from pyfabric.ledger.system import cscc, lifecycle, qscc
from pyfabric.ledger.system.calls import SystemCall
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, NAMESPACES, SEQUENCE, field_key
from pyfabric.rules.proposals import Proposal
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.transaction_context import TransactionContext
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
_INITIALIZED = "\x00\U0010ffffinitialized"


@dataclass(frozen=True, slots=True)
class Execution:
    """A proposal that runs on a peer, over the state of one channel."""

    peer: Peer
    proposal: Proposal
    channel: ChannelLedger
    reader: Snapshot
    simulation: PrivateSimulation

    @classmethod
    def on(
        cls, peer: Peer, proposal: Proposal, channel: ChannelLedger, reader: Snapshot
    ) -> "Execution":
        """An execution with a simulation of its own."""
        private = PrivateView(peer.private, channel.channel_id, reader, reader.height)
        simulation = PrivateSimulation(reader, proposal.transaction_id, private)
        return cls(peer, proposal, channel, reader, simulation)

    def find(self, name: str) -> Chaincode:
        """A chaincode that this peer can run; raises ContractError with what it lacks."""
        channel_id = self.channel.channel_id
        self.simulation.get_state(LIFECYCLE, field_key(NAMESPACES, name, SEQUENCE))
        chaincode = self.peer.chaincodes(channel_id).get(name)
        if chaincode is None:
            raise ContractError(f"chaincode {name} not found")
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
            self.simulation,
            self.reader,
            access,
            self.call,
        )
        kind = _message_kind(chaincode, arguments, self.simulation)
        access.initializing = kind == Kind.INIT
        return await self.peer.contracts.execute(
            chaincode.package_id or "", kind, arguments.SerializeToString(), context
        )

    async def call(self, payload: bytes) -> bytes:
        """INVOKE_CHAINCODE: the whole message with which the called chaincode completes.

        Raises ContractError: its creator must be one of the other channel's Writers, unless that
        channel says otherwise of peer/ChaincodeToChaincode.
        """
        spec = decode(chaincode_pb2.ChaincodeSpec, payload, ContractError, "unmarshal failed")
        called, _, channel_id = spec.chaincode_id.name.partition("/")
        name = called.partition(":")[0]
        channel_id = channel_id or self.channel.channel_id
        self._check_access(name, channel_id)
        if channel_id == self.channel.channel_id:
            message = await self.answer(name, spec.input)
        else:
            channel = self.peer.channel(channel_id)
            if channel is None:
                raise ContractError(f"failed to find ledger for channel: {channel_id}")
            with channel.snapshot() as reader:
                elsewhere = Execution.on(self.peer, self.proposal, channel, reader)
                message = await elsewhere.answer(name, spec.input)
        return message.SerializeToString()

    def _check_access(self, name: str, channel_id: str) -> None:
        if name in SYSTEM_CHAINCODES:
            return
        try:
            self.peer.access.check_proposal("peer/ChaincodeToChaincode", channel_id, self.proposal)
        except PolicyError as error:
            raise ContractError(str(error)) from error

    async def answer(self, name: str, arguments: chaincode_pb2.ChaincodeInput) -> Message:
        """What a called chaincode completes with; raises ContractError."""
        if name in SYSTEM_CHAINCODES:
            call = SystemCall(
                self.peer,
                self.proposal,
                list(arguments.args),
                self.simulation,
                self.channel.channel_id,
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
            raise ContractError(
                f"execute failed: invalid invocation: [channel {self.channel.channel_id}] "
                f"failed to get chaincode container info for {name}: {error}"
            ) from error
        try:
            return await self.run(chaincode, arguments)
        except ContractError as error:
            raise ContractError(f"execute failed: {error}") from error


def _message_kind(
    chaincode: Chaincode,
    arguments: chaincode_pb2.ChaincodeInput,
    simulation: PrivateSimulation,
) -> Kind:
    """TRANSACTION, or INIT for the one call that a definition may require."""
    name, info = chaincode.name, chaincode.definition.endorsement
    needs_init = False
    if info.init_required:
        initialized = simulation.get_state(name, _INITIALIZED)
        needs_init = initialized != info.version.encode()
    problem = None
    if arguments.is_init:
        if not info.init_required:
            problem = f"chaincode '{name}' does not require initialization but called as init"
        elif not needs_init:
            problem = f"chaincode '{name}' is already initialized but called as init"
    elif needs_init:
        problem = (
            f"chaincode '{name}' has not been initialized for this version, must call as init first"
        )
    if problem is not None:
        raise ContractError(f"invalid invocation: {problem}")
    if not arguments.is_init:
        return Kind.TRANSACTION
    simulation.put_state(name, _INITIALIZED, info.version.encode())
    return Kind.INIT
