"""The flows of a contract's methods, which both surfaces run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyfabric.client.client import Client
from pyfabric.client.effects import Flow
from pyfabric.client.retry import Retry, retrying
from pyfabric.client.steps import Submitted, committed, propose
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.transactions import submit_invocation
from pyfabric.messages.proposals import Invocation, ProposedTransaction


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ContractFlows:
    """The flows of one contract of a chaincode in a channel."""

    client: Client
    channel: str
    chaincode: str
    contract: str | None

    def invocation(
        self,
        transaction: str,
        arguments: Sequence[str | bytes] = (),
        transient: Mapping[str, str | bytes] | None = None,
        endorsing_organizations: Sequence[str] = (),
    ) -> Invocation:
        """Return what a call of the contract asks of its chaincode; text becomes UTF-8."""
        name = f"{self.contract}:{transaction}" if self.contract else transaction
        return Invocation(
            self.channel,
            self.chaincode,
            [name.encode(), *map(_bytes, arguments)],
            {key: _bytes(value) for key, value in transient.items()} if transient else None,
            endorsing_organizations,
        )

    def propose(self, invocation: Invocation) -> Flow[ProposedTransaction]:
        """Return a new unsigned proposal."""
        return propose(self.client.endpoints, self.client.identity, invocation)

    def _evaluate(self, invocation: Invocation, timeout: float | None) -> Flow[bytes]:
        proposed = yield from self.propose(invocation)
        return (yield from self.client.evaluate(proposed, timeout))

    def evaluate(
        self, invocation: Invocation, *, timeout: float | None, retry: Retry | None
    ) -> Flow[bytes]:
        """Return the chaincode's answer on one peer. Raises GatewayError."""
        return retrying(retry, lambda: self._evaluate(invocation, timeout))

    def _send(self, invocation: Invocation, timeouts: Timeouts) -> Flow[Submitted]:
        client = self.client
        return submit_invocation(client.endpoints, client.identity, invocation, timeouts=timeouts)

    def send(
        self, invocation: Invocation, *, timeouts: Timeouts | None, retry: Retry | None
    ) -> Flow[Submitted]:
        """Endorse and order a transaction. Raises EndorseError or SubmitError."""
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._send(invocation, limits))

    def _submit(self, invocation: Invocation, timeouts: Timeouts) -> Flow[bytes]:
        submitted = yield from self._send(invocation, timeouts)
        yield from committed(self.client.identity, submitted, timeout=timeouts.commit_status)
        return submitted.prepared.result

    def submit(
        self, invocation: Invocation, *, timeouts: Timeouts | None, retry: Retry | None
    ) -> Flow[bytes]:
        """Endorse, order and commit a transaction; return the chaincode's answer.

        Raises EndorseError, SubmitError, CommitStatusError or CommitError.
        """
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._submit(invocation, limits))
