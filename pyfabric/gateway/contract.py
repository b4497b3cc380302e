# Made from pyfabric/aio/contract.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""A contract of a chaincode on a channel."""

from collections.abc import Mapping, Sequence

from pyfabric.client.contract_flows import ContractFlows
from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import Timeouts
from pyfabric.gateway.connections import GatewayConnections
from pyfabric.gateway.transactions import Proposal, SubmittedTransaction


class Contract:
    """The transactions of one contract; `Network.contract` gives it.

    Arguments are values as contracts take them, as on the test ledger: text, bytes, numbers, truth
    values, dates and enumerations as plain text, None as nothing; dataclasses, models, lists and dicts
    as JSON; a value without such a form raises ClientError. `transient` reaches the chaincode and is not
    recorded; its values are written likewise. `endorsing_organizations` (MSP ids) replaces the peer's own choice. `is_init` marks
    the first call of a chaincode that is defined with init_required. Timeouts are in seconds; without them the
    gateway's hold. A `retry` sends a new transaction for each attempt.
    """

    def __init__(
        self, connections: GatewayConnections, channel: str, chaincode: str, name: str | None = None
    ) -> None:
        self._connections = connections
        self._flows = ContractFlows(connections.client, channel, chaincode, name)

    @property
    def chaincode(self) -> str:
        """The chaincode's name."""
        return self._flows.chaincode

    @property
    def name(self) -> str | None:
        """The contract's name within its chaincode; None for the default contract."""
        return self._flows.contract

    def evaluate(
        self,
        transaction: str,
        *arguments: object,
        transient: Mapping[str, object] | None = None,
        endorsing_organizations: Sequence[str] = (),
        timeout: float | None = None,
        retry: Retry | None = None,
    ) -> bytes:
        """Return the chaincode's answer on one peer, without a transaction. Raises GatewayError."""
        call = self._flows.invocation(transaction, arguments, transient, endorsing_organizations)
        return self._connections.driver.run(
            self._flows.evaluate(call, timeout=timeout, retry=retry)
        )

    def submit(
        self,
        transaction: str,
        *arguments: object,
        transient: Mapping[str, object] | None = None,
        endorsing_organizations: Sequence[str] = (),
        is_init: bool = False,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
    ) -> bytes:
        """Submit a transaction, wait until it is committed, and return the chaincode's answer.

        Raises EndorseError or SubmitError when nothing was ordered, CommitError when the transaction
        is invalid, and CommitStatusError when its outcome is not known: it may still commit.
        """
        call = self._flows.invocation(
            transaction, arguments, transient, endorsing_organizations, is_init=is_init
        )
        flow = self._flows.submit(call, timeouts=timeouts, retry=retry)
        return self._connections.driver.run(flow)

    def submit_async(
        self,
        transaction: str,
        *arguments: object,
        transient: Mapping[str, object] | None = None,
        endorsing_organizations: Sequence[str] = (),
        is_init: bool = False,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
    ) -> SubmittedTransaction:
        """Submit a transaction and return once it is ordered; its `status` waits for the commit.

        Raises EndorseError or SubmitError.
        """
        call = self._flows.invocation(
            transaction, arguments, transient, endorsing_organizations, is_init=is_init
        )
        flow = self._flows.send(call, timeouts=timeouts, retry=retry)
        return SubmittedTransaction(self._connections, self._connections.driver.run(flow))

    def new_proposal(
        self,
        transaction: str,
        *arguments: object,
        transient: Mapping[str, object] | None = None,
        endorsing_organizations: Sequence[str] = (),
        is_init: bool = False,
    ) -> Proposal:
        """Return a proposal that is not sent: to be signed elsewhere, or taken step by step."""
        call = self._flows.invocation(
            transaction, arguments, transient, endorsing_organizations, is_init=is_init
        )
        proposed = self._connections.driver.run(self._flows.propose(call))
        return Proposal(self._connections, proposed)
