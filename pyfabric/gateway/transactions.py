# Made from pyfabric/aio/transactions.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""The steps of a transaction: Proposal, Transaction, Commit. Each can be signed elsewhere."""

from collections.abc import Sequence

from pyfabric.client.effects import Endpoint
from pyfabric.client.requests import SignableTransaction
from pyfabric.client.steps import Submitted
from pyfabric.gateway.connections import GatewayConnections
from pyfabric.messages.prepared import CommitStatus, CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import ProposedTransaction


class Commit(SignableTransaction[CommitStatusRequest]):
    """A request for the outcome of a submitted transaction."""

    def __init__(
        self,
        connections: GatewayConnections,
        request: CommitStatusRequest,
        endpoints: Sequence[Endpoint],
    ) -> None:
        super().__init__(request, connections.certificate)
        self._connections = connections
        self._endpoints = endpoints

    def status(self, *, timeout: float | None = None) -> CommitStatus:
        """Wait until the transaction is in a block, and return whether it is valid or why not.

        Raises CommitStatusError when the outcome is not known: the transaction may still commit.
        `timeout` is in seconds.
        """
        flow = self._connections.client.status(self._endpoints, self._request, timeout)
        return self._connections.driver.run(flow)


class SubmittedTransaction(Commit):
    """A transaction that an orderer accepted; whether it commits is not known yet.

    An orderer may lose it: `status` sends the same transaction again where its outcome stays unknown.
    """

    def __init__(self, connections: GatewayConnections, submitted: Submitted) -> None:
        super().__init__(connections, submitted.request, submitted.endpoints)
        self._submitted = submitted

    @property
    def result(self) -> bytes:
        """The chaincode's answer; it counts only when the transaction commits as valid."""
        return self._submitted.prepared.result

    def status(self, *, timeout: float | None = None) -> CommitStatus:
        """Wait until the transaction is in a block, and return whether it is valid or why not.

        Raises CommitStatusError when the outcome is not known: the transaction may still commit.
        `timeout` is in seconds.
        """
        flow = self._connections.client.outcome(self._submitted, timeout)
        return self._connections.driver.run(flow)


class Transaction(SignableTransaction[PreparedTransaction]):
    """An endorsed transaction that is not submitted yet."""

    def __init__(
        self,
        connections: GatewayConnections,
        prepared: PreparedTransaction,
        endpoints: Sequence[Endpoint],
    ) -> None:
        super().__init__(prepared, connections.certificate)
        self._connections = connections
        self._endpoints = endpoints

    @property
    def result(self) -> bytes:
        """The chaincode's answer; it counts only when the transaction commits as valid."""
        return self._request.result

    def submit(self, *, timeout: float | None = None) -> SubmittedTransaction:
        """Send the transaction to the orderers: then it is ordered, not committed. Raises SubmitError."""
        flow = self._connections.client.submit(self._endpoints, self._request, timeout)
        return SubmittedTransaction(self._connections, self._connections.driver.run(flow))


class Proposal(SignableTransaction[ProposedTransaction]):
    """A call of a chaincode that is not sent yet."""

    def __init__(self, connections: GatewayConnections, proposed: ProposedTransaction) -> None:
        super().__init__(proposed, connections.certificate)
        self._connections = connections

    def evaluate(self, *, timeout: float | None = None) -> bytes:
        """Return the chaincode's answer on one peer, without a transaction. Raises GatewayError."""
        return self._connections.driver.run(
            self._connections.client.evaluate(self._request, timeout)
        )

    def endorse(self, *, timeout: float | None = None) -> Transaction:
        """Obtain the endorsements that its policy requires. Raises EndorseError."""
        flow = self._connections.client.endorse(self._request, timeout)
        endorsed = self._connections.driver.run(flow)
        return Transaction(self._connections, endorsed.value, endorsed.endpoints)
