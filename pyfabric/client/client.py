"""A client of one department, and the steps of its transactions with its own deadlines."""

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
    """Who calls, through which peers of one department, and how long each step may take."""

    endpoints: Sequence[Endpoint]
    identity: SigningIdentity
    timeouts: Timeouts

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ClientError("name at least one peer to connect to")

    def evaluate(self, proposed: ProposedTransaction, timeout: float | None) -> Flow[bytes]:
        """What the chaincode answers on one peer. Raises GatewayError."""
        seconds = self.timeouts.evaluate if timeout is None else timeout
        return evaluate_proposal(self.endpoints, self.identity, proposed, timeout=seconds)

    def endorse(
        self, proposed: ProposedTransaction, timeout: float | None
    ) -> Flow[Reached[PreparedTransaction]]:
        """The endorsed transaction, and the peers with the one that answered first."""
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
        """The outcome of a transaction. Raises CommitStatusError."""
        seconds = self.timeouts.commit_status if timeout is None else timeout
        return commit_status(endpoints, self.identity, request, timeout=seconds)
