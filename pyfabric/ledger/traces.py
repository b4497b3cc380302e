"""What each node did with a transaction, for the developer who asks why. Fabric keeps no such record.

Only the newest transactions are remembered, in memory: what stands in a block can be read from there.
"""

from collections import OrderedDict
from dataclasses import dataclass

TRANSACTIONS = 1000
LARGEST_PAYLOAD = 20_000


@dataclass(frozen=True, slots=True)
class Step:
    """What a node did, and why if it refused.

    `payload` is what it endorsed (ProposalResponsePayload), cut if it is longer than LARGEST_PAYLOAD.
    """

    node: str
    msp_id: str
    did: str
    because: str = ""
    payload: bytes = b""


class Traces:
    """The steps of the newest transactions, shared by all nodes of a process."""

    def __init__(self) -> None:
        self._steps: OrderedDict[str, list[Step]] = OrderedDict()

    def add(self, transaction_id: str, step: Step) -> None:
        """Remember a step."""
        steps = self._steps.get(transaction_id)
        if steps is None:
            steps = self._steps[transaction_id] = []
            if len(self._steps) > TRANSACTIONS:
                self._steps.popitem(last=False)
        steps.append(step)

    def of(self, transaction_id: str) -> tuple[Step, ...]:
        """The steps of a transaction, in their order; none if it is not remembered."""
        return tuple(self._steps.get(transaction_id, ()))
