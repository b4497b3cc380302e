"""A transaction step by step: Proposal, Transaction, Commit. Each can be signed elsewhere."""

from collections.abc import Sequence

from pyfabric.client.effects import Endpoint
from pyfabric.client.requests import SignableTransaction
from pyfabric.client.steps import Submitted
from pyfabric.gateway.session import Session
from pyfabric.messages.prepared import CommitStatus, CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import ProposedTransaction


class Commit(SignableTransaction[CommitStatusRequest]):
    """Asks for the outcome of a transaction that was submitted."""

    def __init__(
        self, session: Session, request: CommitStatusRequest, endpoints: Sequence[Endpoint]
    ) -> None:
        super().__init__(request, session.certificate)
        self._session = session
        self._endpoints = endpoints

    def status(self, *, timeout: float | None = None) -> CommitStatus:
        """Wait until the transaction is in a block; an invalid one is an answer, not an error.

        Raises CommitStatusError: then the transaction may still commit.
        """
        flow = self._session.client.status(self._endpoints, self._request, timeout)
        return self._session.driver.run(flow)


class SubmittedTransaction(Commit):
    """A transaction that an orderer took: ordered, and not yet known to be committed."""

    def __init__(self, session: Session, submitted: Submitted) -> None:
        super().__init__(session, submitted.request, submitted.endpoints)
        self._submitted = submitted

    @property
    def result(self) -> bytes:
        """What the chaincode answered; it holds only if the transaction turns out valid."""
        return self._submitted.prepared.result

    def status(self, *, timeout: float | None = None) -> CommitStatus:
        """Wait until the transaction is in a block; an invalid one is an answer, not an error.

        Raises CommitStatusError: then the transaction may still commit.
        """
        return self._submitted.status or super().status(timeout=timeout)


class Transaction(SignableTransaction[PreparedTransaction]):
    """An endorsed transaction that no orderer has seen."""

    def __init__(
        self, session: Session, prepared: PreparedTransaction, endpoints: Sequence[Endpoint]
    ) -> None:
        super().__init__(prepared, session.certificate)
        self._session = session
        self._endpoints = endpoints

    @property
    def result(self) -> bytes:
        """What the chaincode answered; it holds only if the transaction is committed as valid."""
        return self._request.result

    def submit(self, *, timeout: float | None = None) -> SubmittedTransaction:
        """Send it to the orderers; afterwards it is ordered, not yet committed. Raises SubmitError."""
        flow = self._session.client.submit(self._endpoints, self._request, timeout)
        return SubmittedTransaction(self._session, self._session.driver.run(flow))


class Proposal(SignableTransaction[ProposedTransaction]):
    """A call of a chaincode that no peer has seen."""

    def __init__(self, session: Session, proposed: ProposedTransaction) -> None:
        super().__init__(proposed, session.certificate)
        self._session = session

    def evaluate(self, *, timeout: float | None = None) -> bytes:
        """What the chaincode answers on one peer; nothing is recorded. Raises GatewayError."""
        return self._session.driver.run(self._session.client.evaluate(self._request, timeout))

    def endorse(self, *, timeout: float | None = None) -> Transaction:
        """Have it endorsed by as many organisations as its policy wants. Raises EndorseError."""
        flow = self._session.client.endorse(self._request, timeout)
        endorsed = self._session.driver.run(flow)
        return Transaction(self._session, endorsed.value, endorsed.endpoints)
