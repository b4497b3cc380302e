"""A call of a system chaincode on a peer, and its answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ContractError, PolicyError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.messages.go_texts import INVALID_UTF8
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.proposals import Proposal
from pyfabric.rules.state.private_simulation import PrivateSimulation

SUCCESS = 200
NOT_FOUND = 404
FAILURE = 500


class NotTextError(ContractError):
    """An argument is no text. A peer notices when its own answer, which repeats it, cannot be written."""

    def __init__(self) -> None:
        super().__init__(
            "error in simulation: transaction returned with failure: failed to marshal response: "
            f"{INVALID_UTF8}"
        )


def text(argument: bytes) -> str:
    """Return an argument as text; raises NotTextError."""
    try:
        return argument.decode()
    except UnicodeDecodeError as error:
        raise NotTextError from error


@dataclass(frozen=True, slots=True)
class SystemCall:
    """What a system chaincode is given; without a channel there is no simulation.

    `joined` is where it was called, None for a call to the peer itself: another chaincode may call it on
    another channel than the proposal's.
    """

    peer: Peer
    proposal: Proposal
    arguments: Sequence[bytes]
    simulation: PrivateSimulation | None
    joined: JoinedChannel | None

    @property
    def channel_id(self) -> str:
        """The name of the channel where it was called; empty for a call to the peer itself."""
        return "" if self.joined is None else self.joined.channel_id

    @property
    def invoked(self) -> str:
        """The chaincode that the proposal names: another one, when that called this."""
        return self.proposal.invocation.chaincode_spec.chaincode_id.name

    def text(self, index: int) -> str:
        """Return an argument as text; raises NotTextError."""
        return text(self.arguments[index])

    def refusal(
        self, resource: str, channel_id: str = "", config: ChannelConfig | None = None
    ) -> str | None:
        """Return why the caller may not use a resource, of the peer or of a channel; None if it may."""
        try:
            self.peer.access.check_proposal(resource, channel_id, config, self.proposal)
        except PolicyError as error:
            return str(error)
        return None


def success(payload: bytes = b"") -> proposal_response_pb2.Response:
    """Return an answer that carries a result."""
    return proposal_response_pb2.Response(status=SUCCESS, payload=payload)


def failure(message: str, status: int = FAILURE) -> proposal_response_pb2.Response:
    """Return an answer that refuses."""
    return proposal_response_pb2.Response(status=status, message=message)
