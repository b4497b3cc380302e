"""A contract's calls as flows: the one body behind both surfaces' Contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyfabric.client.client import Client
from pyfabric.client.effects import Flow
from pyfabric.client.retry import Retry, retrying
from pyfabric.client.steps import Submitted, committed, propose
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.transactions import submit_invocation
from pyfabric.messages.proposals import Invocation, ProposedTransaction


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction's name, arguments and options as a user gives them."""

    name: str
    arguments: Sequence[str | bytes] = ()
    transient: Mapping[str, str | bytes] | None = None
    endorsing_organizations: Sequence[str] = ()


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ContractFlows:
    """The flows of one contract of a chaincode in a channel."""

    client: Client
    channel: str
    chaincode: str
    contract: str | None

    def _invocation(self, call: Call) -> Invocation:
        name = f"{self.contract}:{call.name}" if self.contract else call.name
        transient = call.transient
        return Invocation(
            self.channel,
            self.chaincode,
            [name.encode(), *map(_bytes, call.arguments)],
            {key: _bytes(value) for key, value in transient.items()} if transient else None,
            call.endorsing_organizations,
        )

    def propose(self, call: Call) -> Flow[ProposedTransaction]:
        """A new unsigned proposal."""
        client = self.client
        return propose(client.endpoints, client.identity, self._invocation(call))

    def _evaluate(self, call: Call, timeout: float | None) -> Flow[bytes]:
        proposed = yield from self.propose(call)
        return (yield from self.client.evaluate(proposed, timeout))

    def evaluate(self, call: Call, *, timeout: float | None, retry: Retry | None) -> Flow[bytes]:
        """What the chaincode answers on one peer. Raises GatewayError."""
        return retrying(retry, lambda: self._evaluate(call, timeout))

    def _send(self, call: Call, timeouts: Timeouts) -> Flow[Submitted]:
        client = self.client
        return submit_invocation(
            client.endpoints, client.identity, self._invocation(call), timeouts=timeouts
        )

    def send(
        self, call: Call, *, timeouts: Timeouts | None, retry: Retry | None
    ) -> Flow[Submitted]:
        """Have the transaction endorsed and ordered. Raises EndorseError or SubmitError."""
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._send(call, limits))

    def _submit(self, call: Call, timeouts: Timeouts) -> Flow[bytes]:
        submitted = yield from self._send(call, timeouts)
        yield from committed(self.client.identity, submitted, timeout=timeouts.commit_status)
        return submitted.prepared.result

    def submit(self, call: Call, *, timeouts: Timeouts | None, retry: Retry | None) -> Flow[bytes]:
        """Have the transaction endorsed, ordered and committed; what the chaincode answered.

        Raises EndorseError, SubmitError, CommitStatusError or CommitError.
        """
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._submit(call, limits))
