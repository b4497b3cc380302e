"""A contract of a chaincode in a channel, to be called."""

from collections.abc import Mapping, Sequence

from pyfabric.aio.session import Session
from pyfabric.aio.transactions import Proposal, SubmittedTransaction
from pyfabric.client.contract_flows import Call, ContractFlows
from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import Timeouts


class Contract:
    """Functions of a contract.

    Arguments are bytes, or text that is sent as UTF-8. `transient` is given to the chaincode and
    recorded nowhere. `endorsing_organizations` (MSP ids) overrides the peer's own choice.
    """

    def __init__(
        self, session: Session, channel: str, chaincode: str, name: str | None = None
    ) -> None:
        self._session = session
        self._flows = ContractFlows(session.client, channel, chaincode, name)

    @property
    def chaincode(self) -> str:
        """The chaincode's name."""
        return self._flows.chaincode

    @property
    def name(self) -> str | None:
        """The contract's name within its chaincode; None means the default one."""
        return self._flows.contract

    async def evaluate(
        self,
        transaction: str,
        *arguments: str | bytes,
        transient: Mapping[str, str | bytes] | None = None,
        endorsing_organizations: Sequence[str] = (),
        timeout: float | None = None,
        retry: Retry | None = None,
    ) -> bytes:
        """What the chaincode answers on one peer; nothing is recorded. Raises GatewayError."""
        call = Call(transaction, arguments, transient, endorsing_organizations)
        return await self._session.driver.run(
            self._flows.evaluate(call, timeout=timeout, retry=retry)
        )

    async def submit(
        self,
        transaction: str,
        *arguments: str | bytes,
        transient: Mapping[str, str | bytes] | None = None,
        endorsing_organizations: Sequence[str] = (),
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
    ) -> bytes:
        """What the chaincode answered; the transaction is committed and its writes are readable.

        Raises EndorseError, SubmitError, CommitStatusError, or CommitError when it is invalid.
        """
        call = Call(transaction, arguments, transient, endorsing_organizations)
        return await self._session.driver.run(
            self._flows.submit(call, timeouts=timeouts, retry=retry)
        )

    async def submit_async(
        self,
        transaction: str,
        *arguments: str | bytes,
        transient: Mapping[str, str | bytes] | None = None,
        endorsing_organizations: Sequence[str] = (),
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
    ) -> SubmittedTransaction:
        """The transaction, endorsed and ordered; its `status` waits for the commit.

        Raises EndorseError or SubmitError.
        """
        call = Call(transaction, arguments, transient, endorsing_organizations)
        flow = self._flows.send(call, timeouts=timeouts, retry=retry)
        return SubmittedTransaction(self._session, await self._session.driver.run(flow))

    async def new_proposal(
        self,
        transaction: str,
        *arguments: str | bytes,
        transient: Mapping[str, str | bytes] | None = None,
        endorsing_organizations: Sequence[str] = (),
    ) -> Proposal:
        """A proposal that is not sent yet: to be signed elsewhere, or taken step by step."""
        call = Call(transaction, arguments, transient, endorsing_organizations)
        return Proposal(self._session, await self._session.driver.run(self._flows.propose(call)))
