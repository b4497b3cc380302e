"""The flows of a contract's methods, which both surfaces run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pyfabric.client.client import Client
from pyfabric.client.effects import Flow, placed
from pyfabric.client.retry import Retry, retrying
from pyfabric.client.steps import Submitted, committed, propose
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.transactions import submit_invocation
from pyfabric.errors import ClientError, ConfigError, ContractError
from pyfabric.messages.proposals import Invocation, ProposedTransaction
from pyfabric.messages.values import encode_value

T = TypeVar("T")


def _bytes(place: str, value: object) -> bytes:
    try:
        return encode_value(value)
    except (ContractError, ConfigError) as error:
        raise ClientError(
            f"{place} cannot be sent: a {type(value).__name__} has no form that contracts read: "
            f"{error}"
        ) from error


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
        arguments: Sequence[object] = (),
        transient: Mapping[str, object] | None = None,
        endorsing_organizations: Sequence[str] = (),
        *,
        is_init: bool = False,
    ) -> Invocation:
        """Return what a call of the contract asks of its chaincode, with values as contracts read them.

        Raises ClientError for a value that has no such form.
        """
        name = f"{self.contract}:{transaction}" if self.contract else transaction
        return Invocation(
            self.channel,
            self.chaincode,
            [
                name.encode(),
                *(_bytes(f"argument {at}", one) for at, one in enumerate(arguments, start=1)),
            ],
            {key: _bytes(f"transient {key!r}", one) for key, one in transient.items()}
            if transient
            else None,
            endorsing_organizations,
            is_init,
        )

    def propose(self, invocation: Invocation) -> Flow[ProposedTransaction]:
        """Return a new unsigned proposal."""
        return self._propose(invocation, self.client.clocks.ahead(self.channel))

    def _propose(self, invocation: Invocation, ahead: timedelta) -> Flow[ProposedTransaction]:
        return propose(self.client.endpoints, self.client.identity, invocation, ahead=ahead)

    def _evaluate(self, invocation: Invocation, timeout: float | None) -> Flow[bytes]:
        def attempt(ahead: timedelta) -> Flow[bytes]:
            proposed = yield from self._propose(invocation, ahead)
            return (yield from self.client.evaluate(proposed, timeout))

        return self.client.clocks.correcting(self.channel, attempt)

    def evaluate(
        self, invocation: Invocation, *, timeout: float | None, retry: Retry | None
    ) -> Flow[bytes]:
        """Return the chaincode's answer on one peer. Raises GatewayError."""
        return retrying(retry, lambda: self._evaluate(invocation, timeout))

    def _send(
        self, invocation: Invocation, timeouts: Timeouts, status_timeout: float | None = None
    ) -> Flow[Submitted]:
        client = self.client

        def attempt(ahead: timedelta) -> Flow[Submitted]:
            return submit_invocation(
                client.endpoints,
                client.identity,
                invocation,
                timeouts=timeouts,
                status_timeout=status_timeout,
                ahead=ahead,
            )

        return client.clocks.correcting(self.channel, attempt)

    def send(
        self, invocation: Invocation, *, timeouts: Timeouts | None, retry: Retry | None
    ) -> Flow[Submitted]:
        """Endorse and order a transaction. Raises NotSentError, EndorseError or SubmitError."""
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._placed(self._send(invocation, limits), limits))

    def _submit(self, invocation: Invocation, timeouts: Timeouts) -> Flow[bytes]:
        submitted = yield from self._send(invocation, timeouts, timeouts.commit_status)
        yield from committed(self.client.identity, submitted, timeout=timeouts.commit_status)
        return submitted.prepared.result

    def submit(
        self, invocation: Invocation, *, timeouts: Timeouts | None, retry: Retry | None
    ) -> Flow[bytes]:
        """Endorse, order and commit a transaction; return the chaincode's answer.

        Raises NotSentError, EndorseError, SubmitError, CommitStatusError or CommitError.
        """
        limits = timeouts or self.client.timeouts
        return retrying(retry, lambda: self._placed(self._submit(invocation, limits), limits))

    def _placed(self, flow: Flow[T], limits: Timeouts) -> Flow[T]:
        """Run a transaction in one place, waiting for it as long as those before it may take."""
        seconds = limits.endorse + limits.submit + limits.commit_status
        return placed(self.client.peers.watch(flow), seconds)
