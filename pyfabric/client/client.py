"""The client of one department: its identity, its peers, and the deadlines of each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.steps import (
    Reached,
    Submitted,
    commit_status,
    endorse_proposal,
    evaluate_proposal,
    submit_prepared,
)
from pyfabric.client.timeouts import Timeouts
from pyfabric.errors import ClientError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.prepared import CommitStatus, CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import ProposedTransaction


@dataclass(frozen=True, slots=True)
class Client:
    """The identity that calls, the peers of its department, and how long each step may take."""

    endpoints: Sequence[Endpoint]
    identity: SigningIdentity
    timeouts: Timeouts

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ClientError("no peer to connect to: name at least one peer")

    def evaluate(self, proposed: ProposedTransaction, timeout: float | None) -> Flow[bytes]:
        """Return the chaincode's answer on one peer. Raises GatewayError."""
        seconds = self.timeouts.evaluate if timeout is None else timeout
        return evaluate_proposal(self.endpoints, self.identity, proposed, timeout=seconds)

    def endorse(
        self, proposed: ProposedTransaction, timeout: float | None
    ) -> Flow[Reached[PreparedTransaction]]:
        """Return the endorsed transaction, and the peers with the one that answered first."""
        seconds = self.timeouts.endorse if timeout is None else timeout
        return endorse_proposal(self.endpoints, self.identity, proposed, timeout=seconds)

    def submit(
        self, endpoints: Sequence[Endpoint], prepared: PreparedTransaction, timeout: float | None
    ) -> Flow[Submitted]:
        """Send a transaction to the orderers through the first endpoint. Raises SubmitError."""
        limits = self.timeouts if timeout is None else replace(self.timeouts, submit=timeout)
        return submit_prepared(endpoints, self.identity, prepared, timeouts=limits)

    def status(
        self,
        endpoints: Sequence[Endpoint],
        request: CommitStatusRequest,
        timeout: float | None,
    ) -> Flow[CommitStatus]:
        """Return the outcome of a transaction. Raises CommitStatusError."""
        seconds = self.timeouts.commit_status if timeout is None else timeout
        return commit_status(endpoints, self.identity, request, timeout=seconds)
