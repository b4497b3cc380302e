"""The client of one department: its identity, its peers, and the deadlines of each step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyfabric.client.channel_clocks import ChannelClocks
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.peers import Peers
from pyfabric.client.steps import (
    Reached,
    Submitted,
    commit_status,
    endorse_proposal,
    evaluate_proposal,
    outcome,
    submit_prepared,
)
from pyfabric.client.timeouts import Timeouts
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.prepared import CommitStatus, CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import ProposedTransaction


@dataclass(frozen=True, slots=True)
class Client:
    """The identity that calls, the peers of its department, how long each step may take, and what channels' clocks say."""

    peers: Peers
    identity: SigningIdentity
    timeouts: Timeouts
    clocks: ChannelClocks = field(default_factory=ChannelClocks)

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The peers, in the order in which they are asked now."""
        return self.peers.order

    def evaluate(self, proposed: ProposedTransaction, timeout: float | None) -> Flow[bytes]:
        """Return the chaincode's answer on one peer. Raises GatewayError."""
        seconds = self.timeouts.evaluate if timeout is None else timeout
        return self.peers.watch(
            evaluate_proposal(self.endpoints, self.identity, proposed, timeout=seconds)
        )

    def endorse(
        self, proposed: ProposedTransaction, timeout: float | None
    ) -> Flow[Reached[PreparedTransaction]]:
        """Return the endorsed transaction, and the peers with the one that answered first."""
        seconds = self.timeouts.endorse if timeout is None else timeout
        return self.peers.watch(
            endorse_proposal(self.endpoints, self.identity, proposed, timeout=seconds)
        )

    def submit(
        self, endpoints: Sequence[Endpoint], prepared: PreparedTransaction, timeout: float | None
    ) -> Flow[Submitted]:
        """Send a transaction to the orderers through the first endpoint. Raises SubmitError."""
        seconds = self.timeouts.submit if timeout is None else timeout
        return self.peers.watch(
            submit_prepared(endpoints, self.identity, prepared, timeout=seconds)
        )

    def outcome(self, submitted: Submitted, timeout: float | None) -> Flow[CommitStatus]:
        """Return the outcome of a submitted transaction. Raises CommitStatusError."""
        seconds = self.timeouts.commit_status if timeout is None else timeout
        return self.peers.watch(outcome(self.identity, submitted, timeout=seconds))

    def status(
        self,
        endpoints: Sequence[Endpoint],
        request: CommitStatusRequest,
        timeout: float | None,
    ) -> Flow[CommitStatus]:
        """Return the outcome of a transaction. Raises CommitStatusError."""
        seconds = self.timeouts.commit_status if timeout is None else timeout
        return self.peers.watch(commit_status(endpoints, self.identity, request, timeout=seconds))
