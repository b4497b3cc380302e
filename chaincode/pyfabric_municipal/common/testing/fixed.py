"""A contract that knows what a test has agreed on, without the contract `city` beside it."""

from dataclasses import replace

from pyfabric.chaincode import Context
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.governance import Clock, FixedGovernance, Governance


class WithFixedGovernance(CityContract):
    """What a contract's class of a test has as its first base, before the contract: agreements that the test sets.

    The channel's clock goes with the proposals. Give the contract a `name`: else it has that of the test's class.
    """

    def __init__(self, governance: FixedGovernance) -> None:
        self.governance = governance

    def governance_of(self, ctx: Context) -> Governance:
        """Return the test's governance, with the clock at the proposal's time."""
        seconds = int(ctx.stub.timestamp.timestamp())
        return replace(self.governance, now=Clock(begun=seconds, proposal=seconds))
